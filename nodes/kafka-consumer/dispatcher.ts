import type { FetchedBatch } from '../../core/kafka/consume/consumer-group.ts'
import type { PartitionTransaction } from '../../core/kafka/consume/partition-transaction.ts'
import { type DeliverySource, MAX_IN_FLIGHT_BYTES } from '../../core/source/source.ts'
import { carefulSentence, killsReason, type Trials } from '../../core/source/trials.ts'
import { KafkaBatch, type RawMessage } from './batch.ts'
import { Care, type CarefulSlice, idOf } from './care.ts'
import {
  batchOf,
  bytesOf,
  type FetchedSlice,
  inTransaction,
  manyOf,
  type Partition,
  recordsOf,
  type WayBack
} from './partition.ts'
import { allRejected, type Shaping } from './shapes.ts'

/** So that a batch of large payloads stays small: 500 records of telemetry have about 60 kB. */
const MAX_BATCH_BYTES = 262_144
/** Of what is read at once, in a transaction, and may be many times as large when it is undone. */
const MAX_DEAR_BYTES = 32_768
/**
 * Batches of a partition that are held before it is paused: resuming costs up to 200 ms, which
 * these bridge.
 */
const MIN_HELD = 4

export interface DispatcherOptions {
  readonly shaping: Shaping
  readonly batchSize: number
  /** A record leaves by itself, not in an array. */
  readonly isSingle: boolean
  /** Batches of a partition that may be on their way; one with transactions. */
  readonly perPartition: number
  /** Records over all partitions that may be on their way; what the source keeps to. */
  readonly maxInFlight: number
  /**
   * Opens what the batches of a partition are dealt with in, one after the other; absent where
   * offsets are committed later.
   */
  readonly transactionOf?: ((topic: string, partition: number) => PartitionTransaction) | undefined
  /** A message that holds no record has been read. */
  onNone(): void
  /** Knows what has killed Node-RED. */
  readonly trials: Trials
  warn(sentence: string): void
  pause(topic: string, partition: number): void
  resume(topic: string, partition: number): void
}

/**
 * Between the consumer group and the flow: cuts what was fetched into batches, lets in what there
 * is room for, pauses the rest.
 */
export class Dispatcher {
  readonly #partitions = new Map<string, Partition>()
  /** What was fetched and not let in, over all partitions. */
  #waitingRecords = 0
  #waitingBytes = 0
  /** What cannot be read yet, such as by a schema that is asked for. */
  readonly #unready = new Set<FetchedSlice>()
  /** Waits for more room than there is. */
  #first: Partition | undefined
  #closed = false

  constructor(
    private readonly source: DeliverySource,
    private readonly options: DispatcherOptions
  ) {}

