import { answerTo, type Finding, type Learn, share } from '../../core/learn/learned.ts'
import { fieldMeaning } from '../../core/learn/names.ts'
import { isObject, surveyOf } from '../../core/learn/survey.ts'
import { recordsOf } from '../../core/record/message.ts'

const MOST = 20

/** The field of the device, and two of the metrics that came. */
export const learn: Learn = (observed, _values, answers) => {
  const records = observed.flatMap(({ payload }) => recordsOf(payload)).filter(isObject)
  const survey = surveyOf(records)
  const findings: Finding[] = []
  const device = fieldMeaning(survey, 'device')
  if (device !== undefined)
    findings.push({
      says: `The device is in ${device.path}`,
      evidence: share(device.seen, survey.records),
      settings: { key: [{ field: device.path }] }
    })
  const metric = fieldMeaning(survey, 'metric')
  const names = [...(metric?.texts?.keys() ?? [])].sort().slice(0, MOST)
  if (metric === undefined || names.length < 2) return { findings, questions: [] }
  const choices = Object.fromEntries(names.map(name => [name, name]))
  const first = answerTo(answers, 'first', choices, names[0])
  const others = Object.fromEntries(names.filter(name => name !== first).map(name => [name, name]))
  const second = answerTo(answers, 'second', others, Object.keys(others)[0])
  findings.push({
    says: `${first} and ${second} are told apart by ${metric.path}`,
    evidence: share(metric.seen, survey.records),
    settings: { by: 'field', byField: metric.path, first, second }
  })
  return {
    findings,
    questions: [
      { name: 'first', asks: 'The first input', answer: first, choices },
      { name: 'second', asks: 'The second input', answer: second, choices: others }
    ]
  }
}
