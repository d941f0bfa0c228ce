import type { Code } from '../../core/errors.ts'
import { isKafkaMessage, type Reason } from '../../core/record/record.ts'

/** Why a value cannot be written: a code, and a sentence that the name of the field begins. */
export class Unfit {
  constructor(
    readonly code: Code,
    readonly says: string
  ) {}

  reason(path: string): Reason {
    return { code: this.code, message: `"${path}" ${this.says}.`, path }
  }
}

export const unfit = (code: Code, says: string): Unfit => new Unfit(code, says)

/** Why what came is no record; undefined where it is one. */
export function noRecord(record: unknown): Reason | undefined {
  if (isKafkaMessage(record))
    return notARecord('Kafka message; let the consumer give records instead')
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    return notARecord('plain value')
  return undefined
}

const notARecord = (what: string): Reason => ({
  code: 'NOT_A_RECORD',
  message: `The payload is not a record but a ${what}.`
})
