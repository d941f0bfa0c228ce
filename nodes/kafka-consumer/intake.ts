import type { FetchedBatch } from '../../core/kafka/consume/consumer-group.ts'
import type { Receipt } from '../../core/kafka/consume/offset-ledger.ts'
import type { PartitionTransaction } from '../../core/kafka/consume/partition-transaction.ts'
import type { DeliverySource } from '../../core/source/source.ts'
import { KafkaBatch, type Run, runsOf, type Shape, type Span, spansOf } from './logic.ts'

export const ACCEPTED = 0
export const REJECTED = 1
/** So that a batch of large payloads stays small: 500 records of telemetry have about 60 kB. */
const MAX_BATCH_BYTES = 262_144

/** Batches of a partition that are held before it is paused: resuming costs up to 200 ms, which these bridge. */
const MIN_HELD = 4

export interface IntakeOptions {
  readonly shape: Shape
  readonly batchSize: number
  /** Batches of a partition that may be on their way; one with transactions. */
  readonly perPartition: number
  /** Batches over all partitions that may be on their way. Where so many are held each partition holds the fewest: memory must not grow with their number. */
  readonly maxInFlight: number
  /** Opens what the batches of a partition are dealt with in, one after the other; absent where offsets are committed later. */
  readonly transactionOf?: ((topic: string, partition: number) => PartitionTransaction) | undefined
  pause(topic: string, partition: number): void
  resume(topic: string, partition: number): void
}

interface Waiting {
  readonly batch: KafkaBatch
  readonly span: Span | Run
  /** The offset behind it. */
  readonly next: bigint
  readonly receipt: Receipt
}

interface Lane {
  readonly key: string
  readonly topic: string
  readonly partition: number
  readonly waiting: Waiting[]
  readonly transaction: PartitionTransaction | undefined
  paused: boolean
}

/** Between the consumer group and the flow: cuts what was fetched into batches, lets in what there is room for, pauses the rest. */
export class Intake {
  readonly #lanes = new Map<string, Lane>()
  /** Batches that were fetched and not let in, over all lanes. */
  #waiting = 0
  #closed = false

  constructor(
    private readonly source: DeliverySource,
    private readonly options: IntakeOptions
  ) {}

  /** Takes over what one fetch brought of a partition. */
  take({ topic, partition, messages, nextOffset, part }: FetchedBatch): void {
    const lane = this.#laneOf(topic, partition)
    const batch = new KafkaBatch(topic, partition, messages)
    const { batchSize, shape } = this.options
    const whole = spansOf(messages, batchSize, MAX_BATCH_BYTES)
    const spans = lane.transaction === undefined ? whole : whole.flatMap(span => runsOf(shape, batch, span))
    for (const span of spans) {
      const next = span.to === messages.length ? nextOffset : BigInt(messages[span.to]!.offset)
      lane.waiting.push({ batch, span, next, receipt: part(next) })
    }
    this.#waiting += spans.length
    this.#fill(lane)
  }

