import type { Turn } from '../../core/state/types.ts'
import { AFTER_MS, insert, type JoinState, kept, type OpenRecord, other, setDue } from './held.ts'
import type { Joining, Method } from './method.ts'
import { full } from './settings.ts'

const NONE = -1
const FAR = Number.POSITIVE_INFINITY

interface Pair {
  /** Places in the lists of the two inputs. */
  readonly first: number
  readonly second: number
  /** When no record can come any more that is nearer to either. */
  readonly certainMs: number
}

/**
 * Each record with the one of the other input that is nearest in time, one to one: of all pairs
 * that are near enough the nearest is taken, then the nearest of the rest, and so on; of two that
 * are as near the earlier. Two records that are the nearest of each other can be taken before the
 * others, and as soon as nothing nearer can come. So the order of arrival decides nothing, and
 * those of one time leave at once.
 */
export function nearestPair(joining: Joining): Method {
  const { withinMs, maxOpen, results } = joining
  return {
    take({ i }, input, record, timeMs, turn) {
      if (i[0].length + i[1].length >= maxOpen) {
        turn.reject(full(maxOpen))
        return
      }
      insert(i[input], { t: timeMs, r: kept(record) })
      turn.absorb()
    },
    late({ i }, input, record, timeMs, turn) {
      const list = i[other(input)]
      const [at = NONE] = nearestIn([{ t: timeMs, r: record }], list, withinMs)
      if (at === NONE) return false
      const [found] = list.splice(at, 1)
      const late = kept(record)
      turn.emit(0, input === 0 ? results.of(late, found!.r) : results.of(found!.r, late))
      return true
    },
    settle(state, clockMs, turn) {
      const [first, second] = state.i
      if (first.length === 0 || second.length === 0) {
        setDue(state, leaveFirst(joining, state, clockMs, turn))
        return
      }
      const pairsMs = takePairs(joining, state, clockMs, turn)
      setDue(state, Math.min(pairsMs, leaveLonely(joining, state, clockMs, turn)))
    }
  }
}

/** Sends the pairs that are certain. Gives when the next one will be. */
function takePairs(
  { withinMs, results }: Joining,
  state: JoinState,
  clockMs: number,
  turn: Turn
): number {
  const [first, second] = state.i
  for (;;) {
    const pairs = mutual(state, withinMs)
    const certain = pairs.filter(({ certainMs }) => certainMs <= clockMs)
    if (certain.length === 0)
      return pairs.reduce((ms, { certainMs }) => Math.min(ms, certainMs), FAR)
    for (const pair of certain)
      turn.emit(0, results.of(first[pair.first]!.r, second[pair.second]!.r))
    remove(first, new Set(certain.map(pair => pair.first)))
    remove(second, new Set(certain.map(pair => pair.second)))
  }
}

/** The same as `leaveLonely` where there are records of one input only: the oldest leave first. */
function leaveFirst(
  { withinMs, alone }: Joining,
  { i }: JoinState,
  clockMs: number,
  turn: Turn
): number {
  const input = i[0].length > 0 ? 0 : 1
  const list = i[input]
  let gone = 0
  while (gone < list.length && list[gone]!.t + withinMs + AFTER_MS <= clockMs) gone++
  if (gone > 0) for (const { r } of list.splice(0, gone)) alone(input, r, turn)
  return list.length > 0 ? list[0]!.t + withinMs + AFTER_MS : FAR
}

/** Lets go what nothing is near enough to, once nothing can come. Gives when the next will be. */
function leaveLonely(
  { withinMs, alone }: Joining,
  state: JoinState,
  clockMs: number,
  turn: Turn
): number {
  const [first, second] = state.i
  const found = [nearestIn(first, second, withinMs), nearestIn(second, first, withinMs)]
  let nextMs = FAR
  for (const input of [0, 1] as const) {
    const gone = new Set<number>()
    for (const [at, held] of state.i[input].entries()) {
      if (found[input]![at] !== NONE) continue
      const endMs = held.t + withinMs + AFTER_MS
      if (endMs > clockMs) nextMs = Math.min(nextMs, endMs)
      else {
        gone.add(at)
        alone(input, held.r, turn)
      }
    }
    remove(state.i[input], gone)
  }
  return nextMs
}

/** Pairs of which each is the nearest of the other. */
function mutual({ i: [first, second] }: JoinState, withinMs: number): Pair[] {
  if (first.length === 0 || second.length === 0) return []
  const ofFirst = nearestIn(first, second, withinMs)
  const ofSecond = nearestIn(second, first, withinMs)
  const pairs: Pair[] = []
  for (const [at, found] of ofFirst.entries()) {
    if (found === NONE || ofSecond[found] !== at) continue
    const [one, two] = [first[at]!.t, second[found]!.t]
    const apartMs = Math.abs(one - two)
    const certainMs = apartMs === 0 ? Number.NEGATIVE_INFINITY : Math.max(one, two) + apartMs
    pairs.push({ first: at, second: found, certainMs })
  }
  return pairs
}

/** For each the place of the nearest of the others; of two that are as near, the earlier. */
function nearestIn(
  list: readonly OpenRecord[],
  others: readonly OpenRecord[],
  withinMs: number
): number[] {
  const found: number[] = []
  let after = 0
  for (const { t } of list) {
    while (after < others.length && others[after]!.t <= t) after++
    let at = after - 1
    while (at > 0 && others[at - 1]!.t === others[at]!.t) at--
    const beforeMs = at < 0 ? FAR : t - others[at]!.t
    const afterMs = after < others.length ? others[after]!.t - t : FAR
    if (Math.min(beforeMs, afterMs) > withinMs) found.push(NONE)
    else found.push(beforeMs <= afterMs ? at : after)
  }
  return found
}

function remove(list: OpenRecord[], places: ReadonlySet<number>): void {
  if (places.size === 0) return
  let to = 0
  for (const [at, held] of list.entries()) if (!places.has(at)) list[to++] = held
  list.length = to
}
