import { reasonOf } from '../../core/errors.ts'
import { checkedBy } from '../../core/json-schema/checked.ts'
import { isDear } from '../../core/json-schema/cost.ts'
import { explain, summary } from '../../core/json-schema/explain.ts'
import {
  compileSchema,
  type SchemaCheck,
  type SchemaReading
} from '../../core/json-schema/schema.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { described } from '../../core/record/described.ts'
import { type Get, getter, isFieldPath, pathOf } from '../../core/record/field-path.ts'
import { inSlices } from '../../core/record/in-slices.ts'
import { jsonText } from '../../core/record/json-write.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { numberIn } from '../../core/record/number-text.ts'
import { unfitness } from '../../core/record/parse-record.ts'
import { type Reason, type Rejection, reject } from '../../core/record/record.ts'
import { topicOf } from '../../core/record/topic-of.ts'
import {
  compileTopicTemplate,
  type TopicTemplate,
  topicTemplateProblems
} from '../../core/record/topic-template.ts'
import { spec } from './spec.ts'

export type SortedRecord = readonly [valid: readonly unknown[], rejected: readonly Rejection[]]

/** `documents` are those that the schema refers to, where a registry has them. */
type Checking = Options<typeof spec> & Pick<SchemaReading, 'documents'>

/** Finds the check for a record; undefined where there is no schema for its kind. */
type Choose = (record: unknown, message: Message) => SchemaCheck | undefined

export const STAGE = 'validate'
const passes: SchemaCheck = Object.assign((_record: unknown) => true, { errors: null, notices: [] })

/** Sorts one record into the outputs; true if it was dear. */
export type SortRecord = (record: unknown, message: Message, outputs: ValidateOutputs) => boolean

export interface ValidateOutputs {
  readonly valid: unknown[]
  readonly rejected: Rejection[]
}

/**
 * Makes the function that sorts the records of a message into valid and rejected ones, both in
 * their order. A valid record leaves as the same object, unless types are converted: then it is a
 * copy, so that a rejected one stays as it came.
 * @throws OptionsError for schemas that cannot be used
 */
export function validator(options: Options<typeof spec>): (message: Message) => SortedRecord {
  const sort = recordSorter(options)
  return message => {
    const outputs: ValidateOutputs = { valid: [], rejected: [] }
    for (const record of recordsOf(message.payload)) sort(record, message, outputs)
    return [outputs.valid, outputs.rejected]
  }
}

/** The same, and a batch that takes long gives others their turn. */
export function slicedValidator(
  options: Options<typeof spec>,
  tell: (notice: string) => void
): (message: Message) => SortedRecord | Promise<SortedRecord> {
  const sort = recordSorter(options, tell)
  return message => {
    const outputs: ValidateOutputs = { valid: [], rejected: [] }
    const sorted: SortedRecord = [outputs.valid, outputs.rejected]
    const rest = inSlices(recordsOf(message.payload), record => sort(record, message, outputs))
    return rest === undefined ? sorted : rest.then(() => sorted)
  }
}

/**
 * The same for one record at a time. `tell` is told how the schemas are read where that is not
 * plain: keywords and formats that check nothing.
 */
export function recordSorter(
  options: Checking,
  tell: (notice: string) => void = () => undefined
): SortRecord {
  const choose = chooser(options, tell)
  return (record, message, { valid, rejected }) => {
    const unfit = unfitness(record)
    const check = unfit ? undefined : choose(record, message)
    if (unfit) rejected.push(reject(record, STAGE, unfit))
    else if (!check) rejected.push(reject(record, STAGE, unknownKind(options, record, message)))
    else {
      const checked = checkedBy(check, record, options.coerce)
      if (checked === undefined) rejected.push(mismatch(record, check))
      else {
        const bent = options.coerce ? bentIn(record, checked) : undefined
        if (bent) rejected.push(reject(record, STAGE, bent))
        else valid.push(checked)
      }
      return isDear()
    }
    return false
  }
}

/**
 * "1e400" and "Infinity" become a number that JSON cannot hold, and Kafka would get null;
 * "9007199254740993" becomes another number than the device has sent.
 */
function bentIn(record: unknown, converted: unknown): Reason | undefined {
  const unfit = unfitness(converted)
  const bent = unfit === undefined ? placeOfBent(record, converted) : undefined
  if (unfit === undefined && bent === undefined) return undefined
  const path = unfit?.path ?? pathOf(bent ?? [])
  const message = `${path || 'The record'} must be a number, but it is ${described(getter(path)(record))}, which no number can hold.`
  return { code: 'FIELD_TYPE', message, path }
}