  /** There is room again, maybe: it goes to the partition that has waited longest. */
  refill(): void {
    for (const lane of [...this.#lanes.values()]) this.#fill(lane)
  }

  /** Another generation, in which nothing is paused: what is on its way of other partitions than these is not ours to acknowledge. */
  keep(isKept: (topic: string, partition: number) => boolean): void {
    for (const lane of [...this.#lanes.values()]) {
      if (isKept(lane.topic, lane.partition)) {
        lane.paused = false
        this.#fill(lane)
      } else {
        this.#lanes.delete(lane.key)
        this.#waiting -= lane.waiting.length
        this.source.dropLane(lane.key)
        void lane.transaction?.close()
      }
    }
  }

  /** Lets nothing more in. */
  stop(): void {
    this.#closed = true
  }

  /** Undoes the transactions that are under way. */
  async close(): Promise<void> {
    this.stop()
    await Promise.all([...this.#lanes.values()].map(({ transaction }) => transaction?.close()))
  }

  #laneOf(topic: string, partition: number): Lane {
    const key = `${topic}/${partition}`
    let lane = this.#lanes.get(key)
    if (lane === undefined) {
      lane = { key, topic, partition, waiting: [], transaction: this.options.transactionOf?.(topic, partition), paused: false }
      this.#lanes.set(key, lane)
    }
    return lane
  }

  /** Resuming costs up to 200 ms, so a partition is resumed before the last of its batches has left. */
  #fill(lane: Lane): void {
    const { perPartition, maxInFlight, pause, resume } = this.options
    const before = lane.waiting.length
    while (lane.waiting.length > 0 && !this.#closed && !this.source.full && this.source.inFlightOf(lane.key) < perPartition) {
      this.#waiting--
      this.#send(lane, lane.waiting.shift()!)
    }
    if (lane.waiting.length < before) this.#toTheEnd(lane)
    const most = this.#waiting + this.source.inFlight >= maxInFlight ? MIN_HELD : Math.max(perPartition, MIN_HELD)
    const holds = lane.waiting.length + this.source.inFlightOf(lane.key) >= most
    if (holds === lane.paused) return
    lane.paused = holds
    if (holds) pause(lane.topic, lane.partition)
    else resume(lane.topic, lane.partition)
  }

  /** Of the line in which partitions wait for room. */
  #toTheEnd(lane: Lane): void {
    if (this.#lanes.delete(lane.key)) this.#lanes.set(lane.key, lane)
  }

  /** At most two messages, the good and the bad; the offset is acknowledged after both. */
  #send(lane: Lane, waiting: Waiting): void {
    const { batch, span, receipt } = waiting
    const { shape, batchSize } = this.options
    if (lane.transaction) {
      this.#sendInTransaction(lane, lane.transaction, waiting)
      return
    }
    const { accepted, rejected } = shape(batch, span.from, span.to)
    const messageOf = (payload: object[]) => ({ topic: lane.topic, payload: batchSize === 1 ? payload[0] : payload })
    const finish = () => receipt.done()
    if (accepted.length > 0) {
      this.source.take({
        lane: lane.key,
        records: accepted.length,
        message: messageOf(accepted),
        rebuild: () => messageOf(shape(batch, span.from, span.to).accepted),
        acknowledge: rejected.length > 0 ? () => {} : finish,
        output: ACCEPTED
      })
    }
    if (rejected.length > 0) {
      this.source.take({
        lane: lane.key,
        records: rejected.length,
        message: messageOf(rejected),
        rebuild: () => messageOf(shape(batch, span.from, span.to).rejected),
        acknowledge: finish,
        output: REJECTED
      })
    }
  }

  /** One message, as the span is a run of one output. What others have committed of it meanwhile is left out. */
  #sendInTransaction(lane: Lane, transaction: PartitionTransaction, { batch, span, next, receipt }: Waiting): void {
    const { shape, batchSize } = this.options
    const isRejected = 'isRejected' in span && span.isRejected
    let { from } = span
    const build = () => {
      const { accepted, rejected } = shape(batch, from, span.to)
      const payload = isRejected ? rejected : accepted
      return { topic: lane.topic, payload: batchSize === 1 ? payload[0] : payload }
    }
    this.source.take({
      lane: lane.key,
      records: span.to - from,
      rebuild: build,
      acknowledge: () => receipt.done(),
      output: isRejected ? REJECTED : ACCEPTED,
      transaction: {
        async begin() {
          const begun = await transaction.begin(next)
          while (begun && from < span.to && BigInt(batch.messages[from]!.offset) < begun.committed) from++
          return from < span.to ? begun?.scope : undefined
        },
        async commit() {
          await transaction.commit(next)
          receipt.committed()
        },
        get broken() {
          return transaction.broken
        }
      }
    })
  }
}
