import type { Options } from '../../core/node/spec.ts'
import type { Problem } from '../../core/options-error.ts'
import type { spec } from './spec.ts'

/** The key of a Kafka message is a field of its topic. */
export function problemsBetween({
  topic,
  output,
  keyField
}: Pick<Options<typeof spec>, 'topic' | 'output' | 'keyField'>): Problem[] {
  if (output !== 'messages' || keyField === '') return []
  if (
    topic
      .split('/')
      .some(
        level => level.startsWith(`{${keyField}`) && /^[:}]/.test(level.slice(keyField.length + 1))
      )
  )
    return []
  return [['keyField', `the topics have no level {${keyField}}; name one, or leave it empty`]]
}
