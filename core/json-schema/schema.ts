import type { Ajv, ErrorObject, ValidateFunction } from 'ajv'
import { reasonOf } from '../errors.ts'
import { TooCostly } from '../meter.ts'
import { type Compiling, checkForm, newCompiler, traitsOf } from './compiler.ts'
import { COST, isEndless, meter, STEPS_FOR_ALL_ERRORS } from './cost.ts'
import { type Draft, dialectOf } from './dialect.ts'
import { isFormat } from './formats.ts'
import { isObject, type SchemaObject, visitSchemas } from './subschemas.ts'

export type { Draft }

/** Says whether a value is valid; if it is not, `errors` says why until the next value comes. */
export interface SchemaCheck {
  (value: unknown): boolean
  errors: readonly ErrorObject[] | null
  /** What a person should know about how the schema is read. */
  readonly notices: readonly string[]
}

export interface SchemaReading {
  /** The draft of a schema that does not name its own by `$schema`. */
  readonly draft: Draft
  /** Whether values are converted, in place, to the types that the schema asks for. */
  readonly coerce: boolean
  /** Other documents that the schema may refer to, by their address. None for a node. */
  readonly documents?: Readonly<Record<string, unknown>>
}

/**
 * A schema takes 2 to 90 ms to compile: those of the last deploys are kept, the oldest go first.
 */
const MAX_COMPILED = 200
const compiled = new Map<string, SchemaCheck>()

/**
 * Compiles a JSON Schema to a function that checks a value, the same one for the same schema.
 * @throws Error with what is wrong with the schema, in words
 */
export function compileSchema(schema: unknown, reading: SchemaReading): SchemaCheck {
  const key = JSON.stringify([reading.draft, reading.coerce, schema])
  const known = reading.documents ? undefined : compiled.get(key)
  const check = known ?? compile(schema, reading)
  if (reading.documents) return check
  compiled.delete(key)
  compiled.set(key, check)
  for (const oldest of compiled.keys()) {
    if (compiled.size <= MAX_COMPILED) break
    compiled.delete(oldest)
  }
  return check
}

/** True allows everything and false nothing; the compiler wants objects. */
function schemaObject(schema: unknown): SchemaObject {
  if (typeof schema === 'boolean') return schema ? {} : { not: {} }
  if (!isObject(schema)) throw new Error('must be a JSON object, true or false')
  if ('$async' in schema) throw new Error('$async schemas are not supported')
  return schema
}

/**
 * Two functions of the same schema: one stops at the first error, so that what a record costs is
 * bounded however much is wrong with it; the other is asked for all errors of small records only.
 */
function compile(given: unknown, reading: SchemaReading): SchemaCheck {
  try {
    const { schema, draft, notices } = dialectOf(schemaObject(given), reading.draft)
    checkForm(schema, draft)
    const traits = traitsOf([schema, ...Object.values(reading.documents ?? {})])
    const compiler = { ...reading, draft, ...traits }
    const { first, references } = firstOf(schema, compiler)
    if (isEndless(references) || !endsFor(first)) {
      throw new Error(
        'a $ref leads back to itself without going into a field or an item, so no check would ever end'
      )
    }
    let all: ValidateFunction | undefined
    const check = checkOf(first, () => {
      all ??= newCompiler({ ...compiler, allErrors: true }).ajv.compile(schema)
      return all
    })
    return Object.assign(check, { notices: [...notices, ...formatNotices(schema)] })
  } catch (error) {
    throw new Error(explained(error), { cause: error })
  }
}

/**
 * The function that stops at the first error. It is nested by each field of the schema; thousands
 * of fields are more than the stack takes, and get the one that goes on.
 */
function firstOf(schema: SchemaObject, compiling: Omit<Compiling, 'allErrors'>, allErrors = false) {
  const { ajv, references } = newCompiler({ ...compiling, allErrors })
  refuseAddressOfDraft(schema, ajv)
  try {
    return { first: ajv.compile(schema), references }
  } catch (error) {
    if (!(error instanceof RangeError) || allErrors) throw error
    return firstOf(schema, compiling, true)
  }
}

function refuseAddressOfDraft({ $id }: SchemaObject, ajv: Ajv): void {
  if (typeof $id === 'string' && Object.hasOwn(ajv.schemas, $id.replace(/#$/, ''))) {
    throw new Error(
      `$id "${$id}" is the address of the draft itself; give the schema another one, or none`
    )
  }
}

function formatNotices(schema: SchemaObject): string[] {
  const unknown = new Set<string>()
  visitSchemas(schema, ({ format }) => {
    if (typeof format === 'string' && !isFormat(format)) unknown.add(`"${format}"`)
  })
  return unknown.size === 0
    ? []
    : [`format ${[...unknown].slice(0, 20).join(', ')}: not known, so it checks nothing`]
}

function explained(error: unknown): string {
  const { missingRef } = error as { missingRef?: unknown }
  if (typeof missingRef === 'string')
    return `$ref "${missingRef}" is not in the schema; other documents are never fetched, put it under $defs`
  return error instanceof RangeError
    ? 'its references cannot be followed; give the parts of it no $id of their own'
    : reasonOf(error)
}

/** Records of fewer values than this have all that is wrong with them told. */
const MAX_VALUES = 2_000

function checkOf(first: ValidateFunction, all: () => ValidateFunction): SchemaCheck {
  const check = (value: unknown): boolean => {
    meter.begin()
    try {
      if (first(value)) return true
    } catch (error) {
      check.errors = [costError(error)]
      return false
    }
    const errors = first.errors ?? []
    check.errors =
      (isSmall(value) ? allErrors(all(), value) : undefined) ??
      errors.map(error => withData(error, value))
    return false
  }
  check.errors = null as SchemaCheck['errors']
  return check as SchemaCheck
}

/**
 * The first error does not hold the value that it is about, but says by a JSON pointer where it is.
 */
function withData(error: ErrorObject, value: unknown): ErrorObject {
  const steps = error.instancePath.split('/').slice(1)
  const data = steps.reduce(
    (at, step) => (at as SchemaObject)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')],
    value
  )
  return { ...error, data }
}

/** Undefined where finding all of them costs too much. */
function allErrors(all: ValidateFunction, value: unknown): readonly ErrorObject[] | undefined {
  meter.begin(STEPS_FOR_ALL_ERRORS)
  try {
    return all(value) ? undefined : (all.errors ?? undefined)
  } catch (error) {
    costError(error)
    return undefined
  }
}

/** A schema that goes deeper than the stack costs too much as well. */
function costError(error: unknown): ErrorObject {
  if (!(error instanceof TooCostly || error instanceof RangeError)) throw error
  return { keyword: COST, instancePath: '', schemaPath: '#', params: {} }
}

function isSmall(value: unknown): boolean {
  const pending = [value]
  for (let count = 0; pending.length > 0; count++) {
    if (count + pending.length > MAX_VALUES) return false
    const next = pending.pop()
    if (typeof next === 'object' && next !== null)
      for (const inner of Object.values(next)) pending.push(inner)
  }
  return true
}

/** What is not seen in the references of the schema shows with the smallest values there are. */
function endsFor(check: ValidateFunction): boolean {
  try {
    for (const value of [{}, [], '', 0, true, null]) {
      meter.begin()
      check(value)
    }
    return true
  } catch (error) {
    costError(error)
    return false
  }
}
