import { contentId } from '../../core/mqtt/content-id.ts'
import type { DeferredAcks, Received } from '../../core/mqtt/deferred-ack.ts'
import { MAX_IN_FLIGHT_BYTES } from '../../core/source/source.ts'
import { carefulSentence, killsReason, type Trials } from '../../core/source/trials.ts'
import { type BatchOwner, MqttBatch } from './batch.ts'
import { ServerWindow } from './server-window.ts'

export interface BatcherOptions {
  readonly batchSize: number
  readonly gatherMs: number
  readonly burstMs: number
  /** Messages taken and not acknowledged, at most. */
  readonly maxInFlight: number
  /**
   * Nothing more is taken: flows are about to be stopped, or what was taken has not left yet.
   */
  isPaused(): boolean
  /** Knows what has killed Node-RED. */
  readonly trials: Trials
  warn(sentence: string): void
  /** The message that was refused last may be offered again. */
  onTurn(): void
  keyOf(topic: string): string | null
  /** Sends a batch into the flow; it says by itself when it is acknowledged. */
  deliver(batch: MqttBatch): void
}

/** A batch of this size leaves without waiting for more, so that one Kafka request can hold it. */
const MAX_BATCH_BYTES = 900_000
/**
 * Acknowledgements go out so long before the next batch leaves: many servers (mosquitto as it is
 * installed) leave their small packets to Nagle's algorithm, so that what they have to send waits
 * until something of ours answers what they sent before. What waits there then still comes in time
 * for that batch, not for the one after it.
 */
const ACKNOWLEDGED_BEFORE_MS = 4
/**
 * Who gathers for so long need not hear of each message meanwhile: the socket is read when the
 * batch is about to leave.
 */
const RESTS_FROM_MS = 10
/** More than that the socket may not hold while it is not read. */
const RESTS_BELOW_BYTES = 100_000
/** All messages of the node, as far as trials are concerned. */
const LANE = 'mqtt'

/**
 * Gathers messages into batches, and takes no more than may be unacknowledged, those included that
 * it still gathers.
 */
export class Batcher implements BatchOwner {
  #batch: MqttBatch | undefined
  /** Batches that are not acknowledged. */
  readonly #batches = new Set<MqttBatch>()
  #timer: NodeJS.Timeout | undefined
  /** The flow is done with these; they are not acknowledged. */
  #finished: MqttBatch[] = []
  #acknowledging: NodeJS.Timeout | undefined
  readonly #window = new ServerWindow()
  #immediate: NodeJS.Immediate | undefined
  #taken = 0
  #open = 0
  #openBytes = 0
  #hasBegun = false
  /** When the last batch left. */
  #leftMs = Number.NEGATIVE_INFINITY
  /** The last batch was full or nearly, so that reading must not stop. */
  #isPressed = false
  /**
   * So many messages go one at a time, since one of them may have killed Node-RED: as many as were
   * on their way at most.
   */
  #careful = 0

  constructor(private readonly options: BatcherOptions) {}

  get isSingle(): boolean {
    return this.options.batchSize === 1
  }

  keyOf(topic: string): string | null {
    return this.options.keyOf(topic)
  }

  /** Messages that were ever taken. */
  get taken(): number {
    return this.#taken
  }

  /** Messages that were taken and not acknowledged. */
  get open(): number {
    return this.#open
  }

