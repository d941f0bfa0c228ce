import { placeOf } from '../../core/learn/formats.ts'
import { fieldMeaning, isIdentity, sureness } from '../../core/learn/names.ts'
import {
  type FieldFacts,
  holdsNumbers,
  holdsOnly,
  isObject,
  nameOf,
  type Survey,
  surveyOf
} from '../../core/learn/survey.ts'
import { timeFieldOf } from '../../core/learn/times.ts'
import { getter } from '../../core/record/field-path.ts'
import { numberIn, numberWithComma } from '../../core/record/number-text.ts'

type Settings = Readonly<Record<string, unknown>>

/** Settings for messages of no known make, and what they are told by. */
export interface OwnShape {
  readonly settings: Settings
  readonly says: string
  /** Where records already have a metric and a value. */
  readonly isLong: boolean
  /** Fields that hold true and false; and words that stand for numbers. */
  readonly booleans: readonly string[]
  readonly words: readonly { readonly field: string; readonly by: string }[]
  /** Fields with numbers that are written as text, and how they are read. */
  readonly numbers: readonly { readonly field: string; readonly action: NumberAction }[]
  /** Fields with lists of numbers; and with lists of objects. */
  readonly lists: readonly string[]
  readonly nested: readonly string[]
  /** Whether a field holds a number that is a measurement. */
  readonly hasNumbers: boolean
}

type NumberAction = 'number' | 'decimal-comma'

export function ownShape(records: readonly unknown[]): OwnShape {
  const bare = records.filter(record => !isObject(record)).length
  if (bare * 2 > records.length) return bareValues(records)
  const list = listIn(records)
  const looked = list === undefined ? records : elementsOf(records, list)
  const survey = surveyOf(looked)
  const place: Settings = list === undefined ? {} : { recordsAt: 'list', listPath: list }
  const around = list === undefined ? '' : `, in the list ${list}`
  const long = longOf(survey, surveyOf(records))
  if (long !== undefined)
    return {
      ...NOTHING,
      settings: { ...place, ...long },
      says: `A record a value${around}`,
      isLong: true
    }
  return {
    ...wide(survey, surveyOf(records), place),
    says: `A record of many measurements${around}`
  }
}

/** Settings that take a message apart as a whole, lists of it too: each value by its place. */
export function byPlace(records: readonly unknown[]): Settings {
  const survey = surveyOf(records)
  return { ...wide(survey, survey, {}).settings, lists: true }
}

const NOTHING = {
  isLong: false,
  booleans: [],
  words: [],
  numbers: [],
  lists: [],
  nested: [],
  hasNumbers: true
} as const

const bareValues = (records: readonly unknown[]): OwnShape => ({
  ...NOTHING,
  settings: {
    bare: true,
    mode: 'keep',
    keep: [],
    values: [
      {
        metric: '*',
        action: readingOf(records) === 'decimal-comma' ? 'decimal-comma' : 'words',
        by: ''
      }
    ]
  },
  says: 'The payload is a bare value',
  isLong: true
})

const MOST_ELEMENTS = 200

/** The list that most records have. */
function listIn(records: readonly unknown[]): string | undefined {
  const { at, path } = placeOf(records[0])
  if (at !== 'list' || path === '') return undefined
  const get = getter(path)
  const having = records.filter(record => Array.isArray(get(record))).length
  return having * 2 > records.length ? path : undefined
}

export const elementsOf = (records: readonly unknown[], path: string): unknown[] =>
  records
    .flatMap(record => {
      const list = getter(path)(record)
      return Array.isArray(list) ? (list as unknown[]).slice(0, MOST_ELEMENTS) : []
    })
    .slice(0, MOST_ELEMENTS)

/** Names and values that stand in fields of their own; undefined where they do not. */
function longOf(survey: Survey, whole: Survey): Settings | undefined {
  const value = fieldMeaning(survey, 'value', facts =>
    holdsOnly(facts, 'integer', 'number', 'text', 'boolean')
  )
  const others = survey.fields.filter(
    facts => facts !== value && holdsNumbers(facts) && !isKept(facts, survey)
  )
  if (value === undefined || others.length > 0) return undefined
  const metric =
    fieldMeaning(survey, 'metric', facts => holdsOnly(facts, 'text')) ??
    survey.fields.find(facts => holdsOnly(facts, 'text') && /^(name|id)$/i.test(nameOf(facts)))
  const rows = [...keepRows(survey, whole, metric)]
  if (metric !== undefined) rows.push(row(metric.path, 'metric'))
  rows.push(row(value.path, 'value'))
  const unit = survey.fields.find(facts => /^(unit|u|uom)$/i.test(nameOf(facts)))
  if (unit !== undefined) rows.push(row(unit.path, 'unit'))
  return { mode: 'keep', keep: rows, others: false }
}

const row = (from: string, to: string) => ({ from, to: from === to ? '' : to })

/** What stands in every record: device, time, place. `whole` is what stands around a list. */
function keepRows(survey: Survey, whole: Survey, metric?: FieldFacts) {
  const time = timeFieldOf(survey) ?? timeFieldOf(whole)
  const device =
    deviceOf(survey, metric) ?? (whole === survey ? undefined : deviceOf(whole, metric))
  const places = survey.fields.filter(
    facts =>
      facts.steps.length === 1 &&
      facts !== metric &&
      sureness(nameOf(facts), 'place') > 0 &&
      holdsOnly(facts, 'text')
  )
  return [
    ...(device === undefined ? [] : [row(device.path, 'device_id')]),
    ...(time === undefined ? [] : [row(time.facts.path, 'ts')]),
    ...places.map(({ path }) => row(path, ''))
  ]
}

