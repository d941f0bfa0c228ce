import {
  AFTER_MS,
  insert,
  type JoinState,
  kept,
  type OpenRecord,
  other,
  type Side,
  setDue
} from './held.ts'
import type { Joining, Method } from './method.ts'
import { full } from './settings.ts'

/** Every pair of records that are near enough, each as soon as both are there. */
export function everyPair({ withinMs, maxOpen, results, alone }: Joining): Method {
  const fitting = ({ i }: JoinState, input: Side, timeMs: number): OpenRecord[] =>
    i[other(input)].filter(({ t }) => Math.abs(t - timeMs) <= withinMs)
  return {
    take(state, input, record, timeMs, turn) {
      const { i } = state
      if (i[0].length + i[1].length >= maxOpen) {
        turn.reject(full(maxOpen))
        return
      }
      const held: OpenRecord = { t: timeMs, r: kept(record) }
      for (const found of fitting(state, input, timeMs)) {
        found.p = held.p = 1
        turn.emit(0, input === 0 ? results.of(held.r, found.r) : results.of(found.r, held.r))
      }
      insert(i[input], held)
      turn.absorb()
    },
    late(state, input, record, timeMs, turn) {
      const found = fitting(state, input, timeMs)
      const late = kept(record)
      for (const each of found) {
        each.p = 1
        turn.emit(0, input === 0 ? results.of(late, each.r) : results.of(each.r, late))
      }
      return found.length > 0
    },
    settle(state, clockMs, turn) {
      let nextMs = Number.POSITIVE_INFINITY
      for (const input of [0, 1] as const) {
        const list = state.i[input]
        let over = 0
        while (over < list.length && endOf(list[over]!) <= clockMs) over++
        for (const { r, p } of list.splice(0, over)) if (p !== 1) alone(input, r, turn)
        if (list.length > 0) nextMs = Math.min(nextMs, endOf(list[0]!))
      }
      setDue(state, nextMs)
    }
  }

  /** Nothing that comes after this can be near enough. */
  function endOf({ t }: OpenRecord): number {
    return t + withinMs + AFTER_MS
  }
}
