import { ExactDecimal } from '../record/exact-decimal.ts'
import { pathOf } from '../record/field-path.ts'

export type ValueKind = 'null' | 'boolean' | 'integer' | 'number' | 'text' | 'list' | 'object'

/** What is known of one field over all records. */
export interface FieldFacts {
  readonly steps: readonly string[]
  /** As it is written in a dialog: `BME280.Temperature`, `V["PM2.5"]`. */
  readonly path: string
  /** In how many records it stands. */
  seen: number
  readonly kinds: Map<ValueKind, number>
  /** Of numbers. */
  min: number
  max: number
  /** Different texts and their counts; undefined once there are too many or too long ones. */
  texts: Map<string, number> | undefined
  /** What it held, in the order seen; a few. */
  readonly values: unknown[]
  /** Kinds of the elements of a list. */
  readonly items: Map<ValueKind, number>
}

export interface Survey {
  readonly records: number
  /** In the order first seen. */
  readonly fields: readonly FieldFacts[]
  /** True where there was more than is looked at. */
  readonly cut: boolean
}

/** What a survey looks at, whatever comes: a device has fewer fields, a person reads fewer. */
const MOST_RECORDS = 2_000
const MOST_FIELDS = 500
const MOST_VALUES = 100_000
const MAX_DEPTH = 12
const MOST_TEXTS = 16
const MAX_TEXT = 100
const KEPT_VALUES = 100
const MOST_ITEMS = 50

/** Looks through the fields of records, into objects and not into lists. */
export function surveyOf(records: readonly unknown[]): Survey {
  const walk = new Walk()
  const looked = records.slice(0, MOST_RECORDS)
  for (const record of looked) if (isObject(record)) walk.object(record, [])
  return {
    records: looked.filter(isObject).length,
    fields: [...walk.fields.values()],
    cut: walk.cut || looked.length < records.length
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Date) &&
  !(value instanceof ExactDecimal) &&
  !ArrayBuffer.isView(value)

class Walk {
  readonly fields = new Map<string, FieldFacts>()
  cut = false
  #left = MOST_VALUES

  object(object: Record<string, unknown>, above: readonly string[]): void {
    for (const name in object) {
      if (!Object.hasOwn(object, name)) continue
      if (--this.#left < 0) {
        this.cut = true
        return
      }
      const steps = [...above, name]
      const facts = this.#factsOf(steps)
      if (facts === undefined) return
      this.#note(facts, object[name])
      if (!isObject(object[name])) continue
      if (steps.length < MAX_DEPTH) this.object(object[name], steps)
      else this.cut = true
    }
  }

  #factsOf(steps: readonly string[]): FieldFacts | undefined {
    const key = JSON.stringify(steps)
    const known = this.fields.get(key)
    if (known !== undefined) return known
    if (this.fields.size >= MOST_FIELDS) {
      this.cut = true
      return undefined
    }
    const facts: FieldFacts = {
      steps,
      path: pathOf(steps),
      seen: 0,
      kinds: new Map(),
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY,
      texts: new Map(),
      values: [],
      items: new Map()
    }
    this.fields.set(key, facts)
    return facts
  }

  #note(facts: FieldFacts, value: unknown): void {
    const kind = kindOf(value)
    facts.seen++
    count(facts.kinds, kind)
    if (facts.values.length < KEPT_VALUES) facts.values.push(value)
    if (kind === 'integer' || kind === 'number') {
      facts.min = Math.min(facts.min, Number(value))
      facts.max = Math.max(facts.max, Number(value))
    }
    if (kind === 'text') noteText(facts, value as string)
    if (kind === 'list')
      for (const item of (value as unknown[]).slice(0, MOST_ITEMS)) count(facts.items, kindOf(item))
  }
}

function noteText(facts: FieldFacts, text: string): void {
  if (facts.texts === undefined) return
  if (text.length > MAX_TEXT || (facts.texts.size >= MOST_TEXTS && !facts.texts.has(text)))
    facts.texts = undefined
  else count(facts.texts, text)
}

const count = <Key>(counts: Map<Key, number>, key: Key) =>
  counts.set(key, (counts.get(key) ?? 0) + 1)

export function kindOf(value: unknown): ValueKind {
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'number'
    case 'bigint':
      return 'integer'
    case 'boolean':
      return 'boolean'
    case 'string':
      return 'text'
    case 'object':
      if (value === null) return 'null'
      if (value instanceof ExactDecimal) return 'number'
      return Array.isArray(value) ? 'list' : 'object'
    default:
      return 'null'
  }
}

/** True if the field holds nothing but these, and something. */
export function holdsOnly({ kinds }: FieldFacts, ...wanted: readonly ValueKind[]): boolean {
  const there = [...kinds.keys()].filter(kind => kind !== 'null')
  return there.length > 0 && there.every(kind => wanted.includes(kind))
}

export const holdsNumbers = (facts: FieldFacts): boolean => holdsOnly(facts, 'integer', 'number')

/** The name by which a person knows it: the last step. */
export const nameOf = ({ steps }: Pick<FieldFacts, 'steps'>): string => steps.at(-1)!
