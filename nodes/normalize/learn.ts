import {
  answerTo,
  type Finding,
  type Learn,
  type Question,
  share
} from '../../core/learn/learned.ts'
import { fieldMeaning } from '../../core/learn/names.ts'
import { holdsNumbers, isObject, type Survey, surveyOf } from '../../core/learn/survey.ts'
import { type TimeField, timeFieldOf } from '../../core/learn/times.ts'
import { recordsOf } from '../../core/record/message.ts'
import { numberIn } from '../../core/record/number-text.ts'
import { formsReader, type PatternForm } from './patterns.ts'
import { isReason, readTimestamp } from './timestamp.ts'

/** The time of the records: its field, form, unit and zone; and other names that are usual. */
export const learn: Learn = (observed, _values, answers) => {
  const records = observed.flatMap(({ payload }) => recordsOf(payload)).filter(isObject)
  const survey = surveyOf(records)
  if (survey.records === 0) return { findings: [], questions: [] }
  const fields = fieldFinding(survey)
  const time = timeFieldOf(survey)
  const learned = time === undefined ? withoutTime(answers) : withTime(time, survey, answers)
  return { ...learned, findings: [...learned.findings, ...fields] }
}

const MISSING = {
  reject: 'rejected',
  kafka: 'stored with the time of the Kafka record',
  arrival: 'stored with the time of arrival here'
} as const

function withoutTime(answers: Parameters<Learn>[2]): {
  findings: Finding[]
  questions: Question[]
} {
  const answer = answerTo(answers, 'missing', MISSING)
  const settings = answer === '' ? {} : { missing: answer }
  return {
    findings: [{ says: 'No field holds a time', evidence: '', settings }],
    questions: [{ name: 'missing', asks: 'Records without a time are', answer, choices: MISSING }]
  }
}

function withTime(
  { facts, form }: TimeField,
  survey: Survey,
  answers: Parameters<Learn>[2]
): { findings: Finding[]; questions: readonly Question[] } {
  const values = facts.values.filter(value => value !== null && value !== '')
  const read = readingOf(values, form === 'spelled', answers)
  const findings: Finding[] = [
    {
      says: `The time is in ${facts.path}: ${read.says}`,
      evidence: share(facts.seen, survey.records),
      settings: { field: facts.path, ...read.settings }
    }
  ]
  if (!read.isLocal) return { findings, questions: read.questions }
  const own = fieldMeaning(survey, 'zone')
  if (own !== undefined && holdsZones(own.values)) {
    findings.push({
      says: `Its zone is in ${own.path}`,
      evidence: share(own.seen, survey.records),
      settings: { zoneFrom: 'field', zoneField: own.path }
    })
    return { findings, questions: read.questions }
  }
  const answer = answers.zone ?? ''
  findings.push({
    says: answer === '' ? 'It says no zone' : `It says no zone, and is in ${answer}`,
    evidence: share(facts.seen, survey.records),
    settings: answer === '' ? {} : { zoneFrom: 'fixed', zone: answer }
  })
  const zone: Question = {
    name: 'zone',
    asks: 'The times are in the zone',
    answer,
    choices: 'zones'
  }
  return { findings, questions: [...read.questions, zone] }
}

const holdsZones = (values: readonly unknown[]) =>
  values.every(
    value => typeof value === 'string' && /^([A-Z]\w+\/\w+|[+-]\d\d:?\d\d|UTC)/.test(value)
  )

interface Reading {
  readonly says: string
  readonly settings: Readonly<Record<string, unknown>>
  /** The zone must be told. */
  readonly isLocal: boolean
  readonly questions: readonly Question[]
}

const UNITS = { s: 'seconds', ms: 'milliseconds', us: 'microseconds', ns: 'nanoseconds' } as const

function readingOf(
  values: readonly unknown[],
  isSpelled: boolean,
  answers: Parameters<Learn>[2]
): Reading {
  const rules = { unit: 'auto', fold: 'earlier' } as const
  const results = values.map(value => readTimestamp(value, rules, () => undefined))
  const isLocal = results.some(result => isReason(result) && result.code === 'TS_ZONE_MISSING')
  const fine = results.flatMap(result => (isReason(result) ? [] : [result.rule]))
  const unit = unitOf(fine)
  if (unit !== undefined)
    return {
      says: `${UNITS[unit]} since 1970`,
      settings: { unit },
      isLocal: false,
      questions: []
    }
  const isRead = (index: number) => {
    const result = results[index]!
    return !isReason(result) || result.code === 'TS_ZONE_MISSING'
  }
  if (!isSpelled || values.every((_, index) => isRead(index)))
    return { says: wordsOf(fine, isLocal), settings: {}, isLocal, questions: [] }
  return byPattern(values, answers)
}

const wordsOf = (rules: readonly string[], isLocal: boolean) => {
  const names = [...new Set(rules.map(rule => rule.replace(/,.*$/, '')))].slice(0, 3).join(', ')
  if (names === '') return 'date and time without a zone'
  return isLocal ? `${names}, some without a zone` : names
}

/** The one unit that all numbers have. */
function unitOf(rules: readonly string[]): keyof typeof UNITS | undefined {
  const found = new Set(rules.map(rule => /^epoch (s|ms|us|ns)\b/.exec(rule)?.[1]))
  const [only] = found
  return found.size === 1 && rules.length > 0 ? (only as keyof typeof UNITS) : undefined
}

