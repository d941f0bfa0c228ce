import { ParseFailure, under } from '../record/parse-failure.ts'
import {
  PROVENANCE,
  Provenance,
  REJECTION,
  type Reason,
  type Rejection,
  type Taken,
  type TelemetryRecord
} from '../record/record.ts'
import type { Piece } from './pieces.ts'
import type { Item } from './records-at.ts'

/** Where a record comes from that stands in this place of a taken message; empty for all of it. */
export function placedAt(provenance: Provenance, place: string): Provenance {
  if (place === '') return provenance
  const { batch, index, place: outer } = provenance
  return new Provenance(batch, index, outer === undefined ? place : `${outer}.${place}`)
}

/** Has the record know where it came from. */
export function carrying<T extends object>(record: T, provenance: Provenance): T {
  ;(record as { [PROVENANCE]?: Provenance })[PROVENANCE] = provenance
  return record
}

/** The rejection of what is no record: there is nothing to show but its bytes. */
export function refusal(
  { code, message, path }: Reason,
  provenance: Provenance,
  stage: string,
  { origin, raw }: Pick<Taken, 'origin' | 'raw'> = provenance.taken
): Rejection {
  return {
    [REJECTION]: true,
    [PROVENANCE]: provenance,
    record: null,
    reason: { code, message, ...(path === undefined ? {} : { path }) },
    stage,
    origin,
    raw
  } as Rejection
}

export interface PlacedRecords {
  readonly accepted: object[]
  readonly rejected: Rejection[]
}

/**
 * What a source found in one message: the records, each knowing its place, and a rejection of each
 * that is none.
 * @param complete adds to a record what its source knows of it; gives why it is refused, if it is
 */
export function placed(
  items: readonly Item[],
  provenance: Provenance,
  stage: string,
  complete: (record: TelemetryRecord) => ParseFailure | undefined = () => undefined
): PlacedRecords {
  const found: PlacedRecords = { accepted: [], rejected: [] }
  let taken: Taken | undefined
  for (const { record, place } of items) {
    const from = placedAt(provenance, place)
    const failure = record instanceof ParseFailure ? record : completed(complete(record), place)
    if (failure === undefined) found.accepted.push(carrying(record, from))
    else {
      taken ??= provenance.taken
      found.rejected.push(refusal(failure, from, stage, taken))
    }
  }
  return found
}

export interface PlacedPiece {
  readonly split: PlacedRecords
  /** The same in new objects. */
  again(): PlacedRecords
}

/** The same of what is read some at a time. */
export function* placedPieces(
  pieces: Iterable<Piece<Item>>,
  provenance: Provenance,
  stage: string,
  complete?: (record: TelemetryRecord) => ParseFailure | undefined
): Generator<PlacedPiece> {
  for (const { values, again } of pieces)
    yield {
      split: placed(values, provenance, stage, complete),
      again: () => placed(again(), provenance, stage, complete)
    }
}

const completed = (failure: ParseFailure | undefined, place: string) =>
  failure === undefined || place === '' ? failure : under(failure, place)