function deviceOf(survey: Survey, metric: FieldFacts | undefined): FieldFacts | undefined {
  const found = fieldMeaning(survey, 'device')
  // The number of a sensor inside names the sensor, and not who sends.
  return found === metric || (found !== undefined && found.steps.length > 2) ? undefined : found
}

const isKept = (facts: FieldFacts, survey: Survey): boolean =>
  facts === timeFieldOf(survey)?.facts ||
  facts === fieldMeaning(survey, 'device') ||
  isIdentity(nameOf(facts))

function wide(survey: Survey, whole: Survey, place: Settings): Omit<OwnShape, 'says'> {
  const keep = keepRows(survey, whole)
  const objects = objectsWithValue(survey)
  const kept = new Set(keep.map(({ from }) => from))
  const left = survey.fields.filter(
    facts => holdsNumbers(facts) && isIdentity(nameOf(facts)) && !kept.has(facts.path)
  )
  const names = left.map(({ path }) => ({ field: path, metric: '' }))
  const settings: Settings = {
    ...place,
    mode: 'unpivot',
    keep,
    ...(names.length === 0 || objects !== undefined ? {} : { which: 'except', names }),
    ...objects
  }
  const words = survey.fields.flatMap(facts => wordsOf(facts) ?? [])
  const booleans = survey.fields.filter(facts => holdsOnly(facts, 'boolean'))
  const measured = survey.fields.filter(
    facts => !kept.has(facts.path) && !isIdentity(nameOf(facts))
  )
  return {
    settings,
    isLong: false,
    booleans: booleans.map(({ path }) => path),
    words,
    numbers: measured.flatMap(({ path, values }) => {
      const action = readingOf(values)
      return action === undefined ? [] : [{ field: path, action }]
    }),
    lists: measured.filter(holdsNumberLists).map(({ path }) => path),
    nested: measured.filter(holdsObjectLists).map(({ path }) => path),
    hasNumbers: measured.some(holdsNumbers)
  }
}

const holdsNumberLists = (facts: FieldFacts): boolean =>
  holdsOnly(facts, 'list') &&
  facts.items.size > 0 &&
  [...facts.items.keys()].every(kind => kind === 'integer' || kind === 'number')

const holdsObjectLists = (facts: FieldFacts): boolean =>
  holdsOnly(facts, 'list') && facts.items.has('object')

/** How values are read of which each is a number, and one at least written as text. */
function readingOf(values: readonly unknown[]): NumberAction | undefined {
  const there = values.filter(value => value !== null && value !== '')
  const texts = there.filter((value): value is string => typeof value === 'string')
  const isEach = (read: (text: string) => number | undefined) =>
    there.every(value =>
      typeof value === 'string'
        ? !ID.test(value) && read(value) !== undefined
        : typeof value === 'number'
    )
  if (texts.length === 0) return undefined
  if (isEach(numberIn)) return 'number'
  return texts.some(text => text.includes(',')) && isEach(numberWithComma)
    ? 'decimal-comma'
    : undefined
}

/** A number that begins with zeros names something. */
const ID = /^0\d/

const VALUE = /^(value|val|v)$/i
const TIME = /^(sourcetimestamp|timestamp|ts|time|t)$/i
const UNIT = /^(unit|units|uom|u)$/i
const QUALITY = /^(statuscode|status|quality|q)$/i

/** `{"temperature": {"Value": 21.5, "SourceTimestamp": …}}`: objects of one form, one a metric. */
function objectsWithValue({ fields }: Survey): Settings | undefined {
  const inner = fields.filter(({ steps }) => steps.length === 2)
  const outer = fields.filter(facts => facts.steps.length === 1 && holdsOnly(facts, 'object'))
  const named = (form: RegExp) => inner.find(facts => form.test(nameOf(facts)))
  const [value, time] = [named(VALUE), named(TIME)]
  if (value === undefined || time === undefined) return undefined
  const having = outer.filter(({ steps }) =>
    inner.some(facts => facts.steps[0] === steps[0] && VALUE.test(nameOf(facts)))
  )
  if (having.length < outer.length) return undefined
  return {
    each: 'object',
    valueAt: nameOf(value),
    timeAt: nameOf(time),
    unitAt: nameOf(named(UNIT) ?? { steps: [''] }),
    qualityAt: nameOf(named(QUALITY) ?? { steps: [''] })
  }
}

/** Pairs of words that machines use for on and off. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['on', 'off'],
  ['true', 'false'],
  ['open', 'closed'],
  ['yes', 'no'],
  ['online', 'offline'],
  ['running', 'stopped']
]

function wordsOf(facts: FieldFacts): { field: string; by: string } | undefined {
  if (!holdsOnly(facts, 'text') || facts.texts === undefined) return undefined
  const words = [...facts.texts.keys()]
  const pair = PAIRS.find(both => words.every(word => both.includes(word.toLowerCase())))
  if (pair === undefined || words.length === 0) return undefined
  const isUpper = words.every(word => word === word.toUpperCase())
  const [yes, no] = isUpper ? pair.map(word => word.toUpperCase()) : pair
  return { field: facts.path, by: `${yes}=1, ${no}=0` }
}
