import { failureKind, type ServerError, sqlstateOf } from './sqlstate.ts'
import { isTableChange } from './table-check.ts'

/** What the error of a part says of its rows, and what to try instead. */

const OUT_OF_MEMORY = '53200'

/** True if fewer rows at a time will tell which of them cannot be stored. */
export function isolates(error: unknown, part: Uint32Array): boolean {
  const kind = failureKind(error)
  if (kind === 'busy') return isTimeout(error) && part.length > 1
  if (kind === 'limit') return part.length > 1 || isOfOneRow(error)
  return kind === 'poison' || kind === 'duplicate'
}

/** Of the limits, memory and temporary files are the server's, also when a single row is left. */
const isOfOneRow = (error: unknown): boolean =>
  sqlstateOf(error) !== OUT_OF_MEMORY && (error as Partial<ServerError>).file !== 'fd.c'

/** What a column of another type, one more column or an index that is gone can bring about. */
export function mayBeOfTheTable(error: unknown): boolean {
  const kind = failureKind(error)
  return kind === 'poison' || kind === 'setting'
}

/** @throws the error, unless it says no more than that a row or a setting kept these rows out */
export function passing(error: unknown): undefined {
  const kind = failureKind(error)
  if (kind === 'away' || kind === 'busy' || isTableChange(error)) throw error
}

/**
 * A statement that takes too long may pass in halves; a smaller one is tried after the usual wait.
 */
export const isTimeout = (error: unknown): boolean =>
  sqlstateOf(error) === '57014' || sqlstateOf(error) === '25P04'

/**
 * What to try instead, last one first: up to the bad row, that row, and after it; or both halves.
 */
export function partsAround(part: Uint32Array, line: number | undefined): Uint32Array[] {
  const bad = line === undefined ? -1 : line - 1
  if (bad < 0 || bad >= part.length) {
    const middle = part.length >> 1
    return [part.subarray(middle), part.subarray(0, middle)]
  }
  return [part.subarray(bad + 1), part.subarray(bad, bad + 1), part.subarray(0, bad)].filter(
    piece => piece.length > 0
  )
}
