import type { Previewed, SortedSample } from '../../core/node/preview.ts'
import type { Options } from '../../core/node/spec.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { isKafkaMessage } from '../../core/record/record.ts'
import { KafkaBatch, type RawMessage } from './batch.ts'
import { shapingOf } from './shapes.ts'
import type { spec } from './spec.ts'

/** What the node would make of a message of a topic, with the settings of its dialog. */
export function previewed(options: Options<typeof spec>): Previewed {
  const shaping = shapingOf(options)
  return {
    async sort({ topic, payload }: Message): Promise<SortedSample> {
      await shaping.ready
      const messages = recordsOf(payload).map(rawOf)
      const batch = new KafkaBatch(String(topic ?? ''), 0, messages)
      const { accepted, rejected } = shaping.shape(batch, 0, messages.length)
      return { outputs: [accepted, rejected], filtered: 0 }
    }
  }
}

function rawOf(given: unknown, index: number): RawMessage {
  const offset = String(index)
  if (!isKafkaMessage(given))
    return { key: null, value: bytesOf(given), timestamp: String(Date.now()), offset }
  const { key, value, headers, timestamp = String(Date.now()) } = given
  return { key: bytesOf(key), value: bytesOf(value), headers, timestamp, offset }
}

function bytesOf(value: unknown): Buffer | null {
  if (value === null || value === undefined) return null
  if (Buffer.isBuffer(value)) return value
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}