/** Where a text has become a number that does not say the same; records are not deep by now. */
function placeOfBent(from: unknown, to: unknown): string[] | undefined {
  if (typeof from === 'string')
    return typeof to === 'number' && !isSameNumber(from, to) ? [] : undefined
  if (typeof to !== 'object' || to === null || typeof from !== 'object' || from === null)
    return undefined
  for (const key in to) {
    const before = (from as Record<string, unknown>)[key]
    const after = (to as Record<string, unknown>)[key]
    const found = before === after ? undefined : placeOfBent(before, after)
    if (found !== undefined) return [key, ...found]
  }
  return undefined
}

/** What ajv converts is a decimal number, or one as code writes it, such as 0x10. */
const isSameNumber = (text: string, number: number): boolean =>
  /^\s*0[xob]/i.test(text) ? Number.isSafeInteger(number) : numberIn(text) === number

function mismatch(record: unknown, check: SchemaCheck): Rejection {
  const reasons = explain(check.errors ?? [])
  return reject(record, STAGE, summary(reasons), reasons.length > 1 ? { reasons } : {})
}

function unknownKind(
  { choose, field }: Options<typeof spec>,
  record: unknown,
  message: Message
): Reason {
  if (choose === 'topic')
    return {
      code: 'SCHEMA_UNKNOWN',
      message: `There is no schema for the topic "${topicOf(record, message)}".`
    }
  const value = getter(field)(record)
  const shown =
    value === undefined
      ? `${field} is missing, so no schema can be chosen.`
      : `There is no schema for ${field} ${jsonText(value)?.slice(0, 80)}.`
  return { code: 'SCHEMA_UNKNOWN', message: shown, path: field }
}

function chooser(options: Checking, tell: (notice: string) => void): Choose {
  const problems: string[] = []
  const compile = (schema: unknown, label: string) =>
    checkOf(schema, options, label, problems, tell)
  const choose =
    options.choose === 'one'
      ? always(options, problems, compile)
      : byKind(options, problems, compile)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  return choose
}

type Compile = (schema: unknown, label: string) => SchemaCheck | undefined

function always(options: Options<typeof spec>, problems: string[], compile: Compile): Choose {
  const { label } = spec.fields.schema
  const check = compile(parsed(options.schema, label, problems), label)
  return () => check
}

function byKind(options: Options<typeof spec>, problems: string[], compile: Compile): Choose {
  const { label } = spec.fields.schemas
  const schemas = parsed(options.schemas, label, problems)
  if (schemas === undefined) return () => undefined
  if (typeof schemas !== 'object' || schemas === null || Array.isArray(schemas)) {
    problems.push(`${label}: must be an object with a JSON Schema for each value`)
    return () => undefined
  }
  const checks = Object.entries(schemas).map(
    ([kind, schema]) => [kind, compile(schema, `${label}, "${kind}"`)] as const
  )
  const otherwise = options.otherwise === 'pass' ? passes : undefined
  return options.choose === 'topic'
    ? byTopic(checks, otherwise, problems)
    : byField(options.field, checks, otherwise, problems)
}

type Checks = readonly (readonly [kind: string, check: SchemaCheck | undefined])[]

function byField(
  field: string,
  checks: Checks,
  otherwise: SchemaCheck | undefined,
  problems: string[]
): Choose {
  if (!isFieldPath(field))
    problems.push(`${spec.fields.field.label}: "${field}" is not the path of a field`)
  const get: Get = getter(field)
  const known = new Map(checks)
  return record => {
    const value = get(record)
    return (typeof value === 'object' ? undefined : known.get(String(value))) ?? otherwise
  }
}

function byTopic(checks: Checks, otherwise: SchemaCheck | undefined, problems: string[]): Choose {
  const templates: [TopicTemplate, SchemaCheck | undefined][] = []
  for (const [text, check] of checks) {
    const wrong = topicTemplateProblems(text)
    if (wrong.length > 0)
      problems.push(...wrong.map(problem => `${spec.fields.schemas.label}, "${text}": ${problem}`))
    else templates.push([compileTopicTemplate(text), check])
  }
  return (record, message) => {
    const topic = topicOf(record, message)
    return templates.find(([template]) => template.matches(topic))?.[1] ?? otherwise
  }
}

function parsed(text: string, label: string, problems: string[]): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    problems.push(`${label}: is not JSON: ${reasonOf(error)}`)
    return undefined
  }
}

function checkOf(
  schema: unknown,
  options: Checking,
  label: string,
  problems: string[],
  tell: (notice: string) => void
): SchemaCheck | undefined {
  if (schema === undefined) return undefined
  try {
    const check = compileSchema(schema, options)
    for (const notice of check.notices) tell(`${label}: ${notice}.`)
    return check
  } catch (error) {
    problems.push(`${label}: ${reasonOf(error)}`)
    return undefined
  }
}
