import { type Answers, answerTo, type Question } from '../../core/learn/learned.ts'
import { topicTemplateOf } from '../../core/learn/topics.ts'

/** Topics that begin alike, and the template that takes all of them. */
export interface TopicKind {
  readonly template: string
  readonly topics: readonly string[]
}

/** What every topic fits: whoever subscribes to it has chosen none yet. */
export const EVERY_TOPIC = '#'

/** More of them are told apart by whoever types the topics. */
const MOST_KINDS = 20
/** What an answer may have. */
const MAX_TEMPLATE = 200

/**
 * The kinds of topics that were heard, those with the most topics first: what begins with the same
 * level belongs together, and where all topics have as many levels, all of them.
 */
export function topicKinds(topics: readonly string[], hasMetric: boolean): TopicKind[] {
  const byFirst = new Map<string, string[]>()
  for (const topic of topics) {
    const first = topic.split('/', 1)[0]!
    byFirst.set(first, [...(byFirst.get(first) ?? []), topic])
  }
  const isEven = new Set(topics.map(topic => topic.split('/').length)).size === 1
  const groups = [...byFirst.values()]
    .sort((one, other) => other.length - one.length)
    .slice(0, MOST_KINDS)
  const kinds = groups.flatMap(group => kindOf(group, hasMetric))
  const whole = isEven && groups.length > 1 ? kindOf(topics, hasMetric) : []
  // One that takes anything of as many levels says the least.
  const isVague = whole.some(({ template }) => /^\{\w+\}(\/\{\w+\})*$/.test(template))
  return (isVague ? [...kinds, ...whole] : [...whole, ...kinds]).slice(0, MOST_KINDS)
}

function kindOf(topics: readonly string[], hasMetric: boolean): TopicKind[] {
  const found = topicTemplateOf(topics, hasMetric)
  const isUsable = found !== undefined && found.template.length <= MAX_TEMPLATE
  return isUsable ? [{ template: found.template, topics }] : []
}

/** Which kind is meant, where there are several; the answer may be every topic. */
export function kindQuestion(kinds: readonly TopicKind[], answers: Answers): Question {
  const choices = {
    ...Object.fromEntries(
      kinds.map(({ template, topics }) => [template, `${template} (${countOf(topics)})`])
    ),
    [EVERY_TOPIC]: 'all of them; no field is taken from the topic'
  }
  return {
    name: 'topics',
    asks: 'Several kinds of topics were heard. Which of them?',
    answer: answerTo(answers, 'topics', choices),
    choices
  }
}

export const countOf = ({ length }: readonly string[]): string =>
  `${length} ${length === 1 ? 'topic' : 'topics'}`