  /** A partition has more than the flow takes of it now. */
  get isBlocked(): boolean {
    for (const { paused, waiting } of this.#partitions.values())
      if (paused || waiting.length > 0) return true
    return false
  }

  /** Takes over what one fetch brought of a partition. */
  take({ topic, partition: number, messages, nextOffset, part }: FetchedBatch): void {
    if (messages.length === 0) return
    const partition = this.#partitionOf(topic, number, messages[0]!)
    const batch = new KafkaBatch(topic, number, messages)
    const { shape, isMany } = this.options.shaping
    for (const slice of this.#slicesOf(partition, batch)) {
      const next = slice.to === messages.length ? nextOffset : BigInt(messages[slice.to]!.offset)
      this.#wait(partition, {
        batch,
        slice,
        shape,
        isMany: isMany(batch, slice),
        bytes: bytesOf(batch, slice),
        next,
        pending: part(next)
      })
    }
    this.#fill(partition)
  }

  /** Something that was fetched cannot be read yet. */
  get isUnready(): boolean {
    return this.#unready.size > 0
  }

  /** There is room again, maybe: it goes to the partition that has waited longest. */
  refill(): void {
    for (const partition of [...this.#partitions.values()]) this.#fill(partition)
  }

  /**
   * Another generation, in which nothing is paused: what is on its way of other partitions than
   * these is not ours to acknowledge. All of them are forgotten before the first is dropped, which
   * makes room: a partition that is still known would be filled, and paused for ever, since nobody
   * resumes what is forgotten.
   */
  keep(isKept: (topic: string, partition: number) => boolean): void {
    const all = [...this.#partitions.values()]
    for (const partition of all) partition.paused = false
    const lost = all.filter(({ topic, number }) => !isKept(topic, number))
    for (const { key } of lost) this.#partitions.delete(key)
    for (const partition of lost) this.#drop(partition)
    this.refill()
  }

  /** Lets nothing more in. */
  stop(): void {
    this.#closed = true
  }

  /** Undoes the transactions that are under way. */
  async close(): Promise<void> {
    this.stop()
    await Promise.all([...this.#partitions.values()].map(({ transaction }) => transaction?.close()))
  }

  #partitionOf(topic: string, number: number, first: RawMessage): Partition {
    const key = `${topic}/${number}`
    const known = this.#partitions.get(key)
    if (known !== undefined) return known
    const { trials, warn, perPartition, maxInFlight, batchSize, transactionOf } = this.options
    const beginning = trials.begin(key, idOf(first))
    const { isCareful, starts } = beginning
    if (isCareful)
      warn(
        carefulSentence(
          starts,
          `partition ${number} of "${topic}", from offset ${first.offset}`,
          true
        )
      )
    const partition: Partition = {
      key,
      topic,
      number,
      waiting: [],
      transaction: transactionOf?.(topic, number),
      paused: false,
      care: new Care(beginning, Math.min(perPartition * batchSize, maxInFlight), batchSize),
      sent: 'as ever'
    }
    this.#partitions.set(key, partition)
    return partition
  }

  #slicesOf({ care, transaction }: Partition, batch: KafkaBatch): CarefulSlice[] {
    const { messages } = batch
    const all = { from: 0, to: messages.length }
    const isDear = transaction !== undefined && this.options.shaping.isMany(batch, all)
    return care.cut(messages, isDear ? MAX_DEAR_BYTES : MAX_BATCH_BYTES)
  }

  #wait(partition: Partition, fetched: FetchedSlice): void {
    partition.waiting.push(fetched)
    const needed = this.options.shaping.needed?.(fetched.batch, fetched.slice)
    if (needed !== undefined) {
      this.#unready.add(fetched)
      void needed.then(() => {
        const isOurs = this.#unready.delete(fetched)
        if (isOurs) this.#fill(partition)
      })
    }
    this.#waitingRecords += recordsOf(fetched.slice)
    this.#waitingBytes += fetched.bytes
  }

  #forget(fetched: FetchedSlice): void {
    this.#unready.delete(fetched)
    this.#waitingRecords -= recordsOf(fetched.slice)
    this.#waitingBytes -= fetched.bytes
  }

  /** Of a partition that is forgotten. */
  #drop(partition: Partition): void {
    const { key, waiting, sent, transaction } = partition
    if (this.#first === partition) this.#first = undefined
    for (const fetched of waiting) this.#forget(fetched)
    this.source.dropLane(key)
    if (sent === 'on trial') this.options.trials.passed(key)
    void transaction?.close()
  }

  #fill(partition: Partition): void {
    const { waiting, key } = partition
    const before = waiting.length
    while (waiting.length > 0 && !this.#closed) {
      const head = waiting[0]!
      if (this.source.inFlightOf(key) >= this.#mostBeside(partition, head)) break
      if (this.#unready.has(head)) break
      const next = this.#mayEnter(partition, head) ? this.#onTrial(partition, head) : undefined
      if (next === undefined) break
      this.#forget(head)
      waiting.shift()
      this.#send(partition, next)
    }
    if (waiting.length < before) this.#toTheEnd(partition)
    this.#pauseOrResume(partition)
  }

  /** What goes on with care has nothing of its partition beside it. */
  #mostBeside({ sent }: Partition, { slice }: FetchedSlice): number {
    return sent === 'as ever' && slice.manner === 'as ever' ? this.options.perPartition : 1
  }

  /**
   * Who waits for more room than there is has it first, or the smaller batches of others would keep
   * it waiting for ever.
   */
  #mayEnter(partition: Partition, { slice, bytes }: FetchedSlice): boolean {
    if (this.#first !== undefined && this.#first !== partition) return false
    const fits = this.source.hasRoomFor(recordsOf(slice), bytes)
    this.#first = fits ? undefined : partition
    return fits
  }

  /**
   * Resuming costs up to 200 ms, so a partition is resumed before the last of its batches has left.
   * Where the flow has no room for what is held each partition holds the fewest: memory must not
   * grow with their number.
   */
  #pauseOrResume(partition: Partition): void {
    const { topic, number, key, waiting } = partition
    const { perPartition, maxInFlight } = this.options
    const fits =
      this.#waitingRecords + this.source.inFlight < maxInFlight &&
      this.#waitingBytes < MAX_IN_FLIGHT_BYTES
    const room = fits ? Math.max(perPartition, MIN_HELD) : MIN_HELD
    const holds = waiting.length + this.source.inFlightOf(key) >= room
    if (holds === partition.paused) return
    partition.paused = holds
    if (holds) this.options.pause(topic, number)
    else this.options.resume(topic, number)
  }

  /**
   * The batch as it may go into the flow now; undefined while it is to go on trial, and another one
   * is.
   */
  #onTrial(partition: Partition, fetched: FetchedSlice): FetchedSlice | undefined {
    if (fetched.slice.manner !== 'on trial') return fetched
    const { trials, warn } = this.options
    const message = fetched.batch.messages[fetched.slice.from]!
    const free = () => this.#fill(partition)
    const records = recordsOf(fetched.slice)
    const deaths = trials.enter(partition.key, idOf(message), free, records)
    if (deaths === undefined) return undefined
    if (deaths === 0) return fetched
    const reason = killsReason(deaths)
    warn(
      `${reason.message} It is offset ${message.offset} of partition ${partition.number} of "${partition.topic}".`
    )
    return { ...fetched, shape: allRejected(reason), isMany: false }
  }

  /** What the source says when the flow is done with these records, or lives with them. */
  #wayBack(partition: Partition, { slice, next, pending }: FetchedSlice): WayBack {
    const { trials } = this.options
    const { key, care } = partition
    // Not the batch with its bytes is kept: a sink may hold it back for an hour.
    const records = recordsOf(slice)
    const place = String(next)
    const isTrial = slice.manner === 'on trial'
    return {
      acknowledge: () => pending.done(),
      dealtWith() {
        pending.dealtWith()
        care.dealtWith(records, place, trials, key)
        if (isTrial) trials.passed(key)
      },
      survived: isTrial ? () => trials.survived(key) : undefined
    }
  }

  /** Of the line in which partitions wait for room. */
  #toTheEnd(partition: Partition): void {
    if (this.#partitions.delete(partition.key)) this.#partitions.set(partition.key, partition)
  }

  #send(partition: Partition, fetched: FetchedSlice): void {
    const { isSingle, batchSize, perPartition, onNone, shaping } = this.options
    const { transaction } = partition
    partition.sent = fetched.slice.manner
    const back = this.#wayBack(partition, fetched)
    if (transaction !== undefined)
      this.source.take({ ...inTransaction(partition, fetched, transaction, isSingle), ...back })
    else if (fetched.isMany) {
      const { piecesOf } = shaping
      const inTurn = perPartition === 1
      const leaving = { isSingle, portion: batchSize, inTurn, onNone, piecesOf }
      this.source.takeMany(manyOf(partition, fetched, leaving, back))
    } else this.source.takeBatch(batchOf(partition, fetched, isSingle, back))
  }
}
