import { contentId } from '../../core/mqtt/content-id.ts'
import type { DeferredAcks, Received } from '../../core/mqtt/deferred-ack.ts'
import type { Intake } from '../../core/mqtt/intake.ts'
import { PacedBatches } from '../../core/mqtt/paced-batches.ts'
import type { NodeMetrics } from '../../core/node/metrics.ts'
import type { Gathering } from '../../core/pace.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import type { DeliverySource } from '../../core/source/source.ts'
import { carefulSentence, killsReason, type Trials } from '../../core/source/trials.ts'
import type { ArrivalOutcome } from './arrival.ts'
import { SparkplugBatch } from './batch.ts'
import type { RecordOptions } from './records.ts'

export interface GathererOptions extends RecordOptions, Gathering {
  readonly batchSize: number
  /** How long a message may be missing. */
  readonly reorderMs: number
  readonly source: DeliverySource
  readonly metrics: NodeMetrics
  /** Records that may be unacknowledged. */
  readonly maxInFlight: number
  /** Knows what has killed Node-RED. */
  readonly trials: Trials
  warn(sentence: string): void
  /** A message is being read, and nothing may come before it. */
  isReading(): boolean
  /** Looks at a message; what becomes of it comes by `settled`. */
  receive(packet: Received, acks: DeferredAcks): void
  /** The message that was refused last may be offered again. */
  onTurn(): void
}

/** So many messages may wait for their trial before nothing more is taken. */
const MAX_LINE = 4
const LANE = 'sparkplug'

/** Takes messages as long as the flow has room, and gathers what the host has done with. */
export class Gatherer implements Intake {
  readonly #batches: PacedBatches<SparkplugBatch>
  taken = 0
  /** Messages that are not acknowledged, those included that wait for a birth. */
  open = 0
  /** Are in no batch yet: they wait for a birth, or for their trial. */
  readonly #waiting = new Map<Received, DeferredAcks>()
  #hasBegun = false
  /**
   * So many messages go into the flow one at a time, since one of them may have killed Node-RED: as
   * many as were on their way at most.
   */
  #careful = 0
  readonly #line: ArrivalOutcome[] = []
  /** One of them that is in the flow. */
  #onTrial: Received | undefined

  constructor(private readonly options: GathererOptions) {
    const { source, gatherMs, reorderMs, maxInFlight } = options
    this.#batches = new PacedBatches({
      ...options,
      begin: acks => new SparkplugBatch(acks, options),
      isFull: () => source.full,
      isHurried: () => this.#careful > 0 || source.isPaused || 2 * source.inFlight >= maxInFlight,
      // What waits in the socket would pass for missing.
      mayRest: () => this.#careful === 0 && reorderMs > 2 * gatherMs,
      deliver: batch => this.#deliver(batch),
      released: batch => this.#released(batch)
    })
  }

  get full(): boolean {
    const { source, isReading } = this.options
    return this.#line.length > MAX_LINE || source.full || source.isBehind || isReading()
  }

  /** Nothing comes until something of it has come to its end. */
  get isBlocked(): boolean {
    return this.full || this.#batches.isAtLimit
  }

  offer(packet: Received, acks: DeferredAcks): boolean {
    if (this.full) return false
    if (!this.#hasBegun && packet.qos > 0) this.#beginWith(packet)
    this.taken++
    this.open++
    if (packet.qos > 0) this.#waiting.set(packet, acks)
    this.options.receive(packet, acks)
    return true
  }

  *openOf(acks: DeferredAcks): Generator<Received> {
    yield* this.#batches.openOf(acks)
    for (const [packet, of] of this.#waiting) if (of === acks) yield packet
  }

  /** The host is done with a message. */
  settled(outcome: ArrivalOutcome): void {
    if (this.#careful === 0) this.#gather(outcome)
    else {
      this.#line.push(outcome)
      this.#tryNext()
    }
  }

  /** Sends all that is waiting. */
  flush = (): void => this.#batches.flush()

  /** Acknowledges what the flow is done with. */
  acknowledge = (): void => this.#batches.acknowledge()

  #gather(outcome: ArrivalOutcome): void {
    const { packet, acks, duplicates, filtered } = outcome
    this.options.metrics.duplicates += duplicates
    this.options.metrics.in += duplicates
    this.#leftOut(filtered)
    this.#waiting.delete(packet)
    this.#batches.batchOf(acks).add(outcome)
    this.#batches.added(packet.payload.length)
  }

  readonly #leftOut = (values: number): void => {
    this.options.metrics.filtered += values
    this.options.metrics.in += values
  }

  #deliver(batch: SparkplugBatch): void {
    const { source, batchSize, maxInFlight, trials } = this.options
    source.takeMany({
      lane: LANE,
      length: batch.packets.length,
      bytes: batch.bytes,
      piecesOf: index => batch.piecesOf(index, this.#leftOut),
      holdsNone() {},
      isSingle: batchSize === 1,
      portion: Math.min(batchSize, maxInFlight),
      inTurn: false,
      acknowledge: () => this.#batches.finished(batch),
      survived: () => {
        if (this.#onTrial !== undefined) trials.survived(LANE)
      }
    })
  }

  #released({ packets }: SparkplugBatch): void {
    this.open -= packets.length
    const tried = this.#onTrial
    if (tried === undefined || !packets.includes(tried)) return
    this.#onTrial = undefined
    this.#careful--
    if (tried.qos > 0) this.options.trials.passed(LANE)
    this.#endOfTrial()
  }

  /** The server sends first what was not acknowledged, in the order it was sent in. */
  #beginWith(first: Received): void {
    const { trials, warn, maxInFlight } = this.options
    this.#hasBegun = true
    const { isCareful, starts } = trials.begin(LANE, contentId(first))
    if (!isCareful) return
    this.#careful = maxInFlight
    warn(carefulSentence(starts, `the topic "${first.topic}"`))
  }

  /** The next message whose records go into the flow alone. */
  readonly #tryNext = (): void => {
    const [outcome] = this.#line
    if (outcome === undefined || this.#onTrial !== undefined) return
    // What is not sent again can kill only once.
    const comesAgain = outcome.packet.qos > 0
    const deaths = comesAgain
      ? this.options.trials.enter(LANE, contentId(outcome.packet), this.#tryNext)
      : 0
    if (deaths === undefined) return
    this.#line.shift()
    this.flush()
    this.#onTrial = outcome.packet
    this.#gather(deaths > 0 ? this.#aside(outcome, deaths) : outcome)
    this.flush()
  }

  #aside(outcome: ArrivalOutcome, deaths: number): ArrivalOutcome {
    const { code, message } = killsReason(deaths)
    this.options.warn(`${message} Its topic is "${outcome.packet.topic}".`)
    const entries = [{ kind: 'failed', failure: new ParseFailure(code, message) } as const]
    return { ...outcome, entries, reading: undefined, duplicates: 0, filtered: 0 }
  }

  /** Once all that were on their way have passed, the others go on as ever. */
  #endOfTrial(): void {
    if (this.#careful > 0) setImmediate(this.#tryNext)
    else for (const outcome of this.#line.splice(0)) this.#gather(outcome)
  }
}
