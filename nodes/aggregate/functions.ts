import { type ExactSum, rounded, squaredDistances } from './exact-sum.ts'
import { nameOf } from './function-rows.ts'
import type { Distinct, Held, WindowPart } from './parts.ts'
import * as parts from './parts.ts'
import { percentile, type Spread } from './percentiles.ts'
import type { AggregateSettings, FunctionName } from './settings.ts'

/** What a function gives: a number, a text, or null where there is none; several by their names. */
export type Result = number | string | null | Readonly<Record<string, number>>

/** A function of the values of one field in a window. */
interface Kind {
  readonly parts: (parameter: string) => readonly WindowPart[]
  /** From the states of the parts, in their order. */
  readonly result: (states: readonly unknown[], parameter: string) => Result
}

const DEVIATION = [parts.numbers, parts.sum, parts.squares] as readonly WindowPart[]

const KINDS: Readonly<Record<FunctionName, Kind>> = {
  avg: {
    parts: () => [parts.numbers as WindowPart, parts.sum as WindowPart],
    result: ([n, sum]) => (n === 0 ? null : finite(rounded(sum as ExactSum) / (n as number)))
  },
  min: { parts: () => [parts.min], result: ([least]) => least as number },
  max: { parts: () => [parts.max], result: ([most]) => most as number },
  sum: {
    parts: () => [parts.sum as WindowPart],
    result: ([sum]) => ((sum as number[]).length === 0 ? null : rounded(sum as number[]))
  },
  count: {
    parts: () => [parts.count as WindowPart],
    result: ([count]) => count as number
  },
  first: {
    parts: () => [parts.first as WindowPart],
    result: ([found]) => pickedOf(found)
  },
  last: {
    parts: () => [parts.last as WindowPart],
    result: ([found]) => pickedOf(found)
  },
  range: {
    parts: () => [parts.min, parts.max],
    result: ([least, most]) => (least === null ? null : (most as number) - (least as number))
  },
  stddev: {
    parts: () => DEVIATION,
    result: states => deviationOf(states, 1)
  },
  stddev_pop: {
    parts: () => DEVIATION,
    result: states => deviationOf(states, 0)
  },
  percentile: {
    parts: () => [parts.spread as WindowPart],
    result: ([state], percent) => finite(percentile(state as Spread, Number(percent) / 100))
  },
  time_avg: {
    parts: () => [parts.held as WindowPart],
    result: ([state]) => {
      const { area, ms } = state as Held
      return ms === 0 ? null : finite(rounded(area) / ms)
    }
  },
  increase: {
    parts: limit => [parts.increase(limit === '' ? undefined : Number(limit)) as WindowPart],
    result: ([risen]) => (risen === null ? null : rounded(risen as number[]))
  },
  seconds: {
    parts: () => [parts.states as WindowPart],
    result: ([state], chosen) => secondsIn(state as Record<string, number>, chosen)
  },
  distinct: {
    parts: () => [parts.distinct as WindowPart],
    result: ([state]) => {
      const { n } = state as Distinct
      return n > parts.MAX_DISTINCT ? null : n
    }
  }
}

const finite = (number: number) => (Number.isFinite(number) ? number : null)
const pickedOf = (found: unknown) => (found === null ? null : (found as [number, number])[1])

/** @param lost 1 for a sample, of which one degree of freedom is lost; 0 for a population */
function deviationOf(states: readonly unknown[], lost: 0 | 1): number | null {
  const [n, sum, squares] = states as readonly [number, ExactSum, ExactSum]
  if (n <= lost) return null
  return finite(Math.sqrt(squaredDistances(n, sum, squares) / (n - lost)))
}

function secondsIn(state: Readonly<Record<string, number>>, chosen: string): Result {
  if (chosen !== '') return (Object.hasOwn(state, chosen.trim()) ? state[chosen.trim()]! : 0) / 1000
  return Object.fromEntries(Object.entries(state).map(([name, ms]) => [name, ms / 1000]))
}

/** JSON has no -0, so a state that was stored would give another result. */
const unsigned = (result: Result) => (typeof result === 'number' ? result + 0 : result)

/** A part and the field whose values it takes, by its place among the fields. */
export interface FieldPart {
  readonly part: WindowPart
  readonly field: number
}

/** A row of the dialog, ready. */
export interface ResultColumn {
  /** The name of the result; of several the beginning of their names. */
  readonly name: string
  result(states: readonly unknown[]): Result
}

/** All functions of a node. */
export interface Functions {
  readonly fields: readonly string[]
  readonly parts: readonly FieldPart[]
  readonly columns: readonly ResultColumn[]
  /** One of them needs the records in the order of their times. */
  readonly ordered: boolean
}

/** Reads the rows; each part is kept once, however many functions need it. */
export function functionsOf({ functions, valueField }: AggregateSettings): Functions {
  const fields = [...new Set(functions.map(({ field }) => field || valueField))]
  const found: FieldPart[] = []
  const columns = functions.map(row => {
    const kind = KINDS[row.function]
    const field = fields.indexOf(row.field || valueField)
    const places = kind.parts(row.parameter).map(part => placeOf(found, part, field))
    return {
      name: nameOf(row, valueField),
      result: (states: readonly unknown[]) =>
        unsigned(
          kind.result(
            places.map(place => states[place]),
            row.parameter
          )
        )
    }
  })
  return { fields, parts: found, columns, ordered: found.some(({ part }) => part.ordered) }
}

function placeOf(found: FieldPart[], part: WindowPart, field: number): number {
  const place = found.findIndex(known => known.part.name === part.name && known.field === field)
  return place >= 0 ? place : found.push({ part, field }) - 1
}
