import { reasonOf } from '../../core/errors.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { cloneRecord } from '../../core/record/clone-record.ts'
import { type Get, getter, isFieldPath } from '../../core/record/field-path.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { unfitness } from '../../core/record/parse-record.ts'
import { type Reason, type Rejection, reject } from '../../core/record/record.ts'
import { topicOf } from '../../core/record/topic-of.ts'
import { compileTopicTemplate, type TopicTemplate, topicTemplateProblems } from '../../core/record/topic-template.ts'
import { explain, summary } from './explain.ts'
import { type Check, compileSchema } from './schema.ts'
import { spec } from './spec.ts'

export type Sorted = readonly [valid: readonly unknown[], rejected: readonly Rejection[]]

/** Finds the check for a record; undefined where there is no schema for its kind. */
type Choose = (record: unknown, message: Message) => Check | undefined

const STAGE = 'validate'
const passes = Object.assign((_record: unknown) => true, { errors: null }) as unknown as Check

/**
 * Makes the function that sorts the records of a message into valid and rejected ones, both in their order. A valid
 * record leaves as the same object, unless types are converted: then it is a copy, so that a rejected one stays as it came.
 * @throws OptionsError for schemas that cannot be used
 */
export function validator(options: Options<typeof spec>): (message: Message) => Sorted {
  const choose = chooser(options)
  return message => {
    const valid: unknown[] = []
    const rejected: Rejection[] = []
    for (const record of recordsOf(message.payload)) {
      const unfit = unfitness(record)
      const check = unfit ? undefined : choose(record, message)
      if (unfit) rejected.push(reject(record, STAGE, unfit))
      else if (!check) rejected.push(reject(record, STAGE, unknownKind(options, record, message)))
      else {
        const checked = options.coerce ? cloneRecord(record) : record
        if (check(checked)) valid.push(checked)
        else rejected.push(mismatch(record, check))
      }
    }
    return [valid, rejected]
  }
}

function mismatch(record: unknown, check: Check): Rejection {
  const reasons = explain(check.errors ?? [])
  return reject(record, STAGE, summary(reasons), reasons.length > 1 ? { reasons } : {})
}

function unknownKind({ choose, field }: Options<typeof spec>, record: unknown, message: Message): Reason {
  if (choose === 'topic') return { code: 'SCHEMA_UNKNOWN', message: `There is no schema for the topic "${topicOf(record, message)}".` }
  const value = getter(field)(record)
  const shown =
    value === undefined
      ? `${field} is missing, so no schema can be chosen.`
      : `There is no schema for ${field} ${JSON.stringify(value)?.slice(0, 80)}.`
  return { code: 'SCHEMA_UNKNOWN', message: shown, path: field }
}

function chooser(options: Options<typeof spec>): Choose {
  const problems: string[] = []
  const choose = options.choose === 'one' ? always(options, problems) : byKind(options, problems)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  return choose
}

function always(options: Options<typeof spec>, problems: string[]): Choose {
  const check = checkOf(parsed(options.schema, spec.fields.schema.label, problems), options, spec.fields.schema.label, problems)
  return () => check
}

function byKind(options: Options<typeof spec>, problems: string[]): Choose {
  const { label } = spec.fields.schemas
  const schemas = parsed(options.schemas, label, problems)
  if (schemas === undefined) return () => undefined
  if (typeof schemas !== 'object' || schemas === null || Array.isArray(schemas)) {
    problems.push(`${label}: must be an object with a JSON Schema for each value`)
    return () => undefined
  }
  const checks = Object.entries(schemas).map(([kind, schema]) => [kind, checkOf(schema, options, `${label}, "${kind}"`, problems)] as const)
  const otherwise = options.otherwise === 'pass' ? passes : undefined
  return options.choose === 'topic' ? byTopic(checks, otherwise, problems) : byField(options.field, checks, otherwise, problems)
}

type Checks = readonly (readonly [kind: string, check: Check | undefined])[]

function byField(field: string, checks: Checks, otherwise: Check | undefined, problems: string[]): Choose {
  if (!isFieldPath(field)) problems.push(`${spec.fields.field.label}: "${field}" is not the path of a field`)
  const get: Get = getter(field)
  const known = new Map(checks)
  return record => {
    const value = get(record)
    return (typeof value === 'object' ? undefined : known.get(String(value))) ?? otherwise
  }
}

function byTopic(checks: Checks, otherwise: Check | undefined, problems: string[]): Choose {
  const templates: [TopicTemplate, Check | undefined][] = []
  for (const [text, check] of checks) {
    const wrong = topicTemplateProblems(text)
    if (wrong.length > 0) problems.push(...wrong.map(problem => `${spec.fields.schemas.label}, "${text}": ${problem}`))
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

function checkOf(schema: unknown, options: Options<typeof spec>, label: string, problems: string[]): Check | undefined {
  if (schema === undefined) return undefined
  try {
    return compileSchema(schema, options)
  } catch (error) {
    problems.push(`${label}: ${reasonOf(error)}`)
    return undefined
  }
}
