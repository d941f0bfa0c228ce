import { addSquareTo, addTo, type ExactSum } from './exact-sum.ts'
import { addToSpread, type Spread } from './percentiles.ts'

/** A value with its time. */
export interface HeldSample {
  readonly timeMs: number
  readonly value: number | string
}

/** What a window adds up of one field. It is stored, so it is what JSON can hold. */
export interface WindowPart<State = unknown> {
  /** Parts of the same name and field are kept once, however many functions need them. */
  readonly name: string
  /** Takes any value with a text; the others take numbers only. */
  readonly takesAny?: true
  /** It needs the records of a key in the order of their times. */
  readonly ordered?: true
  begin(): State
  /** @param before the sample before, of whatever window; only for parts that are ordered */
  add(state: State, value: number | string, timeMs: number, before: HeldSample | undefined): State
  /** The sample before holds in this stretch of time; only for parts that are ordered. */
  hold?(state: State, held: HeldSample, durationMs: number): State
}

const numeric = (part: {
  name: string
  begin(): number | null
  add(state: number | null, value: number): number | null
}): WindowPart => part as WindowPart

const least = (state: number | null, value: number) =>
  state === null || value < state ? value : state
const greatest = (state: number | null, value: number) =>
  state === null || value > state ? value : state

export const count: WindowPart<number> = {
  name: 'count',
  takesAny: true,
  begin: () => 0,
  add: state => state + 1
}

/** How many of the values are numbers. */
export const numbers: WindowPart<number> = {
  name: 'numbers',
  begin: () => 0,
  add: state => state + 1
}

export const min = numeric({ name: 'min', begin: () => null, add: least })
export const max = numeric({ name: 'max', begin: () => null, add: greatest })

export const sum: WindowPart<ExactSum> = {
  name: 'sum',
  begin: () => [],
  add(state, value) {
    addTo(state, value as number)
    return state
  }
}

export const squares: WindowPart<ExactSum> = {
  name: 'squares',
  begin: () => [],
  add(state, value) {
    addSquareTo(state, value as number)
    return state
  }
}

/** Time and value; of two values of the same time the greater one counts, whichever came first. */
type Picked = [timeMs: number, value: number | string] | null

const pick = (
  name: string,
  isBetter: (timeMs: number, than: number) => boolean
): WindowPart<Picked> => ({
  name,
  takesAny: true,
  begin: () => null,
  add(state, value, timeMs) {
    if (state === null) return [timeMs, value]
    if (isBetter(timeMs, state[0]) || (timeMs === state[0] && isGreater(value, state[1]))) {
      state[0] = timeMs
      state[1] = value
    }
    return state
  }
})

const isGreater = (one: number | string, other: number | string) =>
  typeof one === typeof other ? one > other : typeof one === 'string'

export const first = pick('first', (timeMs, than) => timeMs < than)
export const last = pick('last', (timeMs, than) => timeMs > than)

export const spread: WindowPart<Spread> = {
  name: 'spread',
  begin: () => ({ values: [] }),
  add(state, value) {
    addToSpread(state, value as number)
    return state
  }
}

/** More different values are not told apart. */
export const MAX_DISTINCT = 1000
/** Longer texts count by their beginning and length. */
const MAX_TEXT = 100

/** How many different values, and which; they are forgotten once there were too many. */
export interface Distinct {
  n: number
  seen: Record<string, 1>
}

export const distinct: WindowPart<Distinct> = {
  name: 'distinct',
  takesAny: true,
  begin: () => ({ n: 0, seen: {} }),
  add(state, value) {
    if (state.n > MAX_DISTINCT) return state
    const name = shortened(typeof value === 'string' ? `s${value}` : `n${value}`)
    if (Object.hasOwn(state.seen, name)) return state
    state.seen[name] = 1
    state.n++
    if (state.n > MAX_DISTINCT) state.seen = {}
    return state
  }
}

const shortened = (text: string) =>
  text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…${text.length}`

/** Value times milliseconds, and the milliseconds in which there was a value. */
export interface Held {
  readonly area: ExactSum
  ms: number
}

export const held: WindowPart<Held> = {
  name: 'held',
  ordered: true,
  begin: () => ({ area: [], ms: 0 }),
  add: state => state,
  hold(state, { value }, durationMs) {
    addTo(state.area, (value as number) * durationMs)
    state.ms += durationMs
    return state
  }
}

/**
 * What a counter rose by. One that falls was set back: it has counted from 0 again, or from its
 * limit.
 * @param limit where the counter begins again, such as 2^32; undefined if it never does
 */
export const increase = (limit: number | undefined): WindowPart<ExactSum | null> => ({
  name: `increase ${limit ?? ''}`,
  ordered: true,
  begin: () => null,
  add(state, value, _timeMs, before) {
    if (before === undefined) return state
    const risen = state ?? []
    const now = value as number
    const was = before.value as number
    if (now >= was) {
      addTo(risen, now)
      addTo(risen, -was)
    } else {
      addTo(risen, now)
      if (limit !== undefined) {
        addTo(risen, limit)
        addTo(risen, -was)
      }
    }
    return risen
  }
})

/** States beyond these are counted together, under this name. */
export const MAX_STATES = 50
export const OTHER_STATES = 'other'

/** Milliseconds in each state. */
export const states: WindowPart<Record<string, number>> = {
  name: 'states',
  takesAny: true,
  ordered: true,
  begin: () => ({}),
  add: state => state,
  hold(state, { value }, durationMs) {
    const own = shortened(String(value))
    const isFull = !Object.hasOwn(state, own) && Object.keys(state).length >= MAX_STATES
    const name = isFull ? OTHER_STATES : own
    Object.defineProperty(state, name, {
      value: (Object.hasOwn(state, name) ? state[name]! : 0) + durationMs,
      enumerable: true,
      configurable: true,
      writable: true
    })
    return state
  }
}
