import { reasonOf } from '../../core/errors.ts'
import { OptionsError } from '../../core/options-error.ts'
import { cloneRecord } from '../../core/record/clone-record.ts'
import { setter } from '../../core/record/field-path.ts'
import { unfitness } from '../../core/record/parse-record.ts'
import { inherit, type TelemetryRecord } from '../../core/record/record.ts'
import type { Settings } from './settings.ts'
import { FieldProblem } from './sources.ts'
import { spec } from './spec.ts'

/** A JSONata expression, as Node-RED prepares it. */
export interface Expression {
  ast(): unknown
  /** Names that JSONata calls itself; `entered` is called before each of its steps. */
  onStep(entered: () => void): void
  evaluate(record: TelemetryRecord): Promise<unknown>
}

/** @throws what JSONata says of an expression that cannot be read */
export type Prepare = (text: string) => Expression

/** A record with its calculated fields, as a new object, or why one cannot be calculated. */
export type Calculate = (record: TelemetryRecord) => Promise<TelemetryRecord | FieldProblem>

/** A step takes 1 to 3 us: this is some 20 ms, the slice that a record may have. */
const MAX_STEPS = 10_000
/** Functions such as $distinct compare each value with each, within one step. */
const MAX_VALUES = 1000

class TooCostly extends Error {}

/**
 * Makes the function that calculates fields; undefined if there are none.
 * @throws OptionsError for an expression that cannot be read, or could not be bounded in time
 */
export function calculator(
  { calculated }: Pick<Settings, 'calculated'>,
  prepare: Prepare
): Calculate | undefined {
  if (calculated.length === 0) return undefined
  const rows = calculated.map(({ to, expression }, index) => {
    try {
      return { to, put: setter(to), run: bounded(prepared(expression, prepare)) }
    } catch (error) {
      const why = `row ${index + 1}: ${reasonOf(error)}`
      throw OptionsError.between(spec, [['calculated', why]])
    }
  })
  return async record => {
    const copy = inherit(record, cloneRecord(record))
    if (holdsMoreThan(copy, MAX_VALUES)) return tooCostly(`has more than ${MAX_VALUES} values`, '')
    for (const { to, put, run } of rows) {
      const value = await run(copy, to)
      if (value instanceof FieldProblem) return value
      if (value !== undefined) put(copy, value)
    }
    return copy
  }
}

function prepared(text: string, prepare: Prepare): Expression {
  const expression = prepare(text)
  const problem = unbounded(expression.ast())
  if (problem !== undefined) throw new Error(problem)
  return expression
}

/** The value of an expression, in at most so many steps. */
function bounded(expression: Expression) {
  let steps = 0
  expression.onStep(() => {
    if (++steps > MAX_STEPS) throw new TooCostly()
  })
  return async (record: TelemetryRecord, to: string): Promise<unknown> => {
    steps = 0
    try {
      const value = plain(await expression.evaluate(record))
      if (steps === 0) return failed(to, 'this version of JSONata cannot be held to an end')
      const unfit = unfitness({ value })
      return unfit === undefined ? value : failed(to, unfit.message)
    } catch (error) {
      if (error instanceof TooCostly || error instanceof RangeError)
        return tooCostly(`takes more than ${MAX_STEPS} steps`, to)
      return failed(to, messageOf(error))
    }
  }
}

/** JSONata throws objects that are no errors. */
const messageOf = (error: unknown) =>
  String((error as { message?: unknown })?.message ?? error).slice(0, 200)

const failed = (to: string, why: string) =>
  new FieldProblem('EXPRESSION_FAILED', `${to} cannot be calculated: ${why}`, to)

const tooCostly = (why: string, to: string) =>
  new FieldProblem(
    'EXPRESSION_TOO_COSTLY',
    `The record ${why}, which is more than calculating its fields may cost.`,
    to
  )

/** A list of results has marks of JSONata on it, which no field of a record has. */
function plain(value: unknown): unknown {
  if (typeof value === 'function') throw new Error('the result is a function')
  return Array.isArray(value) ? value.map(plain) : value
}

/** What no bound of steps holds back: it takes its time within one of them. */
function unbounded(part: unknown): string | undefined {
  if (typeof part !== 'object' || part === null) return undefined
  const problem = problemOf(part as Part)
  if (problem !== undefined) return problem
  for (const inner of Object.values(part)) {
    const found = unbounded(inner)
    if (found !== undefined) return found
  }
  return undefined
}

interface Part {
  readonly type?: unknown
  readonly value?: unknown
  readonly lhs?: Part
  readonly rhs?: Part
  readonly procedure?: Part
  readonly arguments?: readonly Part[]
}

function problemOf({ type, value, lhs, rhs, ...call }: Part): string | undefined {
  if (type === 'regex')
    return 'a regular expression may take for ever over a text; $contains, $split and $replace take plain texts'
  if (type === 'variable' && value === 'eval') return '$eval would run what a device sends'
  if (type === 'binary' && value === '..' && !(isSmall(lhs) && isSmall(rhs)))
    return `the ends of a range must be numbers up to ${MAX_VALUES}`
  const isPad = call.procedure?.type === 'variable' && call.procedure.value === 'pad'
  return isPad && !isSmall(call.arguments?.[1])
    ? `the width of $pad must be a number up to ${MAX_VALUES}`
    : undefined
}

const isSmall = (part: Part | undefined) =>
  part?.type === 'number' && Math.abs(part.value as number) <= MAX_VALUES

function holdsMoreThan(record: object, most: number): boolean {
  let count = 0
  const open: object[] = [record]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const key in at) {
      if (++count > most) return true
      const value = (at as Readonly<Record<string, unknown>>)[key]
      if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
        open.push(value)
    }
  }
  return false
}
