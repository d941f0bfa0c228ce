import {
  encodeRejection,
  isRejection,
  jsonText,
  type Options,
  type PublishedPayload,
  payloads,
  type Rejection,
  reasonOf,
  type TextTemplate,
  textTemplate,
  Unpublishable
} from '@millrace/node-red-telemetry'
import type { spec } from './spec.ts'

export type ProducerOptions = Omit<Options<typeof spec>, 'name' | 'access'>

/** A record as Kinesis gets it. */
export interface Outgoing {
  readonly key: string
  readonly data: Buffer
  /** Of both, as Kinesis counts them. */
  readonly bytes: number
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html */
const MAX_KEY_CHARACTERS = 256

/** Makes what is written of a record. */
export class Composer {
  readonly #key: TextTemplate
  readonly #dataOf: (record: unknown) => PublishedPayload | Unpublishable
  readonly #maxBytes: number

  constructor(options: ProducerOptions) {
    this.#key = textTemplate(options.key)
    this.#dataOf = payloads(options)
    this.#maxBytes = options.maxRecordBytes
  }

  /** What is written, or why nothing is. */
  record(item: unknown): Outgoing | Unpublishable {
    try {
      return isRejection(item) ? this.#letter(item) : this.#record(item)
    } catch (error) {
      return new Unpublishable({ code: 'NOT_SERIALISABLE', message: reasonOf(error) })
    }
  }

  #record(record: unknown): Outgoing | Unpublishable {
    const filled = this.#key.fill(record)
    if ('missing' in filled)
      return new Unpublishable({
        code: 'FIELD_MISSING',
        message: `The partition key needs the field ${filled.missing}, which is missing.`,
        path: filled.missing
      })
    const data = this.#dataOf(record)
    return data instanceof Unpublishable ? data : this.#outgoing(filled.text, data)
  }

  /** It has no place in Kinesis for headers. Without a key of its own its stage is one. */
  #letter(rejection: Rejection): Outgoing | Unpublishable {
    const { value, headers } = encodeRejection(rejection)
    const texts = Object.entries(headers).flatMap(([name, given]) => {
      const last = [given].flat().at(-1)
      return last === null || last === undefined ? [] : [[name, String(last)] as const]
    })
    const payload = value === null ? null : Buffer.from(value).toString('base64')
    const filled = this.#key.fill(rejection.record)
    const key = 'text' in filled && isKey(filled.text) ? filled.text : rejection.stage
    return this.#outgoing(key, jsonText({ headers: Object.fromEntries(texts), payload }) ?? '')
  }

  #outgoing(key: string, payload: PublishedPayload): Outgoing | Unpublishable {
    if (!isKey(key))
      return new Unpublishable({
        code: 'KINESIS_KEY_INVALID',
        message:
          key === ''
            ? 'The partition key is empty.'
            : `The partition key has ${key.length} characters; Kinesis takes ${MAX_KEY_CHARACTERS}.`
      })
    const data = typeof payload === 'string' ? Buffer.from(payload) : payload
    const bytes = data.length + Buffer.byteLength(key)
    if (bytes > this.#maxBytes)
      return new Unpublishable({
        code: 'KINESIS_RECORD_TOO_LARGE',
        message: `Data and key have ${bytes} bytes; at most ${this.#maxBytes} are written.`
      })
    return { key, data, bytes }
  }
}

const isKey = (text: string) => text !== '' && text.length <= MAX_KEY_CHARACTERS
