import {
  carefulSentence,
  type DeliverySource,
  killsReason,
  type Reason,
  type Trials
} from '@millrace/node-red-telemetry'
import { KinesisBatch } from './batch.ts'
import type { ConsumerOptions, Shaper } from './logic.ts'
import type { ShardReader } from './shard-reader.ts'

export interface IntakeOptions {
  readonly options: ConsumerOptions
  readonly source: DeliverySource
  readonly shaper: Shaper
  readonly trials: Trials
  /** Whether nobody else can have taken the shard yet. */
  isFresh(shard: string): boolean
  warn(sentence: string): void
}

/** A batch of this size leaves without more, so that one Kafka request can hold it. */
const MAX_BATCH_BYTES = 900_000
/** Batches of a shard that may be on their way. */
const PER_SHARD = 25
/** An answer may have 10 MB. */
const MAX_REQUESTS = 4
const MAX_WAITING_BYTES = 32 << 20
/** What a record takes beside its data. */
const RECORD_BYTES = 250

/** Between the shards and the flow: lets in what there is room for, and asks for no more. */
export class Intake {
  readonly #readers = new Set<ShardReader>()
  #requests = 0
  #isStopped = false

  constructor(private readonly intake: IntakeOptions) {}

  /** Something that came waits for the flow. */
  get isHeld(): boolean {
    return [...this.#readers].some(({ waiting }) => waiting.length > 0)
  }
  /** By how much the shard is behind that is most. */
  get behindMs(): number {
    return Math.max(0, ...[...this.#readers].map(({ behindMs }) => behindMs))
  }

  add(reader: ShardReader): void {
    this.#readers.add(reader)
  }

  remove(reader: ShardReader): void {
    this.#readers.delete(reader)
    if (reader.careful !== undefined && reader.careful > 0) this.intake.trials.passed(reader.shard)
    this.intake.source.dropLane(reader.shard)
  }

  asking(is: boolean): void {
    this.#requests += is ? 1 : -1
  }

  /** A shard is asked when hardly anything of it waits. */
  mayAsk({ shard, waiting }: ShardReader): boolean {
    const { source, isFresh, options } = this.intake
    if (this.#isStopped || this.#requests >= MAX_REQUESTS || source.isPaused) return false
    if (waiting.length >= options.batchSize || source.full) return false
    return this.#waitingBytes < MAX_WAITING_BYTES && isFresh(shard)
  }

  get #waitingBytes(): number {
    let bytes = 0
    for (const { waiting, waitingBytes } of this.#readers)
      bytes += waitingBytes + waiting.length * RECORD_BYTES
    return bytes
  }

  /** There is room again, maybe: shards have their turn one after the other. */
  fill(): void {
    for (let moved = true; moved; ) {
      moved = false
      for (const reader of [...this.#readers]) moved = this.#send(reader) || moved
    }
    for (const reader of this.#readers) reader.wake()
  }

  stop(): void {
    this.#isStopped = true
    for (const reader of this.#readers) reader.stop()
  }

  /** Sends the next batch of a shard; false where there is none, or no room. */
  #send(reader: ShardReader): boolean {
    const { source, options, trials } = this.intake
    if (this.#isStopped || reader.waiting.length === 0) return false
    reader.careful ??= this.#carefulFor(reader)
    const before = this.#beforeTrials(reader)
    const isCareful = before === 0 && reader.careful > 0
    const most = options.order === 'strict' || isCareful ? 1 : PER_SHARD
    if (source.inFlightOf(reader.shard) >= most) return false
    const { count, bytes } = this.#sizeOf(reader, isCareful ? 1 : before || options.batchSize)
    if (!source.hasRoomFor(count, bytes)) return false
    const { sequence } = reader.waiting[0]!
    const deaths = isCareful ? trials.enter(reader.shard, sequence, () => this.fill()) : 0
    if (deaths === undefined) return false
    const arrivals = reader.waiting.splice(0, count)
    reader.waitingBytes -= bytes
    reader.inFlow++
    const batch = new KinesisBatch(options.stream, arrivals, bytes)
    this.#take(reader, batch, isCareful, this.#kills(deaths))
    return true
  }

  #sizeOf({ waiting }: ShardReader, most: number): { count: number; bytes: number } {
    let [count, bytes] = [0, 0]
    while (count < Math.min(most, waiting.length) && bytes < MAX_BATCH_BYTES)
      bytes += waiting[count++]!.data.length
    return { count, bytes }
  }

  #take(
    reader: ShardReader,
    batch: KinesisBatch,
    isTrial: boolean,
    kills: Reason | undefined
  ): void {
    const { source, shaper, options, trials } = this.intake
    source.takeMany({
      lane: reader.shard,
      length: batch.arrivals.length,
      bytes: batch.bytes,
      piecesOf: index => shaper.piecesOf(batch, index, kills),
      holdsNone: () => undefined,
      isSingle: options.batchSize === 1,
      portion: Math.min(options.batchSize, options.maxInFlight),
      inTurn: options.order === 'strict',
      properties: { topic: options.stream },
      acknowledge: () => {
        reader.stored(batch)
        if (isTrial) {
          reader.careful!--
          trials.passed(reader.shard)
        }
      },
      survived: isTrial ? () => trials.survived(reader.shard) : undefined
    })
  }

  /** How many records go one at a time, to find the one that kills. */
  #carefulFor(reader: ShardReader): number {
    const { shard, waiting } = reader
    const { trials, options, warn } = this.intake
    const { isCareful, starts, reached } = trials.begin(shard, waiting[0]!.sequence)
    if (!isCareful) return 0
    reader.carefulFrom = reached
    warn(carefulSentence(starts, `the shard ${shard} of "${options.stream}"`))
    return Math.min(PER_SHARD * options.batchSize, options.maxInFlight)
  }

  /**
   * So many of the next batch come before the first on trial. They go through the flow again, since
   * a sink may have gathered them when it died, and leave the note that says who is on trial.
   */
  #beforeTrials(reader: ShardReader): number {
    const { carefulFrom, waiting } = reader
    if (carefulFrom === undefined) return 0
    const from = BigInt(carefulFrom)
    const first = waiting.slice(0, this.intake.options.batchSize)
    const found = first.findIndex(({ sequence }) => BigInt(sequence) >= from)
    if (found === 0) reader.carefulFrom = undefined
    return found < 0 ? first.length : found
  }

  #kills(deaths: number): Reason | undefined {
    if (deaths === 0) return undefined
    const reason = killsReason(deaths)
    this.intake.warn(reason.message)
    return reason
  }
}
