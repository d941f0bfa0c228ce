import { answerTo, type Finding, type Learn, share } from '../../core/learn/learned.ts'
import { isIdentity, sureness } from '../../core/learn/names.ts'
import { type FieldFacts, isObject, surveyOf, type ValueKind } from '../../core/learn/survey.ts'
import { timeFieldOf } from '../../core/learn/times.ts'
import { getter } from '../../core/record/field-path.ts'
import { recordsOf } from '../../core/record/message.ts'

const STRICTNESS = {
  loose: 'loose: types and what is always there',
  strict: 'strict: ranges, words and no other fields too'
} as const
type Strictness = keyof typeof STRICTNESS

/** A JSON Schema that takes all the records seen. */
export const learn: Learn = (observed, values, answers) => {
  const records = observed.flatMap(({ payload }) => recordsOf(payload)).filter(isObject)
  if (records.length === 0) return { findings: [], questions: [] }
  const strictness = answerTo(answers, 'strictness', STRICTNESS, 'loose') as Strictness
  const questions = [
    { name: 'strictness', asks: 'The schema is', answer: strictness, choices: STRICTNESS }
  ]
  const byKind = values.choose === 'field' ? kindsOf(records, String(values.field)) : undefined
  return byKind === undefined
    ? { findings: one(records, strictness), questions }
    : { findings: several(byKind, String(values.field), strictness), questions }
}

function one(records: readonly object[], strictness: Strictness): Finding[] {
  const schema = schemaOf(records, strictness)
  const { properties = {}, required = [] } = schema
  return [
    {
      says: `A schema of ${Object.keys(properties).length} fields, ${required.length} of them always there`,
      evidence: share(records.length, records.length),
      settings: { choose: 'one', schema: text(schema) }
    }
  ]
}

function several(
  kinds: ReadonlyMap<string, object[]>,
  field: string,
  strictness: Strictness
): Finding[] {
  const all = [...kinds.values()].flat().length
  const schemas = [...kinds].map(([kind, records]) => [kind, schemaOf(records, strictness)])
  return [
    {
      says: `A schema for each of ${kinds.size} values of ${field}: ${[...kinds.keys()].slice(0, 8).join(', ')}`,
      evidence: share(all, all),
      settings: { schemas: text(Object.fromEntries(schemas)) }
    }
  ]
}

const MOST_KINDS = 50

function kindsOf(records: readonly object[], field: string): Map<string, object[]> | undefined {
  const kinds = new Map<string, object[]>()
  const get = getter(field)
  for (const record of records) {
    const kind = get(record)
    if (typeof kind === 'string' && kinds.size < MOST_KINDS)
      kinds.set(kind, [...(kinds.get(kind) ?? []), record])
  }
  return kinds.size === 0 ? undefined : kinds
}

interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: false
  minimum?: number
  maximum?: number
  minLength?: number
  enum?: string[]
  items?: Schema
}

/** The schema of these records. Of what is more than a person reads, the first fields count. */
export function schemaOf(records: readonly object[], strictness: Strictness): Schema {
  const survey = surveyOf(records)
  const time = timeFieldOf(survey)?.facts.path
  const root: Schema = { type: 'object' }
  const places = new Map<string, { schema: Schema; seen: number }>([
    ['[]', { schema: root, seen: survey.records }]
  ])
  for (const facts of survey.fields) {
    const above = places.get(JSON.stringify(facts.steps.slice(0, -1)))
    if (above === undefined) continue
    const name = facts.steps.at(-1)!
    const schema = fieldSchema(facts, strictness, facts.path === time)
    const { properties = {}, required = [] } = above.schema
    define(properties, name, schema)
    if (facts.seen === above.seen) required.push(name)
    Object.assign(above.schema, { properties, ...(required.length > 0 ? { required } : {}) })
    if (schema.type === 'object')
      places.set(JSON.stringify(facts.steps), { schema, seen: facts.seen })
  }
  if (strictness === 'strict' && !survey.cut)
    for (const { schema } of places.values()) schema.additionalProperties = false
  return root
}

/** A field may be called `__proto__`. */
const define = (properties: Record<string, Schema>, name: string, value: Schema) =>
  Object.defineProperty(properties, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true
  })

const TYPES: Readonly<Record<ValueKind, string>> = {
  null: 'null',
  boolean: 'boolean',
  integer: 'integer',
  number: 'number',
  text: 'string',
  list: 'array',
  object: 'object'
}

function fieldSchema(facts: FieldFacts, strictness: Strictness, isTime: boolean): Schema {
  const types = typesOf([...facts.kinds.keys()], strictness, isTime)
  const schema: Schema = { type: types.length === 1 ? types[0]! : types }
  const name = facts.steps.at(-1)!
  if (types.includes('string') && !(facts.texts?.has('') ?? true) && isIdentity(name))
    schema.minLength = 1
  if (facts.items.size === 1)
    schema.items = { type: typesOf([...facts.items.keys()], strictness, false)[0]! }
  if (strictness === 'loose') return schema
  const isMeasured = types.some(type => type === 'number' || type === 'integer') && !isTime
  if (isMeasured && !isIdentity(name)) Object.assign(schema, rangeOf(facts))
  const words = wordsOf(facts)
  if (words !== undefined && sureness(name, 'device') === 0 && !isTime) schema.enum = words
  return schema
}

/** An integer that was seen may be 21.5 the next time, unless it names something. */
function typesOf(kinds: readonly ValueKind[], strictness: Strictness, isTime: boolean): string[] {
  const types = new Set(kinds.map(kind => TYPES[kind]))
  const isWhole = strictness === 'strict' && !isTime && !types.has('number')
  if (!isWhole && types.delete('integer')) types.add('number')
  return [...types]
}

/** The range that was seen, and room around it: as much again, rounded to what a person writes. */
function rangeOf({ min, max }: FieldFacts): Pick<Schema, 'minimum' | 'maximum'> {
  const room = Math.max(max - min, Math.abs(max), Math.abs(min), 1)
  const step = 10 ** Math.floor(Math.log10(room))
  const minimum = min >= 0 ? 0 : Math.floor((min - room) / step) * step
  const maximum = max <= 0 ? 0 : Math.ceil((max + room) / step) * step
  return Number.isFinite(minimum) && Number.isFinite(maximum) ? { minimum, maximum } : {}
}

const MOST_WORDS = 12

/** The words of a field that has few, each seen more than once. */
function wordsOf({ texts, kinds }: FieldFacts): string[] | undefined {
  if (texts === undefined || kinds.size > 1 || texts.size === 0 || texts.size > MOST_WORDS)
    return undefined
  return [...texts.values()].every(count => count > 1) ? [...texts.keys()].sort() : undefined
}

const text = (schema: unknown) => `${JSON.stringify(schema, undefined, 2)}\n`
