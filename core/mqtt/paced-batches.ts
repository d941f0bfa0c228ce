import type { Gathering } from '../pace.ts'
import { PassingSet } from '../passing-map.ts'
import type { DeferredAcks, Received } from './deferred-ack.ts'
import { ServerWindow } from './server-window.ts'

/** Messages of one connection that leave together and are acknowledged together. */
export interface PacedBatch {
  /** The connection that brought them; it knows whom to tell when it has ended. */
  readonly acks: DeferredAcks
  readonly packets: readonly Received[]
  /** Of the payloads of all its messages. */
  readonly bytes: number
  /** What of it counts for the batch size: messages, or records. */
  readonly size: number
}

export interface PacedBatchesOptions<B extends PacedBatch> extends Gathering {
  readonly batchSize: number
  /** Messages that the server sends without acknowledgement, at most. */
  readonly maxInFlight: number
  begin(acks: DeferredAcks): B
  /** Nothing more may be taken, so there is nothing to wait for. */
  isFull(): boolean
  /** Sends a batch into the flow, which says by `finished` when it is done with it. */
  deliver(batch: B): void
  /** Acknowledgements are to go out at once. */
  isHurried(): boolean
  /** Whether the socket may be left alone while messages are gathered. */
  mayRest(): boolean
  /** A batch is acknowledged. */
  released(batch: B): void
  /** There is room for more. */
  onTurn(): void
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
/** At some 1,000 records a second a batch has fewer. */
const FEW = 64
/** More than that the socket may not hold while it is not read. */
const RESTS_BELOW_BYTES = 100_000
/** Where a gathered batch had so many, the next has some too: it is not waited for the first. */
const SOME = 3

/**
 * Decides when batches leave and when they are acknowledged: see core/pace.ts for the rule. Keeps
 * account of what is in them until then.
 */
export class PacedBatches<B extends PacedBatch> {
  #batch: B | undefined
  /** Batches that are not acknowledged. */
  readonly #batches = new PassingSet<B>()
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  /** The flow is done with these; they are not acknowledged. */
  #finished: B[] = []
  #acknowledging: NodeJS.Timeout | undefined
  readonly #window = new ServerWindow()
  #added = 0
  #open = 0
  #openBytes = 0
  /** When the last batch left. */
  #leftMs = Number.NEGATIVE_INFINITY
  #hadFew = true
  /** What is gathered came after a pause; then the last batch was one message after a pause. */
  #isAfterPause = false
  #wasAlone = false
  /** Its socket is not read. */
  #resting: DeferredAcks | undefined
  /** The last batch was full or nearly, so that reading must not stop. */
  #isPressed = false

  constructor(private readonly options: PacedBatchesOptions<B>) {}

  /** Messages in batches that are not acknowledged. */
  get open(): number {
    return this.#open
  }
  get openBytes(): number {
    return this.#openBytes
  }

  /** The server sends no more until something is acknowledged. */
  get isAtLimit(): boolean {
    return this.#open >= this.#window.limit
  }

