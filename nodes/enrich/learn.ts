import { type Learn, share } from '../../core/learn/learned.ts'
import { fieldMeaning } from '../../core/learn/names.ts'
import { isObject, surveyOf } from '../../core/learn/survey.ts'
import { recordsOf } from '../../core/record/message.ts'

const SHOWN = 3

/** The field that names the device. */
export const learn: Learn = observed => {
  const records = observed.flatMap(({ payload }) => recordsOf(payload)).filter(isObject)
  const survey = surveyOf(records)
  const device = fieldMeaning(survey, 'device')
  if (device === undefined) return { findings: [], questions: [], isNeeded: false }
  const names = [...new Set(device.values.map(String))]
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''
  return {
    findings: [
      {
        says: `The device is in ${device.path}: ${names.slice(0, SHOWN).join(', ')}${more}`,
        evidence: share(device.seen, survey.records),
        settings: { key: device.path }
      }
    ],
    questions: []
  }
}
