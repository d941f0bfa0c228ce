import { headersOf } from '../../core/kafka/headers.ts'
import type { Batch, HeaderValue, Taken } from '../../core/record/record.ts'

/** A message as kafkajs gives it. */
export interface RawMessage {
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Milliseconds since 1970 as decimal text. */
  readonly timestamp: string
  readonly offset: string
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>
}

/** Messages of one partition, in order. What nobody asks for is not built. */
export class KafkaBatch implements Batch {
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly messages: readonly RawMessage[]
  ) {}

  at(index: number): Taken {
    const { key, value, offset, timestamp, headers } = this.messages[index]!
    return {
      origin: { kind: 'kafka', topic: this.topic, partition: this.partition, offset, timestamp },
      key,
      headers: headersOf(headers),
      raw: value
    }
  }
}

/** Some of the messages of a batch, by their index. */
export interface BatchSlice {
  readonly from: number
  /** Exclusive. */
  readonly to: number
}
