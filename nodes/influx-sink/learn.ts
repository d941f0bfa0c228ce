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
import { recordsOf } from '../../core/record/message.ts'
import type { PointRow } from './line.ts'

/** More make a point that nobody wants; a record of so many measurements is reshaped first. */
const MOST_ROWS = 40

/** A tag for what names a series, a field with its type for all else, and the time. */
export const learn: Learn = observed => {
  const records = observed.flatMap(({ payload }) => recordsOf(payload)).filter(isObject)
  const survey = surveyOf(records)
  if (survey.records === 0) return { findings: [], questions: [] }
  const time = timeOf(survey)
  const rows = rowsOf(survey, time)
  return { findings: findingsOf(rows, survey, time), questions: [] }
}

/** The time in UTC that normalize has written goes before the one of the device. */
const timeOf = (survey: Survey): FieldFacts | undefined =>
  survey.fields.find(({ path, kinds }) => path === 'ts_utc' && kinds.has('text')) ??
  timeFieldOf(survey)?.facts

function rowsOf(survey: Survey, time: FieldFacts | undefined): PointRow[] {
  const keys = (['device', 'metric', 'place'] as const)
    .map(meaning => fieldMeaning(survey, meaning))
    .filter(facts => facts !== undefined)
  const isSpent = (facts: FieldFacts) =>
    facts === time || (time?.path === 'ts_utc' && /^ts(_source|_rule)?$/.test(facts.path))
  const own = survey.fields.filter(facts => !isSpent(facts) && facts.steps.length === 1)
  const rows = own.map((facts): PointRow => {
    const isTag = keys.includes(facts) && holdsOnly(facts, 'text', 'integer')
    const isAlways = facts.seen === survey.records && !facts.kinds.has('null')
    return {
      name: nameOf(facts),
      from: facts.path,
      type: isTag ? 'tag' : typeOf(facts),
      role: isAlways && (isTag || facts.path === 'value') ? 'required' : 'optional'
    }
  })
  return rows
    .sort((a, b) => Number(b.type === 'tag') - Number(a.type === 'tag'))
    .slice(0, MOST_ROWS)
}

const RESERVED = /^_?time$|^_field$|^_measurement$|[\n\r]|\\$/

const nameOf = ({ steps }: FieldFacts): string => {
  const name = steps.join('_')
  return RESERVED.test(name) ? `${name.replace(/[\n\r\\]/g, '')}_` : name
}

/** An integer that was seen may be 21.5 the next time; one beyond a double is kept exactly. */
function typeOf(facts: FieldFacts): PointRow['type'] {
  if (holdsOnly(facts, 'boolean')) return 'boolean'
  if (holdsOnly(facts, 'integer', 'number'))
    return facts.values.some(value => typeof value === 'bigint') ? 'integer' : 'number'
  return holdsOnly(facts, 'text') ? 'text' : 'json'
}

function findingsOf(
  rows: readonly PointRow[],
  survey: Survey,
  time: FieldFacts | undefined
): Finding[] {
  const shown = rows.map(({ name, type }) => `${name} (${type})`).join(', ')
  const tags = rows.filter(({ type }) => type === 'tag').map(({ name }) => name)
  const evidence = share(survey.records, survey.records)
  return [
    {
      says: `${rows.length} tags and fields: ${shown.length > 240 ? `${shown.slice(0, 240)}…` : shown}`,
      evidence,
      settings: { rows }
    },
    time === undefined
      ? { says: 'No field holds a time: put normalize before it', evidence: '', settings: {} }
      : {
          says: `The time is in ${time.path}; with ${tags.join(', ') || 'the measurement'} it names a point`,
          evidence,
          settings: { time: time.path }
        }
  ]
}
