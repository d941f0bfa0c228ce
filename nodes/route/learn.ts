import { type Finding, type Learn, share } from '../../core/learn/learned.ts'
import { sureness } from '../../core/learn/names.ts'
import { type FieldFacts, holdsOnly, isObject, nameOf, surveyOf } from '../../core/learn/survey.ts'
import { recordsOf } from '../../core/record/message.ts'
import type { Rule } from './rules.ts'

const MOST_RULES = 8

/** An output for each value of a field that has few of them. */
export const learn: Learn = (observed, _values, answers) => {
  const records = observed.flatMap(({ payload }) => recordsOf(payload)).filter(isObject)
  const survey = surveyOf(records)
  const fields = survey.fields.filter(facts => isFew(facts, survey.records)).sort(surer)
  if (fields.length === 0) return { findings: [], questions: [] }
  const choices = Object.fromEntries(fields.map(({ path }) => [path, path]))
  const chosen = fields.find(({ path }) => path === answers.field) ?? fields[0]!
  return {
    findings: [findingOf(chosen, survey.records)],
    questions: [
      { name: 'field', asks: 'An output for each value of', answer: chosen.path, choices }
    ]
  }
}

const isFew = (facts: FieldFacts, records: number): boolean =>
  holdsOnly(facts, 'text', 'boolean') &&
  facts.seen * 2 > records &&
  wordsOf(facts).length > 0 &&
  wordsOf(facts).length <= MOST_RULES &&
  sureness(nameOf(facts), 'time') === 0

const surer = (a: FieldFacts, b: FieldFacts) => rank(b) - rank(a)
const rank = (facts: FieldFacts) =>
  sureness(nameOf(facts), 'metric') - sureness(nameOf(facts), 'device') + wordsOf(facts).length

function wordsOf({ texts, kinds }: FieldFacts): (string | boolean)[] {
  const words: (string | boolean)[] = texts === undefined ? [] : [...texts.keys()].sort()
  return kinds.has('boolean') ? [true, false, ...words] : words
}

function findingOf(facts: FieldFacts, records: number): Finding {
  const words = wordsOf(facts)
  const rules: Rule[] = words.map(value => ({
    match: 'all',
    conditions: [{ field: facts.path, operator: 'equals', value }]
  }))
  return {
    says: `${facts.path} is one of ${words.map(String).join(', ')}`,
    evidence: share(facts.seen, records),
    settings: { rules }
  }
}
