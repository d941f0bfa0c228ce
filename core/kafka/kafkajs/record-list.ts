import type { Message } from 'kafkajs'
import type { ProduceRecord } from '../produce/produce-record.ts'

type Grouped = Record<number, ProduceRecord[]>
type Group = (grouped: Grouped, record: ProduceRecord) => Grouped

/**
 * What every producer of record lists has in common: no record twice by a lost answer, and none out
 * of order.
 */
export const PRODUCER = {
  idempotent: true,
  maxInFlightRequests: 1,
  allowAutoTopicCreation: false,
  metadataMaxAge: 60_000,
  createPartitioner: () => RecordList.partitionOf
} as const

/**
 * Records as kafkajs 2.2.4 takes them. It groups them by partition in a `reduce` that copies the
 * group once a record (n²/2 copies: 2 us a record at 2,000); this list answers that `reduce` in one
 * pass. A test pins what kafkajs asks of it.
 */
export class RecordList {
  #partitions: readonly PartitionLeader[] = []
  #sent: readonly ProduceRecord[]
  #rest: readonly ProduceRecord[] = []
  #tries = 0

  constructor(
    records: readonly ProduceRecord[],
    /** Where records without a key go: one partition a send, then the next (KIP-480). */
    private readonly keyless: number,
    /**
     * Sends only what the broker of the first record takes. While one broker has not answered,
     * kafkajs may ask it again for the error of another, under new sequence numbers: what is in a
     * transaction would be in it twice.
     */
    private readonly toOneBroker = false
  ) {
    this.#sent = records
  }

  /** The partitioner that belongs to it: tells the list which partitions there are. */
  static partitionOf({
    message,
    partitionMetadata
  }: {
    message: Message
    partitionMetadata: readonly PartitionLeader[]
  }): number {
    const list = (message as unknown as Asking).list
    list.#partitions = partitionMetadata
    return 0
  }

  /** What the send was of. */
  get sent(): readonly ProduceRecord[] {
    return this.#sent
  }
  /** What has to be sent by itself, after it. */
  get rest(): readonly ProduceRecord[] {
    return this.#rest
  }

  /** kafkajs looks for a message without a value; ours have one, or null. */
  find(): undefined {
    return undefined
  }

  reduce(group: Group, grouped: Grouped): Grouped {
    group({}, { list: this } satisfies Asking as unknown as ProduceRecord)
    if (this.toOneBroker) this.#keepToOneBroker()
    for (const record of this.#sent) {
      const partition = this.#partitionOf(record)
      const found = grouped[partition]
      if (found === undefined) grouped[partition] = [record]
      else found.push(record)
    }
    return grouped
  }

  /** The list in the place of an array of messages. */
  asMessages(): Message[] {
    return this as unknown as Message[]
  }

  #partitionOf(record: ProduceRecord): number {
    return record.partitionOf(this.#partitions.length, this.keyless)
  }

  /** @throws Error if partitions have moved apart while they were being sent */
  #keepToOneBroker(): void {
    const leaders = new Map(
      this.#partitions.map(({ partitionId, leader }) => [partitionId, leader])
    )
    const leaderOf = (record: ProduceRecord) => leaders.get(this.#partitionOf(record))
    const [first] = this.#sent
    const here = first === undefined ? undefined : leaderOf(first)
    const elsewhere = this.#sent.filter(record => leaderOf(record) !== here)
    if (this.#tries++ > 0 && elsewhere.length > 0)
      throw new Error('Partitions moved to other brokers during the send')
    if (elsewhere.length === 0) return
    this.#sent = this.#sent.filter(record => leaderOf(record) === here)
    this.#rest = elsewhere
  }
}

interface PartitionLeader {
  readonly partitionId: number
  /** The id of the broker. */
  readonly leader: number
}

interface Asking {
  readonly list: RecordList
}
