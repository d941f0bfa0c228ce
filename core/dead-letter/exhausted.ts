import type { FlowError } from '../delivery/token.ts'
import { isKafkaMessage, isRejection, type Rejection, reject } from '../record/record.ts'

/**
 * What leaves the dead-letter output in place of a message that the flow failed to deal with: each
 * record with the reason.
 */
export function exhaustedLetter<M extends { payload?: unknown }>(
  message: M,
  stage: string,
  error: FlowError,
  attempts: number
): M {
  const letter = (record: unknown): Rejection => {
    if (isRejection(record)) return record
    const reason = {
      code: 'DELIVERY_EXHAUSTED',
      message: `The flow failed to deal with it ${attempts === 1 ? 'once' : `${attempts} times`}. The last time: ${error.message} (${error.code})`
    }
    const rejection = reject(record, stage, reason, { attempts })
    return rejection.raw === null && isKafkaMessage(record)
      ? { ...rejection, raw: bytesOf(record.value) }
      : rejection
  }
  const { payload } = message
  return { ...message, payload: Array.isArray(payload) ? payload.map(letter) : letter(payload) }
}

const bytesOf = (value: Buffer | string | null): Buffer | null =>
  typeof value === 'string' ? Buffer.from(value) : value
