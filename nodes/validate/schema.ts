import type { Ajv, ErrorObject, Options, SchemaObject, ValidateFunction } from 'ajv'
import { reasonOf } from '../../core/errors.ts'
import { loadModule } from '../../core/load-module.ts'

export type Draft = '07' | '2019-09' | '2020-12'
export type Check = ValidateFunction

export interface Reading {
  /** The draft of a schema that does not name its own by `$schema`. */
  readonly draft: Draft
  /** Whether values are converted, in place, to the types that the schema asks for. */
  readonly coerce: boolean
}

const MODULES: Readonly<Record<Draft, string>> = { '07': 'ajv', '2019-09': 'ajv/dist/2019', '2020-12': 'ajv/dist/2020' }
const DIALECTS: readonly [RegExp, Draft][] = [
  [/^https?:\/\/json-schema\.org\/draft-07\/schema#?$/, '07'],
  [/^https?:\/\/json-schema\.org\/draft\/2019-09\/schema#?$/, '2019-09'],
  [/^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/, '2020-12']
]

/**
 * Strict about keywords and formats that do not exist, since a misspelt one checks nothing; lenient about style. All
 * errors are found, which costs a valid record nothing (77 ns either way).
 */
const OPTIONS: Options = {
  allErrors: true,
  verbose: true,
  strict: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  addUsedSchema: false,
  logger: false
}

/** A schema takes 2 to 90 ms to compile: those of the last deploys are kept, the oldest go first. */
const MAX_COMPILED = 200
const compiled = new Map<string, Check>()
const compilers = new Map<string, Ajv>()

/**
 * Compiles a JSON Schema to a function that checks a value, the same one for the same schema.
 * @throws Error with what is wrong with the schema, in words
 */
export function compileSchema(schema: unknown, reading: Reading): Check {
  const parsed = schemaObject(schema)
  const draft = draftOf(parsed, reading.draft)
  const key = JSON.stringify([draft, reading.coerce, parsed])
  const known = compiled.get(key)
  if (known) {
    compiled.delete(key)
    compiled.set(key, known)
    return known
  }
  const check = compile(parsed, draft, reading.coerce)
  compiled.set(key, check)
  for (const oldest of compiled.keys()) {
    if (compiled.size <= MAX_COMPILED) break
    compiled.delete(oldest)
  }
  return check
}

function schemaObject(schema: unknown): SchemaObject {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) throw new Error('must be a JSON object')
  if ('$async' in schema) throw new Error('$async schemas are not supported')
  return schema as SchemaObject
}

function draftOf(schema: SchemaObject, otherwise: Draft): Draft {
  const dialect: unknown = schema.$schema
  if (dialect === undefined) return otherwise
  const known = DIALECTS.find(([pattern]) => pattern.test(String(dialect)))
  if (!known) throw new Error(`$schema "${String(dialect)}" is not a draft that is supported (07, 2019-09, 2020-12)`)
  return known[1]
}

function compile(schema: SchemaObject, draft: Draft, coerce: boolean): Check {
  const ajv = compilerOf(draft, coerce)
  try {
    if (!ajv.validateSchema(schema)) throw new Error(inSchema(ajv.errors ?? []))
    return ajv.compile(schema)
  } catch (error) {
    throw new Error(explained(error), { cause: error })
  } finally {
    // Otherwise ajv keeps every schema that it ever saw.
    ajv.removeSchema(schema)
  }
}

function compilerOf(draft: Draft, coerce: boolean): Ajv {
  const key = `${draft} ${coerce}`
  let ajv = compilers.get(key)
  if (!ajv) {
    const Compiler = loadModule<typeof import('ajv')>(MODULES[draft]).default
    const formats = loadModule<typeof import('ajv-formats')>('ajv-formats').default
    ajv = new Compiler({ ...OPTIONS, allowUnionTypes: true, coerceTypes: coerce })
    formats.default(ajv)
    compilers.set(key, ajv)
  }
  return ajv
}

const inSchema = (errors: readonly ErrorObject[]) =>
  [...new Set(errors.map(error => `${error.instancePath || 'the schema'} ${error.message}`))].join(', ')

function explained(error: unknown): string {
  const { missingRef } = error as { missingRef?: unknown }
  if (typeof missingRef === 'string')
    return `$ref "${missingRef}" is not in the schema; other documents are never fetched, put it under $defs`
  return reasonOf(error).replace(/^strict mode: /, '')
}