  /** True if nothing more may be taken. One message is always taken, however large. */
  get full(): boolean {
    if (this.options.isPaused() || (this.#careful > 0 && this.#open > 0)) return true
    return (
      this.#open >= this.options.maxInFlight ||
      (this.#openBytes >= MAX_IN_FLIGHT_BYTES && this.#open > 0)
    )
  }

  /** The server sends no more until something is acknowledged. */
  get isBlocked(): boolean {
    return this.full || this.#open >= this.#window.limit
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
    this.#taken++
    this.#open++
    this.#openBytes += packet.payload.length
    this.#window.opened(this.#open)
    if (this.#finished.length > 0 && this.#isHurried) this.acknowledge()
    if (this.#batch !== undefined && this.#batch.acks !== acks) this.flush()
    this.#batch ??= this.#begin(acks)
    const batch = this.#batch
    batch.add(packet)
    if (deaths > 0) this.#setAside(batch, deaths)
    if (
      batch.packets.length >= this.options.batchSize ||
      batch.bytes >= MAX_BATCH_BYTES ||
      this.#open >= this.#window.limit ||
      this.full
    )
      this.flush()
    else if (batch.packets.length === 1) this.#schedule()
    return true
  }

  /** Sends what is waiting. */
  flush = (): void => {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    const batch = this.#batch
    if (batch === undefined) return
    this.#batch = undefined
    this.#leftMs = performance.now()
    const { packets, bytes, acks } = batch
    this.#isPressed = packets.length >= this.options.batchSize || bytes > RESTS_BELOW_BYTES
    acks.wake()
    this.options.deliver(batch)
  }

  /** Its time has come: with it goes what waits in the socket. */
  readonly #leave = (): void => {
    const batch = this.#batch
    if (batch === undefined) return
    batch.acks.wake()
    this.#whenRead(-1)
  }

  /** A turn of the event loop reads the socket; once nothing more has come all is read. */
  #whenRead(taken: number): void {
    if (this.#taken === taken) this.flush()
    else this.#immediate = setImmediate(before => this.#whenRead(before), this.#taken)
  }

  /** The flow is done with a batch: it is acknowledged soon. */
  finished(batch: MqttBatch): void {
    this.#finished.push(batch)
    const waitMs = this.#isHurried ? 0 : this.#nextMs() - ACKNOWLEDGED_BEFORE_MS - performance.now()
    if (waitMs < 1) this.acknowledge()
    else this.#acknowledging ??= setTimeout(this.#acknowledgeAndGoOn, waitMs)
  }

  /** Acknowledges what the flow is done with, what came by one connection in one write. */
  acknowledge = (): void => {
    clearTimeout(this.#acknowledging)
    this.#acknowledging = undefined
    const finished = this.#finished
    if (finished.length === 0) return
    this.#finished = []
    this.#window.acknowledging(this.#open)
    const { acks } = finished[0]!
    for (const batch of finished) this.#release(batch)
    if (finished.every(batch => batch.acks === acks)) acks.acknowledge(packetsOf(finished))
    else for (const batch of finished) batch.acks.acknowledge(batch.packets)
  }

  /** What there was no room for when the flow was done with them may have room now. */
  readonly #acknowledgeAndGoOn = (): void => {
    this.acknowledge()
    this.options.onTurn()
  }

  #release(batch: MqttBatch): void {
    this.#batches.delete(batch)
    this.#open -= batch.packets.length
    this.#openBytes -= batch.bytes
    if (this.#careful > 0) {
      this.#careful--
      this.options.trials.passed(LANE)
    }
  }

  /** The server may soon have to wait for acknowledgements, or nothing more is to come. */
  get #isHurried(): boolean {
    const { maxInFlight, isPaused } = this.options
    const most = Math.min(maxInFlight, this.#window.limit)
    return (
      this.#careful > 0 ||
      2 * this.#open >= most ||
      2 * this.#openBytes >= MAX_IN_FLIGHT_BYTES ||
      isPaused()
    )
  }

  /** It has not killed the process at once; see `TakenMessage.survived`. */
  survived(): void {
    if (this.#careful > 0) this.options.trials.survived(LANE)
  }

  /** What this connection brought and is not acknowledged. */
  *openOf(acks: DeferredAcks): Generator<Received> {
    for (const batch of this.#batches) if (batch.acks === acks) yield* batch.packets
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

  #begin(acks: DeferredAcks): MqttBatch {
    const batch = new MqttBatch(acks, this)
    this.#batches.add(batch)
    return batch
  }

  /** When the next batch leaves that is not full before. */
  #nextMs(): number {
    return this.#leftMs + this.options.gatherMs
  }

  /** A server that stops at a limit of its own is answered as soon as it does. */
  get #mayRest(): boolean {
    return (
      !this.#isPressed && this.#careful === 0 && this.#window.limit === Number.POSITIVE_INFINITY
    )
  }

  #schedule(): void {
    const waitMs = Math.max(this.options.burstMs, this.#nextMs() - performance.now())
    if (waitMs < 1) this.#immediate = setImmediate(this.flush)
    else {
      this.#timer = setTimeout(this.#leave, waitMs)
      if (waitMs >= RESTS_FROM_MS && this.#mayRest) this.#batch?.acks.rest()
    }
  }
}

const packetsOf = (batches: readonly MqttBatch[]): readonly Received[] =>
  batches.length === 1 ? batches[0]!.packets : batches.flatMap(({ packets }) => packets)
