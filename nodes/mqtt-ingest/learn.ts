import { formatFindings } from '../../core/learn/format-findings.ts'
import type { Finding, Learn } from '../../core/learn/learned.ts'
import { topicTemplateOf } from '../../core/learn/topics.ts'
import { compileTopicTemplate, topicTemplateProblems } from '../../core/record/topic-template.ts'
import { spec } from './spec.ts'

/** The format of the messages, and which level of their topics names the device. */
export const learn: Learn = async (observed, values) => {
  const topics = [...new Set(observed.map(({ topic }) => topic).filter(topic => topic !== ''))]
  const found = await formatFindings(observed, true)
  const isValue = observed.some(({ payload }) => isOneValue(payload))
  return {
    findings: [...found.map(shownAs), ...topicFinding(topics, String(values.topic ?? ''), isValue)],
    questions: []
  }
}

/** A payload that is a value by itself, or has one: then the topic says what was measured. */
const isOneValue = (payload: unknown): boolean =>
  Buffer.isBuffer(payload) && /^(?!\s*[[{])|"value"\s*:/.test(payload.toString('latin1', 0, 4_000))

/** A message that is one object of JSON needs nothing but the usual output. */
function shownAs(finding: Finding): Finding {
  const { format, decompress, at } = finding.settings
  const isUsual = format === 'json' && decompress === undefined && at === undefined
  const known = Object.keys(finding.settings).every(name => Object.hasOwn(spec.fields, name))
  if (isUsual || !known) return { ...finding, settings: isUsual ? { output: 'records' } : {} }
  return { ...finding, settings: { output: 'decoded', ...finding.settings } }
}

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
  const template = merged(typed, found.template)
  const fields =
    topicTemplateProblems(template).length > 0 ? [] : compileTopicTemplate(template).fields
  if (fields.length === 0) return []
  const key = fields.includes('device_id') ? 'device_id' : fields.at(-1)!
  return [
    {
      says: `The topics are of the form ${template}`,
      evidence: `${topics.length} ${topics.length === 1 ? 'topic' : 'topics'}`,
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
