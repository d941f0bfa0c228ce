import { bytesOf, formatOf } from '../../core/learn/formats.ts'
import type { Answers, Finding, Learn, Learned, Observed } from '../../core/learn/learned.ts'
import { fieldMeaning, isSurely } from '../../core/learn/names.ts'
import { sourceFormat } from '../../core/learn/source-format.ts'
import { isObject, nameOf, surveyOf } from '../../core/learn/survey.ts'
import { topicTemplateOf } from '../../core/learn/topics.ts'
import { compileTopicTemplate, topicTemplateProblems } from '../../core/record/topic-template.ts'
import { countOf, EVERY_TOPIC, kindQuestion, topicKinds } from './learn-topics.ts'
import { spec } from './spec.ts'

/** The format of the messages, and which level of their topics names the device. */
export const learn: Learn = async (observed, values, answers) => {
  const typed = String(values.topic ?? '')
  if (typed === EVERY_TOPIC) return learnTopics(observed, answers)
  const isValue = observed.some(({ payload }) => isOneValue(payload))
  // One topic for all devices: then it is the message that names them.
  const isShared = !/[+#{]/.test(typed) && (await namesDevice(observed))
  const found = await sourceFormat(observed, spec.fields)
  return {
    findings: [...found, ...(isShared ? [] : topicFinding(topicsOf(observed), typed, isValue))],
    questions: []
  }
}

/** Of all that was heard those topics that a person means, and the format of their messages. */
async function learnTopics(observed: readonly Observed[], answers: Answers): Promise<Learned> {
  const isValue = observed.some(({ payload }) => isOneValue(payload))
  const kinds = topicKinds(topicsOf(observed), isValue)
  const question = kindQuestion(kinds, answers)
  const [only] = kinds
  const wanted = kinds.length > 1 ? question.answer : (only?.template ?? EVERY_TOPIC)
  const kind = kinds.find(({ template }) => template === wanted)
  const meant = kind ? observed.filter(({ topic }) => kind.topics.includes(topic)) : observed
  return {
    findings: [
      ...(await sourceFormat(meant, spec.fields)),
      ...(kind ? formFinding(kind.template, kind.topics) : [])
    ],
    questions: kinds.length > 1 ? [question] : []
  }
}

const topicsOf = (observed: readonly Observed[]): string[] => [
  ...new Set(observed.map(({ topic }) => topic).filter(topic => topic !== ''))
]

/** Whether the messages have a field that surely names their device. */
async function namesDevice(observed: readonly Observed[]): Promise<boolean> {
  const found = await formatOf(observed.flatMap(({ payload }) => bytesOf(payload) ?? []))
  const survey = surveyOf([found?.value].flat().filter(isObject))
  return fieldMeaning(survey, 'device', facts => isSurely(nameOf(facts), 'device')) !== undefined
}

/** A payload that is a value by itself, or has one: then the topic says what was measured. */
const isOneValue = (payload: unknown): boolean =>
  Buffer.isBuffer(payload) && /^(?!\s*[[{])|"value"\s*:/.test(payload.toString('latin1', 0, 4_000))

function topicFinding(topics: readonly string[], typed: string, hasMetric: boolean): Finding[] {
  if (topics.length === 0 || topicTemplateProblems(typed).length > 0) return []
  const before = compileTopicTemplate(typed)
  const isOpen = (level: string) => level === '+'
  const found = topicTemplateOf(
    topics,
    hasMetric,
    typed.split('/').flatMap((level, index) => (isOpen(level) ? [index] : []))
  )
  if (found === undefined || before.fields.length > 0) return []
  return formFinding(merged(typed, found.template), topics)
}

function formFinding(template: string, topics: readonly string[]): Finding[] {
  const fields =
    topicTemplateProblems(template).length > 0 ? [] : compileTopicTemplate(template).fields
  if (fields.length === 0) return []
  const key = fields.includes('device_id') ? 'device_id' : fields.at(-1)!
  return [
    {
      says: `The topics are of the form ${template}`,
      evidence: countOf(topics),
      settings: { topic: template, keyField: key }
    }
  ]
}

/** What is subscribed to stays: a level that was typed as a text is a field of this one value. */
function merged(typed: string, found: string): string {
  const levels: string[] = []
  const [before, after] = [typed.split('/'), found.split('/')]
  for (const [index, level] of before.entries()) {
    const named = /^\{(\w+)\}$/.exec(after[index] ?? '')?.[1]
    if (level === '#') {
      const rest = after.slice(index)
      const end = rest.findIndex(each => !/^\{\w+\}$/.test(each))
      levels.push(...rest.slice(0, end < 0 ? rest.length : end), '#')
    } else if (named === undefined) levels.push(level)
    else levels.push(level === '+' ? `{${named}}` : `{${named}:${level}}`)
  }
  return levels.join('/')
}
