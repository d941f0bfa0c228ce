import { type Finding, type Learn, share } from '../../core/learn/learned.ts'
import { fieldMeaning } from '../../core/learn/names.ts'
import {
  type FieldFacts,
  holdsOnly,
  isObject,
  type Survey,
  surveyOf
} from '../../core/learn/survey.ts'
import { timeFieldOf } from '../../core/learn/times.ts'
import { parseOptions } from '../../core/node/spec.ts'
import { recordsOf } from '../../core/record/message.ts'
import { statementsFrom } from './preview.ts'
import { spec } from './spec.ts'

type Column = {
  column: string
  from: string
  type: keyof (typeof spec)['fields']['columns']['columns']['type']['choices']
  role: 'key' | 'required' | 'optional'
}

/** More make a table that nobody wants; a record of so many measurements is reshaped first. */
const MOST_COLUMNS = 40

/** A column for each field, with its type; the key of time, device and metric. */
export const learn: Learn = (observed, values) => {
  const records = observed.flatMap(({ payload }) => recordsOf(payload)).filter(isObject)
  const survey = surveyOf(records)
  if (survey.records === 0) return { findings: [], questions: [] }
  const time = timeOf(survey)
  const columns = columnsOf(survey, time)
  const findings = findingsOf(columns, survey, time)
  const text = statementsOf({ ...values, columns })
  return { findings, questions: [], ...(text === undefined ? {} : { text }) }
}

/** What would be run with these columns; undefined where other settings are not whole yet. */
function statementsOf(values: Readonly<Record<string, unknown>>): string | undefined {
  try {
    return statementsFrom(parseOptions(spec, { ...values, database: '-' }))
  } catch {
    return undefined
  }
}

/** The time in UTC that normalize has written goes before the one of the device. */
const timeOf = (survey: Survey): FieldFacts | undefined =>
  survey.fields.find(({ path, kinds }) => path === 'ts_utc' && kinds.has('text')) ??
  timeFieldOf(survey)?.facts

function columnsOf(survey: Survey, time: FieldFacts | undefined): Column[] {
  const device = fieldMeaning(survey, 'device')
  const metric = fieldMeaning(survey, 'metric', facts => holdsOnly(facts, 'text'))
  const keys = [time, device, metric].filter(facts => facts !== undefined)
  const isSpent = (facts: FieldFacts) =>
    // What the time in UTC was made of.
    time?.path === 'ts_utc' && (facts.path === 'ts' || /^ts_(source|rule)$/.test(facts.path))
  const others = survey.fields.filter(
    facts => !keys.includes(facts) && !isSpent(facts) && facts.steps.length === 1
  )
  const names = new Map<string, number>()
  const nameFor = (facts: FieldFacts) => {
    const name = facts === time ? 'time' : columnName(facts.steps.join('_'))
    const before = names.get(name) ?? 0
    names.set(name, before + 1)
    return before === 0 ? name : `${name}_${before + 1}`
  }
  return [...keys, ...others].slice(0, MOST_COLUMNS).map(facts => ({
    column: nameFor(facts),
    from: facts.path,
    type: facts === time ? 'timestamptz' : typeOf(facts),
    role: keys.includes(facts) && time !== undefined ? 'key' : roleOf(facts, survey)
  }))
}

const roleOf = ({ seen, kinds, path }: FieldFacts, { records }: Survey) =>
  path === 'value' && seen === records && !kinds.has('null') ? 'required' : 'optional'

/** As PostgreSQL writes names without quotes. */
const columnName = (path: string): string =>
  path
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .replace(/^(?=\d)/, '_')
    .slice(0, 63) || 'field'

/** An integer that was seen may be 21.5 the next time; one beyond a double is kept exactly. */
function typeOf(facts: FieldFacts): Column['type'] {
  if (holdsOnly(facts, 'boolean')) return 'boolean'
  if (holdsOnly(facts, 'integer', 'number')) return numberType(facts)
  if (holdsOnly(facts, 'text')) return 'text'
  return 'jsonb'
}

function numberType({ values, min, max }: FieldFacts): Column['type'] {
  const isLong = values.some(value => typeof value === 'bigint')
  const isExact = values.some(value => typeof value === 'object' && value !== null)
  if (isExact) return 'numeric'
  if (!isLong) return 'double precision'
  return min >= -(2 ** 63) && max < 2 ** 63 ? 'bigint' : 'numeric'
}

function findingsOf(
  columns: readonly Column[],
  survey: Survey,
  time: FieldFacts | undefined
): Finding[] {
  const keys = columns.filter(({ role }) => role === 'key').map(({ column }) => column)
  const few = columns.map(({ column, type }) => `${column} (${type})`).join(', ')
  const findings: Finding[] = [
    {
      says: `${columns.length} columns: ${few.length > 240 ? `${few.slice(0, 240)}…` : few}`,
      evidence: share(survey.records, survey.records),
      settings: { columns }
    }
  ]
  if (time === undefined)
    findings.push({
      says: 'No field holds a time, so that there is no key: put normalize before it',
      evidence: '',
      settings: {}
    })
  else
    findings.push({
      says: `The key is ${keys.join(', ')}: a record that comes again stays one row`,
      evidence: '',
      settings: {}
    })
  return findings
}
