import { reasonOf } from '../../errors.ts'
import { answerOf } from '../port.ts'
import type { ProduceRecord } from './produce-record.ts'

export function acknowledge(batch: readonly ProduceRecord[]): void {
  for (const { callback } of batch) if (--callback.open === 0) callback.finished()
}

export function refuse(record: ProduceRecord, refusal: Refusal): void {
  const { callback } = record
  callback.refused(record, refusal)
  if (--callback.open === 0) callback.finished()
}

export const tooLarge = (bytes: number, limit: number) =>
  `The record has ${bytes} bytes as Kafka counts, the topic takes ${limit} (max.message.bytes).`

export interface Refusal {
  readonly code: 'MESSAGE_TOO_LARGE' | 'KAFKA_RECORD_REFUSED'
  readonly message: string
}

const REFUSED_AS_RECORD = new Set([
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'CORRUPT_MESSAGE'
])
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])

/**
 * Why a record of the batch can never be written; undefined for errors that may pass. An error of
 * the client itself is one of these: what could be wrong with a record here was found before the
 * send.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  const type = answerOf(error) ?? ''
  if (TOO_LARGE.has(type))
    return {
      code: 'MESSAGE_TOO_LARGE',
      message: 'The record is larger than the topic takes (max.message.bytes).'
    }
  if (!REFUSED_AS_RECORD.has(type)) return undefined
  return {
    code: 'KAFKA_RECORD_REFUSED',
    message: `Kafka refuses the record: ${reasonOf(error).replace(/\.$/, '')} (${type}).`
  }
}
