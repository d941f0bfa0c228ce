import type { ErrorObject } from 'ajv'
import type { Code } from '../errors.ts'
import { described, shown } from '../record/described.ts'
import type { Reason } from '../record/record.ts'
import { COST } from './cost.ts'

/** A broken array of 10,000 values would otherwise make 10,000 sentences. */
const MAX_REASONS = 20
/** A device makes up names of fields, and a schema may have thousands of values. */
const MAX_PATH = 300
const MAX_LISTED = 20

const cut = (text: string, length: number) =>
  text.length > length ? `${text.slice(0, length)}…` : text

type Params = Readonly<Record<string, unknown>>

/** What the schema asks for, by keyword: completes a sentence that begins with the path. */
const DEMANDS: Readonly<Record<string, (params: Params) => string>> = {
  type: ({ type }) => `must be ${[type].flat().map(typeName).join(' or ')}`,
  enum: ({ allowedValues }) => `must be one of ${list(allowedValues)}`,
  const: ({ allowedValue }) => `must be ${shown(allowedValue)}`,
  minimum: ({ limit }) => `must be at least ${limit}`,
  maximum: ({ limit }) => `must be at most ${limit}`,
  exclusiveMinimum: ({ limit }) => `must be more than ${limit}`,
  exclusiveMaximum: ({ limit }) => `must be less than ${limit}`,
  multipleOf: ({ multipleOf }) => `must be a multiple of ${multipleOf}`,
  minLength: ({ limit }) =>
    limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`,
  maxLength: ({ limit }) => `must have at most ${limit} characters`,
  pattern: ({ pattern }) => `must match the pattern ${cut(String(pattern), MAX_PATH)}`,
  format: ({ format }) => `must be of the format ${format}`,
  minItems: ({ limit }) => `must have at least ${limit} items`,
  maxItems: ({ limit }) => `must have at most ${limit} items`
}

const CODES: Readonly<Record<string, Code>> = {
  [COST]: 'SCHEMA_TOO_COSTLY',
  required: 'FIELD_MISSING',
  dependentRequired: 'FIELD_MISSING',
  type: 'FIELD_TYPE',
  additionalProperties: 'FIELD_UNEXPECTED',
  unevaluatedProperties: 'FIELD_UNEXPECTED',
  'false schema': 'FIELD_UNEXPECTED'
}

/**
 * Keywords about a single value; everything else (oneOf, not, if, contains …) is about the shape as
 * a whole.
 */
const codeOf = ({ keyword }: ErrorObject): Code =>
  CODES[keyword] ?? (keyword in DEMANDS ? 'FIELD_VALUE' : 'SCHEMA_MISMATCH')

/**
 * The errors of a check as sentences with their paths (dotted; absent for the record itself). At
 * least one is given.
 */
export function explain(errors: readonly ErrorObject[]): Reason[] {
  const reasons = errors.slice(0, MAX_REASONS).map(explainOne)
  const more = errors.length - reasons.length
  if (more > 0) reasons.push({ code: 'SCHEMA_MISMATCH', message: `There are ${more} more errors.` })
  return reasons
}

/** One reason that says all of them; code and path are those of the first. */
export function summary(reasons: readonly Reason[]): Reason {
  const [first] = reasons as [Reason]
  if (reasons.length === 1) return first
  return {
    ...first,
    message: `${reasons.map(reason => reason.message.replace(/\.$/, '')).join('; ')}.`
  }
}

function explainOne(error: ErrorObject): Reason {
  const { missingProperty, additionalProperty, unevaluatedProperty } = error.params
  const steps = error.instancePath.split('/').slice(1).map(unescaped)
  const extra: unknown = missingProperty ?? additionalProperty ?? unevaluatedProperty
  if (extra !== undefined) steps.push(String(extra))
  const path = cut(steps.join('.'), MAX_PATH)
  const message = `${path || 'The record'} ${predicate(error)}.`
  return path === '' ? { code: codeOf(error), message } : { code: codeOf(error), message, path }
}

function predicate(error: ErrorObject): string {
  const code = codeOf(error)
  if (code === 'FIELD_MISSING') return 'is missing'
  if (code === 'FIELD_UNEXPECTED') return 'is not allowed'
  if (code === 'SCHEMA_TOO_COSTLY') {
    return 'takes more work to check than one record may, by the references or patterns of the schema'
  }
  const demand = Object.hasOwn(DEMANDS, error.keyword) ? DEMANDS[error.keyword] : undefined
  return demand
    ? `${demand(error.params)}, but it is ${described(error.data)}`
    : (error.message ?? 'does not match the schema')
}

/** JSON pointer, RFC 6901 section 4: ~1 stands for a slash and ~0 for a tilde. */
const unescaped = (step: string) => step.replaceAll('~1', '/').replaceAll('~0', '~')

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list'
}
const typeName = (type: unknown) => TYPE_NAMES[String(type)] ?? String(type)

function list(values: unknown): string {
  if (!Array.isArray(values)) return shown(values)
  const more = values.length - MAX_LISTED
  const first = values.slice(0, MAX_LISTED).map(shown).join(', ')
  return more > 0 ? `${first} and ${more} more` : first
}
