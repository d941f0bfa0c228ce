import type { AskedSchemas } from '../../core/format/schema-id.ts'
import type { Previewed, Provided, SortedSample } from '../../core/node/preview.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { isKafkaMessage } from '../../core/record/record.ts'
import { KafkaBatch, type RawMessage } from './batch.ts'
import { shapingOf } from './shapes.ts'
import { spec } from './spec.ts'

/** What the node would make of a message of a topic, with the settings of its dialog. */
export function previewed(
  options: Options<typeof spec>,
  _say: (notice: string) => void,
  provided: Provided
): Previewed {
  const shaping = shapingOf(options, () => deployed(provided(options.registry)))
  return {
    async sort({ topic, payload }: Message): Promise<SortedSample> {
      await shaping.ready
      const messages = recordsOf(payload).map(rawOf)
      const batch = new KafkaBatch(String(topic ?? ''), 0, messages)
      const all = { from: 0, to: messages.length }
      await shaping.needed?.(batch, all)
      const { accepted, rejected } = shaping.shape(batch, 0, messages.length)
      return { outputs: [accepted, rejected], filtered: 0 }
    }
  }
}

/** AskedSchemas are asked for by the registry that runs. */
function deployed(registry: AskedSchemas | undefined): AskedSchemas {
  if (registry !== undefined) return registry
  throw new OptionsError(spec.label, [`${spec.fields.registry.label}: deploy it first`])
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
