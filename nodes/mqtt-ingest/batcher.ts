import { contentId } from '../../core/mqtt/content-id.ts'
import type { DeferredAcks, Received } from '../../core/mqtt/deferred-ack.ts'
import type { Intake } from '../../core/mqtt/intake.ts'
import { PacedBatches } from '../../core/mqtt/paced-batches.ts'
import type { Gathering } from '../../core/pace.ts'
import { MAX_IN_FLIGHT_BYTES } from '../../core/source/source.ts'
import { carefulSentence, killsReason, type Trials } from '../../core/source/trials.ts'
import { type BatchOwner, MqttBatch } from './batch.ts'

export interface BatcherOptions extends Gathering {
  readonly batchSize: number
  /** Messages taken and not acknowledged, at most. */
  readonly maxInFlight: number
  /**
   * Nothing more is taken: flows are about to be stopped, or what was taken has not left yet.
   */
  isPaused(): boolean
  /** Knows what has killed Node-RED. */
  readonly trials: Trials
  /** See `BatchOwner.hop`. */
  hop?(): string | undefined
  warn(sentence: string): void
  /** The message that was refused last may be offered again. */
  onTurn(): void
  keyOf(topic: string): string | null
  /** Sends a batch into the flow; it says by itself when it is acknowledged. */
  deliver(batch: MqttBatch): void
}

/** All messages of the node, as far as trials are concerned. */
const LANE = 'mqtt'

/**
 * Gathers messages into batches, and takes no more than may be unacknowledged, those included that
 * it still gathers.
 */
export class Batcher implements BatchOwner, Intake {
  readonly #batches: PacedBatches<MqttBatch>
  /** Messages that were ever taken. */
  taken = 0
  #hasBegun = false
  /**
   * So many messages go one at a time, since one of them may have killed Node-RED: as many as were
   * on their way at most.
   */
  #careful = 0

  constructor(private readonly options: BatcherOptions) {
    this.#batches = new PacedBatches({
      ...options,
      begin: acks => new MqttBatch(acks, this),
      isFull: () => this.full,
      isHurried: () => this.#isHurried,
      mayRest: () => this.#careful === 0,
      released: () => this.#released()
    })
  }

  get isSingle(): boolean {
    return this.options.batchSize === 1
  }

  get hop(): string | undefined {
    return this.options.hop?.()
  }

  keyOf(topic: string): string | null {
    return this.options.keyOf(topic)
  }

  /** Messages that were taken and not acknowledged. */
  get open(): number {
    return this.#batches.open
  }

  /** True if nothing more may be taken. One message is always taken, however large. */
  get full(): boolean {
    const { open, openBytes } = this.#batches
    if (this.options.isPaused() || (this.#careful > 0 && open > 0)) return true
    return open >= this.options.maxInFlight || (openBytes >= MAX_IN_FLIGHT_BYTES && open > 0)
  }

  /** The server sends no more until something is acknowledged. */
  get isBlocked(): boolean {
    return this.full || this.#batches.isAtLimit
  }

  /** Takes a message; false if there is no room. */
  offer(packet: Received, acks: DeferredAcks): boolean {
    if (this.full) return false
    if (!this.#hasBegun && packet.qos > 0) this.#beginWith(packet)
    const deaths =
      this.#careful > 0
        ? this.options.trials.enter(LANE, contentId(packet), this.options.onTurn)
        : 0
    if (deaths === undefined) return false
    this.taken++
    const batch = this.#batches.batchOf(acks)
    batch.add(packet)
    if (deaths > 0) this.#setAside(batch, deaths)
    this.#batches.added(packet.payload.length)
    return true
  }

  /** Sends what is waiting. */
  flush = (): void => this.#batches.flush()

  /** The flow is done with a batch: it is acknowledged soon. */
  finished(batch: MqttBatch): void {
    this.#batches.finished(batch)
  }

  /** Acknowledges what the flow is done with. */
  acknowledge = (): void => this.#batches.acknowledge()

  /** It has not killed the process at once; see `TakenMessage.survived`. */
  survived(): void {
    if (this.#careful > 0) this.options.trials.survived(LANE)
  }

  /** What this connection brought and is not acknowledged. */
  openOf(acks: DeferredAcks): Iterable<Received> {
    return this.#batches.openOf(acks)
  }

  #released(): void {
    if (this.#careful === 0) return
    this.#careful--
    this.options.trials.passed(LANE)
  }

  get #isHurried(): boolean {
    return (
      this.#careful > 0 ||
      2 * this.#batches.openBytes >= MAX_IN_FLIGHT_BYTES ||
      this.options.isPaused()
    )
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

  #setAside(batch: MqttBatch, deaths: number): void {
    batch.kills = killsReason(deaths)
    this.options.warn(`${batch.kills.message} Its topic is "${batch.packets[0]!.topic}".`)
  }
}
