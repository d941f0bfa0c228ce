import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * All nodes, the editor and every connection share one thread: after so long it is others' turn.
 */
const SLICE_MS = 20
/** Looking at the clock takes as long as a tenth of a record. */
const LOOK_EVERY = 8

/**
 * Takes the records of a batch in their order. Where they take long, others have their turn in
 * between, and a promise is given; else all is done on return. `take` gives true if a record was
 * dear, after which the clock is looked at in any case.
 */
export function inSlices(
  records: readonly unknown[],
  take: (record: unknown) => unknown,
  sliceMs = SLICE_MS
): Promise<void> | undefined {
  const reached = slice(records, 0, take, sliceMs)
  return reached < records.length ? rest(records, reached, take, sliceMs) : undefined
}

async function rest(
  records: readonly unknown[],
  from: number,
  take: (record: unknown) => unknown,
  sliceMs: number
): Promise<void> {
  for (let at = from; at < records.length; at = slice(records, at, take, sliceMs)) await nextTurn()
}

/** Takes records until the time is over; gives the place of the first that is left. */
function slice(
  records: readonly unknown[],
  from: number,
  take: (record: unknown) => unknown,
  sliceMs: number
): number {
  const endMs = performance.now() + sliceMs
  for (let at = from; at < records.length; at++) {
    const dear = take(records[at]) === true
    if ((dear || (at & (LOOK_EVERY - 1)) === 0) && performance.now() > endMs) return at + 1
  }
  return records.length
}

/** The same for values that are made when they are asked for. */
export function eachInSlices<T>(
  values: Iterable<T>,
  take: (value: T) => unknown,
  sliceMs = SLICE_MS
): Promise<void> | undefined {
  const iterator = values[Symbol.iterator]()
  return sliceOf(iterator, take, sliceMs) ? undefined : restOf(iterator, take, sliceMs)
}

async function restOf<T>(
  iterator: Iterator<T>,
  take: (value: T) => unknown,
  sliceMs: number
): Promise<void> {
  do await nextTurn()
  while (!sliceOf(iterator, take, sliceMs))
}

/** Takes values until the time is over; true if none is left. */
function sliceOf<T>(iterator: Iterator<T>, take: (value: T) => unknown, sliceMs: number): boolean {
  const endMs = performance.now() + sliceMs
  for (let count = 1; ; count++) {
    const { done, value } = iterator.next()
    if (done) return true
    const dear = take(value as T) === true
    if ((dear || (count & (LOOK_EVERY - 1)) === 0) && performance.now() > endMs) return false
  }
}
