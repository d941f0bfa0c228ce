import type { FetchedBatch } from '../../core/kafka/consume/consumer-group.ts'
import type { Receipt } from '../../core/kafka/consume/offset-ledger.ts'
import type { PartitionTransaction } from '../../core/kafka/consume/partition-transaction.ts'
import type { DeliverySource } from '../../core/source/source.ts'
import { carefulSentence, killsReason, type Trials } from '../../core/source/trials.ts'
import { allRejected, KafkaBatch, type RawMessage, type Run, runsOf, type Shape, type Span, spansOf } from './logic.ts'

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
  /** Knows what has killed Node-RED. */
  readonly trials: Trials
  warn(sentence: string): void
  pause(topic: string, partition: number): void
  resume(topic: string, partition: number): void
}

interface Waiting {
  readonly batch: KafkaBatch
  readonly span: Span | Run
  readonly shape: Shape
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
  /** So many records go one at a time, since one of them may have killed Node-RED: as many as were on their way at most. */
  careful: number
  /** The record that was on trial when Node-RED ended: those before it were dealt with, though that was not committed. */
  readonly reached: string | undefined
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
    if (messages.length === 0) return
    const lane = this.#laneOf(topic, partition, messages[0]!)
    const batch = new KafkaBatch(topic, partition, messages)
    const { batchSize, shape } = this.options
    const whole = spansOf(messages, lane.careful > 0 ? 1 : batchSize, MAX_BATCH_BYTES)
    const spans = lane.transaction === undefined ? whole : whole.flatMap(span => runsOf(shape, batch, span))
    const reached = lane.reached === undefined ? 0 : messages.findIndex(message => idOf(message) === lane.reached)
    for (const span of spans) {
      const next = span.to === messages.length ? nextOffset : BigInt(messages[span.to]!.offset)
      const receipt = part(next)
      if (span.to <= reached) receipt.done()
      else {
        lane.waiting.push({ batch, span, shape, next, receipt })
        this.#waiting++
      }
    }
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
        if (lane.careful > 0) this.options.trials.passed(lane.key)
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

  #laneOf(topic: string, partition: number, first: RawMessage): Lane {
    const key = `${topic}/${partition}`
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const { trials, warn, perPartition, maxInFlight, batchSize, transactionOf } = this.options
    const { isCareful, starts, reached } = trials.begin(key, idOf(first))
    if (isCareful) warn(carefulSentence(starts, `partition ${partition} of "${topic}", from offset ${first.offset}`))
    const lane = {
      key,
      topic,
      partition,
      waiting: [],
      transaction: transactionOf?.(topic, partition),
      paused: false,
      careful: isCareful ? Math.min(perPartition, maxInFlight) * batchSize : 0,
      reached: transactionOf === undefined ? reached : undefined
    }
    this.#lanes.set(key, lane)
    return lane
  }

  /** Resuming costs up to 200 ms, so a partition is resumed before the last of its batches has left. */
  #fill(lane: Lane): void {
    const { perPartition, maxInFlight, pause, resume } = this.options
    const before = lane.waiting.length
    const most = lane.careful > 0 ? 1 : perPartition
    while (lane.waiting.length > 0 && !this.#closed && !this.source.full && this.source.inFlightOf(lane.key) < most) {
      const next = lane.careful > 0 ? this.#onTrial(lane, lane.waiting[0]!) : lane.waiting[0]!
      if (next === undefined) break
      this.#waiting--
      lane.waiting.shift()
      this.#send(lane, next)
    }
    if (lane.waiting.length < before) this.#toTheEnd(lane)
    const room = this.#waiting + this.source.inFlight >= maxInFlight ? MIN_HELD : Math.max(perPartition, MIN_HELD)
    const holds = lane.waiting.length + this.source.inFlightOf(lane.key) >= room
    if (holds === lane.paused) return
    lane.paused = holds
    if (holds) pause(lane.topic, lane.partition)
    else resume(lane.topic, lane.partition)
  }

  /** The record as it may go into the flow now; undefined while another one is on trial. */
  #onTrial(lane: Lane, waiting: Waiting): Waiting | undefined {
    const { trials, warn } = this.options
    const message = waiting.batch.messages[waiting.span.from]!
    const deaths = trials.enter(lane.key, idOf(message), () => this.#fill(lane))
    if (deaths === undefined) return undefined
    if (deaths === 0) return waiting
    const reason = killsReason(deaths)
    warn(`${reason.message} It is offset ${message.offset} of partition ${lane.partition} of "${lane.topic}".`)
    return { ...waiting, shape: allRejected(reason) }
  }

  /** What ends the trial of the record, if there is one, when the flow is done with it. */
  #endOfTrial(lane: Lane, done: () => void): { acknowledge(): void; survived?: () => void } {
    if (lane.careful === 0) return { acknowledge: done }
    const { trials } = this.options
    return {
      acknowledge() {
        lane.careful--
        trials.passed(lane.key)
        done()
      },
      survived: () => trials.survived(lane.key)
    }
  }

  /** Of the line in which partitions wait for room. */
  #toTheEnd(lane: Lane): void {
    if (this.#lanes.delete(lane.key)) this.#lanes.set(lane.key, lane)
  }

  /** At most two messages, the good and the bad; the offset is acknowledged after both. */
  #send(lane: Lane, waiting: Waiting): void {
    const { batch, span, shape, receipt } = waiting
    const { batchSize } = this.options
    if (lane.transaction) {
      this.#sendInTransaction(lane, lane.transaction, waiting)
      return
    }
    const { accepted, rejected } = shape(batch, span.from, span.to)
    const messageOf = (payload: object[]) => ({ topic: lane.topic, payload: batchSize === 1 ? payload[0] : payload })
    const { acknowledge: finish, survived } = this.#endOfTrial(lane, () => receipt.done())
    if (accepted.length > 0) {
      this.source.take({
        lane: lane.key,
        records: accepted.length,
        message: messageOf(accepted),
        rebuild: () => messageOf(shape(batch, span.from, span.to).accepted),
        acknowledge: rejected.length > 0 ? () => {} : finish,
        survived,
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
        survived,
        output: REJECTED
      })
    }
  }

  /** One message, as the span is a run of one output. What others have committed of it meanwhile is left out. */
  #sendInTransaction(lane: Lane, transaction: PartitionTransaction, { batch, span, shape, next, receipt }: Waiting): void {
    const { batchSize } = this.options
    const isRejected = shape !== this.options.shape || ('isRejected' in span && span.isRejected)
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
      ...this.#endOfTrial(lane, () => receipt.done()),
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

/** The same record again has the same; another one that a topic made anew has at this offset has not. */
const idOf = ({ offset, timestamp }: RawMessage): string => `${offset}@${timestamp}`
