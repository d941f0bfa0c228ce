import type { Problem } from '../../core/options-error.ts'
import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { jsonText } from '../../core/record/json-write.ts'
import { numberIn, numberWithComma } from '../../core/record/number-text.ts'
import type { Settings } from './settings.ts'
import { FieldProblem } from './sources.ts'
import { plus, scaledBy, unitConverter } from './units.ts'

type Row = Settings['values'][number]
type Action = Row['action']

/** The new value, or undefined where the old one cannot be taken. */
type Step = (value: unknown) => unknown

/** Everything that is done with the values of one metric. */
export interface Treatment {
  /** Its name was written out, so that texts and booleans of this name are meant as well. */
  readonly named: boolean
  apply(value: unknown): unknown
}

/**
 * What is wrong with the rows, in words. Asked at the start only, since the units would make the
 * dialog heavy.
 */
export const valueProblems = ({ values }: Pick<Settings, 'values'>): Problem[] =>
  values.flatMap((row, index) => {
    const step = stepOf(row)
    return typeof step === 'string' ? [['values', `row ${index + 1}: ${step}`] as const] : []
  })

/**
 * More names than these are not remembered, since a device may send a new one with every message.
 */
const MAX_NAMES = 10_000

/** Makes what finds the treatment of a metric; undefined if nothing is to be done with any. */
export function treatments(
  rows: readonly Row[]
): ((metric: string) => Treatment | undefined) | undefined {
  if (rows.length === 0) return undefined
  const rules = rows.map(row => ({
    row,
    matches: matcherOf(row.metric),
    step: stepOf(row) as Step
  }))
  const known = new Map<string, Treatment | undefined>()
  return metric => {
    if (known.has(metric)) return known.get(metric)
    if (known.size >= MAX_NAMES) known.clear()
    const mine = rules.filter(({ matches }) => matches(metric))
    const treatment = mine.length === 0 ? undefined : treatmentOf(metric, mine)
    known.set(metric, treatment)
    return treatment
  }
}

function treatmentOf(
  metric: string,
  rules: readonly { readonly row: Row; readonly step: Step }[]
): Treatment {
  return {
    named: rules.some(({ row }) => !row.metric.includes('*')),
    apply(given) {
      let value = given
      for (const { row, step } of rules) {
        // "all" means all numbers where numbers are calculated with; one of more digits than can be
        // calculated with is refused, or it would stay in the unit that the others have left.
        if (row.metric.includes('*') && CALCULATES.has(row.action) && numeric(value) === undefined)
          continue
        const next = step(value)
        if (next === undefined || (typeof next === 'number' && !Number.isFinite(next)))
          return problem(metric, value, row)
        value = next
      }
      return value
    }
  }
}

const CALCULATES: ReadonlySet<Action> = new Set(['scale', 'offset', 'unit', 'round', 'clamp'])

function problem(metric: string, value: unknown, { action }: Row): FieldProblem {
  const shown = (jsonText(value) ?? '').slice(0, 80)
  if (action === 'words')
    return new FieldProblem(
      'WORD_UNKNOWN',
      `${metric} is ${shown}, which is none of the words.`,
      metric
    )
  return new FieldProblem(
    'NOT_A_NUMBER',
    `${metric} is ${shown}, which is not a number that can be held.`,
    metric
  )
}

/** `*` stands for any characters, once. */
function matcherOf(pattern: string): (metric: string) => boolean {
  const star = pattern.indexOf('*')
  if (star < 0) return metric => metric === pattern
  const [before, behind] = [pattern.slice(0, star), pattern.slice(star + 1)]
  return metric =>
    metric.length >= before.length + behind.length &&
    metric.startsWith(before) &&
    metric.endsWith(behind)
}

const WORDS =
  'on=1, off=0, true=1, false=0, yes=1, no=0, open=1, closed=0, close=0, online=1, offline=0'

/** The step of a row, or what is wrong with it in words. */
export function stepOf({ action, by }: Row): Step | string {
  const number = numberIn(by)
  switch (action) {
    case 'number':
      return value => (typeof value === 'string' ? numberIn(value) : numeric(value))
    case 'decimal-comma':
      return value => (typeof value === 'string' ? numberWithComma(value) : numeric(value))
    case 'words':
      return wordsStep(by.trim() === '' ? WORDS : by)
    case 'scale':
      return number === undefined || number === 0
        ? `"${by}" is no factor such as 0.1`
        : calculated(scaledBy(number))
    case 'offset':
      return number === undefined ? `"${by}" is no number such as -40` : calculated(plus(number))
    case 'round':
      return number === undefined || !Number.isInteger(number) || number < 0 || number > 15
        ? `"${by}" is no number of places from 0 to 15`
        : calculated(value => rounded(value, number))
    case 'clamp':
      return clampStep(by)
    default:
      return unitStep(by)
  }
}

const numeric = (value: unknown) =>
  typeof value === 'number' || isExactNumber(value) ? value : undefined

const calculated =
  (calculate: (value: number) => number): Step =>
  value =>
    typeof value === 'number' ? calculate(value) : undefined

/**
 * Number reads "1.005e2" exactly, where a multiplication by 100 gives 100.49999999999999. Halves
 * are rounded away from zero, on both sides of it.
 */
function rounded(value: number, places: number): number {
  const [digits, exponent = '0'] = String(Math.abs(value)).split('e') as [string, string?]
  const whole = Math.round(Number(`${digits}e${Number(exponent) + places}`))
  const result = Number(`${whole}e${-places}`)
  if (!Number.isFinite(result)) return value
  return value < 0 && result !== 0 ? -result : result
}

function wordsStep(table: string): Step | string {
  const words = new Map<string, number>()
  for (const entry of table.split(/[,;\n]/)) {
    const at = entry.lastIndexOf('=')
    const [word, number] = [entry.slice(0, at).trim().toLowerCase(), numberIn(entry.slice(at + 1))]
    if (at < 0 || number === undefined) return `"${entry.trim()}" is not of the form ON=1`
    if ((words.get(word) ?? number) !== number) return `"${word}" stands for two numbers`
    words.set(word, number)
  }
  return value => {
    if (typeof value === 'number' || isExactNumber(value)) return value
    if (typeof value === 'boolean') return words.get(String(value))
    return typeof value === 'string'
      ? (words.get(value.trim().toLowerCase()) ?? numberIn(value))
      : undefined
  }
}

function clampStep(by: string): Step | string {
  const [low = '', high = '', ...more] = by.split('..')
  const bounds = [
    low.trim() === '' ? Number.NEGATIVE_INFINITY : numberIn(low),
    high.trim() === '' ? Infinity : numberIn(high)
  ]
  const [from, to] = bounds
  if (!by.includes('..') || more.length > 0 || from === undefined || to === undefined || from > to)
    return `"${by}" is no range such as 0..100`
  return calculated(value => Math.min(Math.max(value, from), to))
}

const BETWEEN_UNITS = /^\s*(\S(?:[^>→]*?\S)?)\s*(?:->|→|>|\sto\s)\s*(\S.*?)\s*$/

function unitStep(by: string): Step | string {
  const [, from = '', to = ''] = BETWEEN_UNITS.exec(by) ?? []
  if (from === '' || to === '') return `"${by}" does not name two units as in °F > °C`
  const convert = unitConverter(from, to)
  return convert === undefined
    ? `there is no way from the unit "${from}" to "${to}"`
    : calculated(convert)
}
