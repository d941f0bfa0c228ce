import { headersOf } from '../../core/kafka/headers.ts'
import type { Batch, Headers, HeaderValue, Origin, Taken } from '../../core/record/record.ts'

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
    return new TakenMessage(this, this.messages[index]!)
  }
}

/** Each part is made when it is asked for: a producer asks for the headers of every record. */
class TakenMessage implements Taken {
  constructor(
    private readonly batch: KafkaBatch,
    private readonly message: RawMessage
  ) {}

  get origin(): Origin {
    const { topic, partition } = this.batch
    const { offset, timestamp } = this.message
    return { kind: 'kafka', topic, partition, offset, timestamp }
  }
  get writtenMs(): string {
    return this.message.timestamp
  }
  get key(): Buffer | null {
    return this.message.key
  }
  get headers(): Headers {
    return headersOf(this.message.headers)
  }
  get raw(): Buffer | null {
    return this.message.value
  }
}

/** Some of the messages of a batch, by their index. */
export interface BatchSlice {
  readonly from: number
  /** Exclusive. */
  readonly to: number
}
