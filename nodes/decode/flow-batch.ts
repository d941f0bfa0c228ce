import { jsonText } from '../../core/record/json-write.ts'
import type { Message } from '../../core/record/message.ts'
import { type Batch, type Headers, isKafkaMessage, type Taken } from '../../core/record/record.ts'

/** What other nodes brought in one message: what a dead letter asks for, built when it does. */
export class FlowBatch implements Batch {
  readonly isMade = true

  constructor(
    private readonly payloads: readonly unknown[],
    private readonly message: Message
  ) {}

  at(index: number): Taken {
    const payload = this.payloads[index]
    const { topic, key } = this.message
    const origin = { kind: 'flow', topic: typeof topic === 'string' ? topic : '' } as const
    if (!isKafkaMessage(payload))
      return { origin, key: isKey(key) ? key : null, headers: {}, raw: rawOf(payload) }
    return {
      origin,
      key: payload.key,
      headers: payload.headers as Headers,
      raw: rawOf(payload.value)
    }
  }
}

const isKey = (key: unknown): key is Buffer | string =>
  typeof key === 'string' || Buffer.isBuffer(key)

/** The bytes as they came; of what came decoded, its JSON. */
function rawOf(value: unknown): Buffer | null {
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (typeof value === 'string') return Buffer.from(value)
  try {
    const text = jsonText(value)
    return text === undefined ? null : Buffer.from(text)
  } catch {
    return null
  }
}