  /** What this connection brought and is not acknowledged. */
  *openOf(acks: DeferredAcks): Generator<Received> {
    for (const batch of this.#batches) if (batch.acks === acks) yield* batch.packets
  }

  /** The batch to add a message of this connection to; then say so by `added`. */
  batchOf(acks: DeferredAcks): B {
    if (this.#batch !== undefined && this.#batch.acks !== acks) this.flush()
    if (this.#batch === undefined) {
      this.#batch = this.options.begin(acks)
      this.#batches.add(this.#batch)
    }
    return this.#batch
  }

  /** A message with so many bytes was added to the batch. */
  added(bytes: number): void {
    const batch = this.#batch!
    this.#added++
    this.#open++
    this.#openBytes += bytes
    this.#window.opened(this.#open)
    if (this.#finished.length > 0 && this.#isHurried) this.acknowledge()
    if (
      batch.size >= this.options.batchSize ||
      batch.bytes >= MAX_BATCH_BYTES ||
      this.isAtLimit ||
      this.options.isFull()
    )
      this.flush()
    else if (batch.packets.length === 1) this.#schedule()
  }

  /** Sends what is waiting. */
  flush = (): void => {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#wake()
    const batch = this.#batch
    if (batch === undefined) return
    this.#batch = undefined
    this.#leftMs = performance.now()
    this.#hadFew = batch.size < FEW
    this.#wasAlone = this.#isAfterPause && batch.packets.length === 1
    this.#isPressed = batch.size >= this.options.batchSize || batch.bytes > RESTS_BELOW_BYTES
    this.options.deliver(batch)
  }

  #wake(): void {
    this.#resting?.wake()
    this.#resting = undefined
  }

  /** The batch has gathered for its time. */
  readonly #flushInTime = (): void => {
    const batch = this.#batch
    this.flush()
    if (batch === undefined || batch.packets.length < SOME || this.#batch !== undefined) return
    const waitMs = this.#nextMs - this.#leftMs
    if (this.#mayRestFor(waitMs) && !this.options.isFull()) this.#gatherFor(waitMs, batch.acks)
  }

  /** The flow is done with a batch: it is acknowledged soon. */
  finished(batch: B): void {
    this.#finished.push(batch)
    const waitMs = this.#nextMs - ACKNOWLEDGED_BEFORE_MS - performance.now()
    if (waitMs < 1 || this.#isHurried || this.#isAlone) this.acknowledge()
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

  #release(batch: B): void {
    this.#batches.delete(batch)
    this.#open -= batch.packets.length
    this.#openBytes -= batch.bytes
    this.options.released(batch)
  }

  /** The server may soon have to wait for acknowledgements, or nothing more is to come. */
  get #isHurried(): boolean {
    const most = Math.min(this.options.maxInFlight, this.#window.limit)
    return 2 * this.#open >= most || this.options.isHurried()
  }

  /** Nothing waits for the acknowledgement of the one message, nor is there to be one with it. */
  get #isAlone(): boolean {
    return this.#wasAlone && this.#batch === undefined && this.#finished.length === 1
  }

  /** When the next batch leaves that is not full before. */
  get #nextMs(): number {
    const { gatherMs, fewMs } = this.options
    return this.#leftMs + (this.#hadFew ? fewMs : gatherMs)
  }

  #schedule(): void {
    const restMs = this.#nextMs - performance.now()
    const waitMs = Math.max(this.options.burstMs, restMs)
    this.#isAfterPause = restMs <= 0
    if (waitMs < 1) this.#immediate = setImmediate(this.#flushInTime)
    else this.#gatherFor(waitMs, this.#batch!.acks)
  }

  #gatherFor(waitMs: number, acks: DeferredAcks): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#leave, waitMs)
    if (!this.#mayRestFor(waitMs)) return
    // Another connection may rest without having brought anything: nobody else would wake it.
    if (this.#resting !== acks) this.#wake()
    this.#resting = acks
    acks.rest()
  }

  /** A server that stops at a limit of its own is answered as soon as it does. */
  #mayRestFor(waitMs: number): boolean {
    return (
      waitMs >= RESTS_FROM_MS &&
      !this.#isPressed &&
      this.#window.limit === Number.POSITIVE_INFINITY &&
      this.options.mayRest()
    )
  }

  /** Its time has come: with it goes what waits in the socket. */
  readonly #leave = (): void => {
    this.#wake()
    this.#whenRead(-1)
  }

  /** A turn of the event loop reads the socket; once nothing more has come all is read. */
  #whenRead(added: number): void {
    if (this.#added === added) this.#flushInTime()
    else this.#immediate = setImmediate(before => this.#whenRead(before), this.#added)
  }
}

const packetsOf = (batches: readonly PacedBatch[]): readonly Received[] =>
  batches.length === 1 ? batches[0]!.packets : batches.flatMap(({ packets }) => packets)
