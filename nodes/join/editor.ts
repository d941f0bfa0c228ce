import type { EditorHooks, Values } from '../../core/editor/types.ts'
import { type JoinOptions, problemsBetween } from './settings.ts'

/** Longer labels make a node wider than a screen. */
const MAX_CHARACTERS = 36

export default {
  learns: true,
  label(values) {
    const { method, within } = values as JoinOptions
    const [first, second] = namesOf(values)
    const how = method === 'last' ? `last ${second}` : second
    const near = method === 'last' ? '' : ` within ${within}`
    const both = `${first} + ${how}`
    const texts = [`${both}${near}`, both, `join${near}`]
    return texts.find(text => text.length <= MAX_CHARACTERS) ?? 'join'
  },
  problems: values => problemsBetween(values as JoinOptions)
} satisfies EditorHooks

/** What a person calls the inputs: of topics their last level that says something. */
function namesOf(values: Values): [first: string, second: string] {
  const { by, first, second, firstTopic, secondTopic } = values as JoinOptions
  const named = (text: string) => text.trim() || 'others'
  if (by !== 'topic') return [named(first), named(second)]
  const told = (topic: string) =>
    named(
      topic
        .split('/')
        .filter(level => !/^[+#]$|[{}]/.test(level))
        .at(-1) ?? ''
    )
  return [told(firstTopic), told(secondTopic)]
}
