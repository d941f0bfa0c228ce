import type { OpenDelivery } from './token.ts'
import type { Confirmed, Settlement } from './types.ts'

/**
 * Adds what a sink did to the deliveries its message came from. A message made from several (join,
 * batch) does not say which record came from which: they are filled in order, each up to its
 * records, and what is left over (a fan-out to two sinks confirms every record twice) goes to the
 * last, where `outcome` clamps it.
 */
export function allot(
  deliveries: readonly OpenDelivery[],
  { stored = 0, rejected = 0, duplicates = 0 }: Confirmed
): void {
  let left: Counts = { rejected, stored, duplicates }
  const last = deliveries.at(-1)
  for (const delivery of deliveries) {
    const room = Math.max(
      0,
      delivery.options.records - delivery.rejected - delivery.stored - delivery.duplicates
    )
    const part = delivery === last ? left : clamped(left, room)
    add(delivery, part)
    left = {
      rejected: left.rejected - part.rejected,
      stored: left.stored - part.stored,
      duplicates: left.duplicates - part.duplicates
    }
  }
}

function add(delivery: OpenDelivery, { rejected, stored, duplicates }: Counts): void {
  delivery.rejected += rejected
  delivery.stored += stored
  delivery.duplicates += duplicates
}

/** What became of the records: adds up to `records`, whatever was confirmed twice or not at all. */
export function outcome(delivery: OpenDelivery): Settlement & { kind: 'acknowledge' } {
  const { records } = delivery.options
  const counted = clamped(delivery, records)
  return {
    kind: 'acknowledge',
    ...counted,
    filtered: records - counted.rejected - counted.stored - counted.duplicates
  }
}

interface Counts {
  readonly rejected: number
  readonly stored: number
  readonly duplicates: number
}

/** Rejected first: a record that one branch stored and another rejected needs a look. */
function clamped(counts: Counts, room: number): Counts {
  const rejected = Math.min(counts.rejected, room)
  const stored = Math.min(counts.stored, room - rejected)
  return { rejected, stored, duplicates: Math.min(counts.duplicates, room - rejected - stored) }
}
