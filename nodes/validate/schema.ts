import type { Ajv, ErrorObject, Options, SchemaObject, ValidateFunction } from 'ajv'
import { reasonOf } from '../../core/errors.ts'
import { loadModule } from '../../core/load-module.ts'
import { useTolerantMultipleOf } from './multiple-of.ts'

export type Draft = '07' | '2019-09' | '2020-12'
export type Check = ValidateFunction

export interface Reading {
  /** The draft of a schema that does not name its own by `$schema`. */
  readonly draft: Draft
  /** Whether values are converted, in place, to the types that the schema asks for. */
  readonly coerce: boolean
}

const MODULES: Readonly<Record<Draft, string>> = { '07': 'ajv', '2019-09': 'ajv/dist/2019', '2020-12': 'ajv/dist/2020' }
/** How schemas name their draft, and the one way of writing it that ajv knows. */
const DIALECTS: readonly [RegExp, Draft, string][] = [
  [/^https?:\/\/json-schema\.org\/draft-07\/schema#?$/, '07', 'http://json-schema.org/draft-07/schema#'],
  [/^https?:\/\/json-schema\.org\/draft\/2019-09\/schema#?$/, '2019-09', 'https://json-schema.org/draft/2019-09/schema'],
  [/^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/, '2020-12', 'https://json-schema.org/draft/2020-12/schema']
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
  logger: false,
  allowUnionTypes: true
}

/** A schema takes 2 to 90 ms to compile: those of the last deploys are kept, the oldest go first. */
const MAX_COMPILED = 200
const compiled = new Map<string, Check>()
const readers = new Map<Draft, Ajv>()

/**
 * Compiles a JSON Schema to a function that checks a value, the same one for the same schema.
 * @throws Error with what is wrong with the schema, in words
 */
export function compileSchema(schema: unknown, reading: Reading): Check {
  const [parsed, draft] = inDraft(schemaObject(schema), reading.draft)
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

function inDraft(schema: SchemaObject, otherwise: Draft): [SchemaObject, Draft] {
  const dialect: unknown = schema.$schema
  if (dialect === undefined) return [schema, otherwise]
  const known = DIALECTS.find(([pattern]) => pattern.test(String(dialect)))
  if (!known) throw new Error(`$schema "${String(dialect)}" is not a draft that is supported (07, 2019-09, 2020-12)`)
  return [{ ...schema, $schema: known[2] }, known[1]]
}

/**
 * Ajv keeps what it learns of a schema: the names of its parts would be known to the next one, and could take the place of
 * the draft's own. So every schema gets an instance of its own (1 to 2 ms). Only the one that checks the form of schemas is
 * shared, since that takes 25 to 75 ms to make ready.
 */
function compile(schema: SchemaObject, draft: Draft, coerce: boolean): Check {
  try {
    const reader = readerOf(draft)
    if (!reader.validateSchema(schema)) throw new Error(inSchema(reader.errors ?? []))
    const ajv = instance(draft, { validateSchema: false, coerceTypes: coerce })
    const id: unknown = schema.$id
    if (typeof id === 'string' && Object.hasOwn(ajv.schemas, id.replace(/#$/, '')))
      throw new Error(`$id "${id}" is the address of the draft itself; give the schema another one, or none`)
    return ajv.compile(schema)
  } catch (error) {
    throw new Error(explained(error), { cause: error })
  }
}

function readerOf(draft: Draft): Ajv {
  let reader = readers.get(draft)
  if (!reader) {
    reader = instance(draft)
    readers.set(draft, reader)
  }
  return reader
}

function instance(draft: Draft, options: Options = {}): Ajv {
  const Compiler = loadModule<typeof import('ajv')>(MODULES[draft]).default
  const formats = loadModule<typeof import('ajv-formats')>('ajv-formats').default
  const ajv = new Compiler({ ...OPTIONS, ...options })
  formats.default(ajv)
  useTolerantMultipleOf(ajv)
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
