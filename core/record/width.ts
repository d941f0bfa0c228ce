import { ParseFailure } from './parse-failure.ts'

/**
 * Fields that one record may have at any depth, unless a node is told otherwise: whatever is done
 * with a record is done in one turn of the event loop, and 10,000 fields take about 20 ms of it
 * from the bytes to the table.
 */
export const USUAL_FIELDS = 10_000
/** As many a node may be told: more would keep all others waiting for over 50 ms. */
export const MOST_FIELDS = 20_000
/** What nodes take that read no bytes: those before them may have added some fields. */
export const FIELDS_IN_FLOW = 25_000
/** So many elements of a list cost about what one field does. */
export const ELEMENTS_A_FIELD = 10

/**
 * The refusal of a record with more fields than so. Nodes that read no bytes have a limit that
 * cannot be set, and it is above the most that others may be told.
 */
export function tooWide(most: number): ParseFailure {
  const more =
    most < MOST_FIELDS
      ? 'it is to be sent as several, or "Fields of a record" to allow more'
      : 'no node takes more, so it is to be sent as several'
  return new ParseFailure(
    'RECORD_TOO_WIDE',
    `The record has more than ${most} fields at all its levels (ten elements of a list count as one): ${more}.`
  )
}
