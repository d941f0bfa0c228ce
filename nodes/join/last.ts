import { inherit, type TelemetryRecord } from '../../core/record/record.ts'
import type { Turn } from '../../core/state/types.ts'
import { AFTER_MS, insert, type JoinState, kept, type OpenRecord, setDue } from './held.ts'
import type { Joining, Method } from './method.ts'
import { full } from './settings.ts'

/**
 * Each record of the first input with the last one of the second at its time or before. A record of
 * the first waits until all of its time have come, unless nothing is waited for.
 */
export function lastOfSecond(joining: Joining): Method {
  const { withinMs, waits, maxOpen, results, alone } = joining
  const answer = (state: JoinState, record: TelemetryRecord, timeMs: number, turn: Turn) => {
    const known = lastBefore(state.i[1], timeMs)
    const fits = known !== undefined && timeMs - known.t <= withinMs
    if (fits) turn.emit(0, inherit(record, results.of(record, known.r)))
    else alone(0, record, turn)
  }
  return {
    take(state, input, record, timeMs, turn) {
      const { i } = state
      if (i[0].length + i[1].length >= maxOpen) {
        turn.reject(full(maxOpen))
        return
      }
      if (input === 0 && !waits) {
        answer(state, record, timeMs, turn)
        turn.absorb()
        return
      }
      insert(i[input], { t: timeMs, r: kept(record) })
      turn.absorb()
    },
    late(state, input, record, timeMs, turn) {
      if (input === 1) {
        insert(state.i[1], { t: timeMs, r: kept(record) })
        turn.absorb()
        return true
      }
      const known = lastBefore(state.i[1], timeMs)
      if (known === undefined || timeMs - known.t > withinMs) return false
      turn.emit(0, results.of(record, known.r))
      return true
    },
    settle(state, clockMs, turn) {
      const [first, second] = state.i
      let over = 0
      while (over < first.length && first[over]!.t + AFTER_MS <= clockMs) over++
      for (const { r, t } of first.splice(0, over)) answer(state, r, t, turn)
      forget(second, Math.min(first[0]?.t ?? clockMs, clockMs), withinMs)
      setDue(state, first.length > 0 ? first[0]!.t + AFTER_MS : Number.POSITIVE_INFINITY)
    }
  }
}

/** The last one at this time or before; of several of one time, the one that came last. */
function lastBefore(list: readonly OpenRecord[], timeMs: number): OpenRecord | undefined {
  let at = list.length
  while (at > 0 && list[at - 1]!.t > timeMs) at--
  return list[at - 1]
}

/** Of those before this time only the last may be asked for, and not when it is too old. */
function forget(list: OpenRecord[], timeMs: number, withinMs: number): void {
  let known = 0
  while (known + 1 < list.length && list[known + 1]!.t <= timeMs) known++
  if (known < list.length && list[known]!.t < timeMs - withinMs) known++
  list.splice(0, known)
}
