import { compact } from '../../core/node/status.ts'
import { OptionsError } from '../../core/options-error.ts'
import { getter } from '../../core/record/field-path.ts'
import { inherit } from '../../core/record/record.ts'
import type { Remembering } from '../../core/state/counted-engine.ts'
import { keyBy, timeBy } from '../../core/state/keyed.ts'
import type { Memory } from '../../core/state/types.ts'
import { versioned, versionOf } from '../../core/state/versioned.ts'
import { everyPair } from './every.ts'
import { isEmpty, type JoinState } from './held.ts'
import { inputsBy } from './inputs.ts'
import { lastOfSecond } from './last.ts'
import type { Joining, Method } from './method.ts'
import { nearestPair } from './nearest.ts'
import { resultsOf } from './results.ts'
import { type JoinOptions, msOf, NO_INPUT, problemsBetween } from './settings.ts'
import { spec } from './spec.ts'

const JOINED = 0
const UNMATCHED = 1

const METHODS: Readonly<Record<JoinOptions['method'], (joining: Joining) => Method>> = {
  nearest: nearestPair,
  every: everyPair,
  last: lastOfSecond
}

/**
 * What the node remembers, and how time passes for it.
 * @throws OptionsError for settings that cannot be used
 */
export function join(options: JoinOptions): Remembering<unknown> {
  const problems = problemsBetween(options)
  if (problems.length > 0) throw OptionsError.between(spec, problems)
  const late = { count: 0 }
  const { method, key, timeField, by } = options
  const memory = versioned(
    joinMemory(options, late) as Memory<unknown>,
    versionOf([method, key, timeField, by])
  )
  const [latenessMs, idleMs] = [msOf(options.lateness), msOf(options.idle)]
  return {
    memory: memory as Memory<unknown>,
    clock: {
      runs: options.runs,
      latenessMs,
      idleMs,
      aheadMs: msOf(options.ahead),
      // Where a record came from is known only when it comes, so that none may wait elsewhere.
      ordered: false
    },
    bounds: { maxKeys: options.maxKeys, maxAgeMs: msOf(options.maxAge) },
    note: () => (late.count > 0 ? `${compact(late.count)} late` : undefined),
    drawn: {
      // Of both inputs, as far as a field tells them apart.
      key: [...key.map(({ field }) => field), ...(by === 'field' ? [options.byField] : [])],
      valueIn: getter(options.valueField)
    },
    previewMs: idleMs + latenessMs + 2 * (method === 'last' ? 0 : msOf(options.within)) + 1
  }
}

function joinMemory(options: JoinOptions, late: { count: number }): Memory<JoinState> {
  const joining = joiningOf(options)
  const way = METHODS[options.method](joining)
  const inputOf = inputsBy(options)
  const left = (state: JoinState) => (isEmpty(state) ? undefined : state)
  return {
    keyOf: keyBy(options.key.map(({ field }) => field)),
    timeOf: timeBy(options.timeField),
    take(state = { i: [[], []] }, record, timeMs, turn) {
      const input = inputOf(record, turn.message)
      if (input === undefined) turn.reject(NO_INPUT)
      else if (timeMs < turn.clockMs) {
        late.count++
        // With what is still there it may be joined; it is not kept.
        if (!way.late(state, input, record, timeMs, turn)) joining.alone(input, record, turn)
        turn.absorb()
      } else way.take(state, input, record, timeMs, turn)
      way.settle(state, turn.clockMs, turn)
      return left(state)
    },
    dueMs: ({ q }) => q,
    due(state, timeMs, turn) {
      way.settle(state, Math.max(timeMs, turn.clockMs), turn)
      return left(state)
    }
  }
}

function joiningOf(options: JoinOptions): Joining {
  const { method, within, notOlder, alone } = options
  const results = resultsOf(options)
  const longestMs = method === 'last' ? notOlder : within
  return {
    withinMs: longestMs === '' ? Number.POSITIVE_INFINITY : msOf(longestMs),
    waits: msOf(options.lateness) > 0,
    maxOpen: options.maxOpen,
    results,
    alone(input, record, turn) {
      const passes = alone === 'both' || (alone === 'first' && input === 0)
      if (!passes) turn.emit(UNMATCHED, record)
      else {
        const made = input === 0 ? results.of(record, undefined) : results.of(undefined, record)
        turn.emit(JOINED, inherit(record, made))
      }
    }
  }
}