/** What people and their machines write, each with the day before the month and after it. */
const PATTERNS: readonly string[] = [
  'yyyy/MM/dd HH:mm:ss',
  'yyyy/MM/dd HH:mm',
  'yyyyMMddHHmmss',
  'yyyy-MM-dd HH:mm',
  'dd.MM.yyyy HH:mm:ss',
  'dd.MM.yyyy HH:mm',
  'd.M.yyyy HH:mm:ss',
  'd.M.yyyy HH:mm',
  'dd/MM/yyyy HH:mm:ss',
  'MM/dd/yyyy HH:mm:ss',
  'dd/MM/yyyy HH:mm',
  'MM/dd/yyyy HH:mm',
  'd/M/yyyy HH:mm:ss',
  'M/d/yyyy HH:mm:ss',
  'd/M/yyyy h:mm:ss a',
  'M/d/yyyy h:mm:ss a',
  'dd/MM/yyyy hh:mm:ss a',
  'MM/dd/yyyy hh:mm:ss a',
  'dd-MM-yyyy HH:mm:ss',
  'MM-dd-yyyy HH:mm:ss',
  'dd-MM-yyyy HH:mm',
  'd MMM yyyy HH:mm:ss',
  'd. MMMM yyyy HH:mm:ss',
  'd. MMMM yyyy HH:mm',
  'd MMMM yyyy HH:mm',
  'MMM d, yyyy h:mm:ss a',
  'MMM d yyyy HH:mm:ss'
]
const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pl', 'pt'] as const
const MOST_VALUES = 20

/** Where two patterns read the same texts as different times, a person says which is meant. */
function byPattern(values: readonly unknown[], answers: Parameters<Learn>[2]): Reading {
  const texts = values.filter(value => typeof value === 'string').slice(0, MOST_VALUES)
  const fitting = formsThatRead(texts)
  // The first that reads them so.
  const different = new Map([...fitting].reverse().map(found => [found.times.join(), found]))
  const [first] = fitting
  if (first === undefined)
    return {
      says: 'a form that has to be written down',
      settings: {},
      isLocal: false,
      questions: []
    }
  if (different.size === 1) return read(first)
  const choices = Object.fromEntries(
    [...different.values()].map(({ form, times }) => [
      form.pattern,
      meaningOf(texts[0]!, times[0]!)
    ])
  )
  const answer = answerTo(answers, 'pattern', choices)
  const chosen = fitting.find(({ form }) => form.pattern === answer)
  const question: Question = { name: 'pattern', asks: 'Day or month first', answer, choices }
  return chosen === undefined
    ? {
        says: 'day and month may be meant both ways',
        settings: {},
        isLocal: false,
        questions: [question]
      }
    : { ...read(chosen), questions: [question] }
}

interface Fitting {
  readonly form: PatternForm
  readonly times: readonly number[]
  readonly isLocal: boolean
}

const read = ({ form, isLocal }: Fitting): Reading => ({
  says: `of the form ${form.pattern}${form.language === 'en' ? '' : `, in the language ${form.language}`}`,
  settings: { forms: [form] },
  isLocal,
  questions: []
})

function formsThatRead(texts: readonly string[]): Fitting[] {
  const hasNames = texts.some(text => /\p{L}{3,}/u.test(text.replace(/[ap]\.?m\.?$/i, '')))
  const languages = hasNames ? LANGUAGES : (['en'] as const)
  const found: Fitting[] = []
  for (const pattern of PATTERNS) {
    for (const language of languages) {
      const fitting = fits({ pattern, language }, texts)
      if (fitting === undefined) continue
      found.push(fitting)
      break
    }
  }
  return found
}

function fits(form: PatternForm, texts: readonly string[]): Fitting | undefined {
  const read = formsReader([form])!
  const times = texts.map(read)
  const fine = times.flatMap(time => (time === undefined || 'code' in time ? [] : [time]))
  if (fine.length < texts.length || fine.length === 0) return undefined
  return { form, times: fine.map(({ ms }) => ms), isLocal: fine.some(({ isLocal }) => isLocal) }
}

const meaningOf = (text: string, ms: number): string => {
  const day = new Date(ms).toLocaleDateString('en', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC'
  })
  return `${text} is ${day}`
}

/** Names that the nodes behind expect, and a value that is a number written as text. */
function fieldFinding(survey: Survey): Finding[] {
  const rows: { from: string; to: string; as: string }[] = []
  const has = (name: string) => survey.fields.some(({ path }) => path === name)
  const device = has('device_id') ? undefined : fieldMeaning(survey, 'device')
  if (device !== undefined) rows.push({ from: device.path, to: 'device_id', as: 'keep' })
  const value = fieldMeaning(survey, 'value', () => true)
  if (value !== undefined) {
    const to = has('value') ? '' : 'value'
    if (holdsNumbers(value) && to !== '') rows.push({ from: value.path, to, as: 'keep' })
    const texts = value.values.filter(each => each !== null)
    if (texts.length > 0 && texts.every(each => typeof each === 'string'))
      rows.push(...conversion(value.path, to, texts as string[]))
  }
  if (rows.length === 0) return []
  const says = rows.map(({ from, to, as }) => {
    const words = [to === '' ? '' : `is called ${to}`, as === 'keep' ? '' : 'is a number as text']
    return `${from} ${words.filter(word => word !== '').join(' and ')}`
  })
  return [
    {
      says: says.join('; '),
      evidence: share(survey.records, survey.records),
      settings: { fields: rows }
    }
  ]
}

function conversion(from: string, to: string, texts: readonly string[]) {
  if (texts.every(text => numberIn(text) !== undefined)) return [{ from, to, as: 'number' }]
  const isComma = texts.every(text => /^[-+]?\d{1,3}(\.?\d{3})*,\d+$/.test(text.trim()))
  return isComma ? [{ from, to, as: 'decimal-comma' }] : []
}
