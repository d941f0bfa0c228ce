import type { NodeMessage } from 'node-red'
import { pause } from '../backoff.ts'
import { trackerOf } from '../delivery/tracker.ts'
import type { PausableSource, Tracker } from '../delivery/types.ts'
import { reasonOf } from '../errors.ts'
import { type Acknowledged, Attempts } from './attempts.ts'
import { InFlightMessage } from './in-flight.ts'
import { InOrderQueue } from './in-order-queue.ts'
import type { Portion } from './portion-cutter.ts'
import { Portions } from './portions.ts'
import type { SourceOptions, TakenBatch, TakenMany, TakenMessage, Waiting } from './types.ts'
import { UnwiredOutput } from './unwired.ts'

/**
 * Sinks let records wait for more for a second at most, so after this it is something else that
 * holds them.
 */
const STILL_MS = 2_000
/** What has not moved for so long before a deployment will not do so because of it. */
const HOPELESS_MS = 5_000
/**
 * Memory for payloads that are not acknowledged; large payloads reach it long before the number of
 * records does.
 */
export const MAX_IN_FLIGHT_BYTES = 64 << 20

/**
 * What a source has in flight: keeps it within its bounds, counts it, and acknowledges it lane by
 * lane, in order.
 */
export class DeliverySource implements PausableSource {
  readonly #tracker: Tracker
  readonly #leave: () => void
  readonly #lanes = new Map<string, InOrderQueue<InFlightMessage>>()
  readonly #attempts: Attempts
  readonly #unwired: UnwiredOutput
  readonly #portions: Portions
  #messages = 0
  #records = 0
  #bytes = 0
  #number = 0
  /** When a message last left, or the first one was taken. */
  #movedMs = 0
  #pausedMs: number | undefined
  #closed = false

  constructor(private readonly options: SourceOptions) {
    const { RED, node, mode, deadLetterOutput } = options
    this.#tracker = options.tracker ?? trackerOf(RED)
    this.#leave = mode === 'received' ? () => {} : this.#tracker.register(node, this)
    this.#unwired = new UnwiredOutput(node, deadLetterOutput)
    this.#attempts = new Attempts(options, this.#tracker, this.#unwired, (message, counted) =>
      this.#finish(message, counted)
    )
    this.#portions = new Portions({
      hasRoomFor: (records, bytes) => this.#fits(records, bytes),
      sentOf: lane => this.#lanes.get(lane)?.size ?? 0,
      send: (many, portion, isLast) => this.#takePortion(many, portion, isLast),
      end: many => this.#takeNothing(many),
      onTurn: () => this.#tellCapacity()
    })
  }

  /** Records taken and not acknowledged. */
  get inFlight(): number {
    return this.#records
  }
  get full(): boolean {
    return !this.hasRoomFor(1, 1)
  }
  /** Of what was taken, something waits to leave. */
  get isBehind(): boolean {
    return this.#portions.exist
  }
  get isPaused(): boolean {
    return this.#pausedMs !== undefined
  }
  get isMoving(): boolean {
    if (this.#messages === this.#attempts.retrying && !this.isBehind) return false
    const nowMs = performance.now()
    const { stillMs = STILL_MS } = this.options
    if (nowMs - this.#movedMs < stillMs) return true
    if (this.#pausedMs === undefined || nowMs - this.#pausedMs >= stillMs) return false
    return this.#pausedMs - this.#movedMs < HOPELESS_MS
  }
  get waiting(): Waiting {
    const { retrying, reason } = this.#attempts
    const stalledMs = this.#messages > 0 ? performance.now() - this.#movedMs : 0
    return { records: this.#records, retrying, reason, stalledMs }
  }

  /** Whether so much more may be taken now. Where nothing is in flight, any one message may. */
  hasRoomFor(records: number, bytes: number): boolean {
    return !this.isPaused && !this.#portions.isHeld && this.#fits(records, bytes)
  }

  #fits(records: number, bytes: number): boolean {
    if (this.#records === 0) return true
    return (
      this.#records + records <= this.options.maxInFlight &&
      this.#bytes + bytes <= MAX_IN_FLIGHT_BYTES
    )
  }
  /** Messages of a lane that are not acknowledged, and what was taken that waits to leave. */
  inFlightOf(lane: string): number {
    return (this.#lanes.get(lane)?.size ?? 0) + this.#portions.waitingOf(lane)
  }

  /**
   * Sends a message into the flow. It is taken even if the source is full; the protocol is what
   * must stop reading.
   */
  take(taken: TakenMessage): void {
    if (this.#closed) return
    const { metrics } = this.options
    metrics.in += taken.records
    metrics.out += taken.records
    if (taken.rejected !== undefined) metrics.countRefused(taken.rejected)
    if (this.options.mode === 'received') {
      this.#attempts.send(taken.message ?? taken.rebuild(), taken.output ?? 0)
      this.#countFiltered(taken, taken.records)
      this.#acknowledge(taken)
      return
    }
    metrics.inFlight += taken.records
    this.#attempts.begin(this.#enter(taken), taken.message)
  }

  /**
   * Sends the records of a batch as at most two messages, the accepted and the rejected.
   * Acknowledges it once: after both, and after all before it of the lane. One without records is
   * acknowledged in its turn.
   */
  takeBatch(batch: TakenBatch): void {
    const { accepted, rejected } = batch.split
    if (rejected.length > 0) this.options.metrics.countRefused(rejected)
    const both = accepted.length > 0 && rejected.length > 0
    if (accepted.length > 0)
      this.take(this.#messageOf(batch, 'accepted', both ? () => {} : batch.acknowledge))
    if (rejected.length > 0) this.take(this.#messageOf(batch, 'rejected', batch.acknowledge))
    if (accepted.length === 0 && rejected.length === 0) this.#takeNothing(batch)
  }

  /**
   * Sends the records of what holds any number of them, in portions. Acknowledges it once: after
   * all of them, and after all before it of the lane.
   */
  takeMany(many: TakenMany): void {
    if (!this.#closed) this.#portions.add(many)
  }

  /**
   * Forgets a lane that is not ours any more (a rebalance, a lost connection): nothing of it will
   * be acknowledged.
   */
  dropLane(lane: string): void {
    this.#portions.drop(lane)
    const queue = this.#lanes.get(lane)
    if (queue === undefined) return
    this.#lanes.delete(lane)
    const left = queue.clear()
    for (const message of left) this.#giveBack(message)
    if (left.length > 0) this.#tellCapacity()
  }

  pause(): void {
    if (this.isPaused || this.#closed) return
    this.#pausedMs = performance.now()
    this.options.onPause?.()
  }

  resume(): void {
    if (!this.isPaused || this.#closed) return
    this.#pausedMs = undefined
    this.options.onCapacity()
  }

  /**
   * Waits until nothing is in flight, for so long at most and only while it moves: what is still
   * stored now needs not be delivered again.
   */
  async drained(limitMs: number): Promise<void> {
    this.pause()
    const endMs = performance.now() + limitMs
    while (this.isMoving && performance.now() < endMs) await pause(20)
  }

  /** Gives back everything that is not acknowledged: the protocol delivers it again. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#portions.end()
    for (const lane of [...this.#lanes.keys()]) this.dropLane(lane)
    this.#unwired.end()
    this.#leave()
  }

  #messageOf(
    batch: TakenBatch,
    which: 'accepted' | 'rejected',
    acknowledge: () => void
  ): TakenMessage {
    const { lane, properties, isSingle, splitAgain, survived } = batch
    const records = batch.split[which]
    const messageOf = (payload: readonly object[]) => ({
      ...properties,
      payload: isSingle ? payload[0] : payload
    })
    return {
      lane,
      records: records.length,
      // Shared out by the number of records, since both are in flight as long as one is.
      bytes: Math.round(
        (batch.bytes * records.length) / (batch.split.accepted.length + batch.split.rejected.length)
      ),
      message: messageOf(records),
      rebuild: () => messageOf(splitAgain()[which]),
      acknowledge,
      survived,
      output: which === 'accepted' ? 0 : this.options.deadLetterOutput
    }
  }

  #takePortion(
    { lane, properties, isSingle, survived, acknowledge }: TakenMany,
    { which, records, bytes, again }: Portion,
    isLast: boolean
  ): void {
    if (which === 'rejected') this.options.metrics.countRefused(records)
    const messageOf = (payload: readonly object[]) => ({
      ...properties,
      payload: isSingle ? payload[0] : payload
    })
    this.take({
      lane,
      records: records.length,
      bytes,
      message: messageOf(records),
      rebuild: () => messageOf(again()),
      acknowledge: isLast ? acknowledge : () => {},
      survived,
      output: which === 'accepted' ? 0 : this.options.deadLetterOutput
    })
  }

  /** Nothing of it goes into the flow, so it only has to wait for its turn. */
  #takeNothing({ lane, acknowledge }: Pick<TakenMessage, 'lane' | 'acknowledge'>): void {
    if (this.#closed) return
    const taken: TakenMessage = { lane, records: 0, rebuild: () => ({}), acknowledge }
    if (this.options.mode === 'received') this.#acknowledge(taken)
    else this.#leaveInTurn(this.#enter(taken))
  }

  #enter(taken: TakenMessage): InFlightMessage {
    const message = new InFlightMessage(taken, this.#number++, () => {
      this.#forget(taken)
      this.#movedMs = performance.now()
      this.#acknowledge(taken)
    })
    this.#laneOf(taken.lane).add(message)
    if (this.#messages++ === 0) this.#movedMs = performance.now()
    this.#records += taken.records
    this.#bytes += taken.bytes ?? 0
    return message
  }

  #laneOf(name: string): InOrderQueue<InFlightMessage> {
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      lane = new InOrderQueue()
      this.#lanes.set(name, lane)
    }
    return lane
  }

  #forget({ records, bytes = 0 }: TakenMessage): void {
    this.#messages--
    this.#records -= records
    this.#bytes -= bytes
  }

  #finish(message: InFlightMessage, counted: Acknowledged): void {
    const { metrics } = this.options
    const { records } = message.taken
    metrics.inFlight -= records
    if (message.writtenOff) {
      metrics.rejected += records
      metrics.countCode('DELIVERY_EXHAUSTED', records)
    } else {
      metrics.stored += counted.stored
      metrics.rejected += counted.rejected
      metrics.duplicates += counted.duplicates
      this.#countFiltered(message.taken, counted.filtered)
    }
    this.#leaveInTurn(message)
  }

  #leaveInTurn(message: InFlightMessage): void {
    const lane = this.#lanes.get(message.taken.lane)
    if (lane !== undefined && lane.finish(message) > 0) this.#tellCapacity()
  }

  /** What was taken before goes first. */
  #tellCapacity(): void {
    if (this.#closed) return
    this.#portions.advance()
    if (!this.#portions.isHeld) this.options.onCapacity()
  }

  /** What was rejected at once and has left by no wire is not filtered on purpose. */
  #countFiltered(taken: TakenMessage, records: number): void {
    const { metrics, deadLetterOutput, isWired } = this.options
    const refused = taken.output === deadLetterOutput ? records : (taken.rejected?.length ?? 0)
    const lost = isWired(deadLetterOutput) ? 0 : Math.min(records, refused)
    metrics.filtered += records - lost
    if (lost === 0) return
    metrics.rejected += lost
    this.#unwired.lost(lost, rejectedOf(taken))
  }

  #acknowledge(taken: TakenMessage): void {
    try {
      taken.acknowledge()
    } catch (error) {
      this.options.node.error(
        `A message could not be acknowledged and will be delivered again: ${reasonOf(error)}`
      )
    }
  }

  #giveBack(message: InFlightMessage): void {
    const { taken, done } = message
    this.#forget(taken)
    this.#attempts.end(message)
    if (done) return
    this.options.metrics.inFlight -= taken.records
    this.options.metrics.returned += taken.records
  }
}

/** The message with what the source itself has rejected. */
function rejectedOf({ rejected, message, rebuild }: TakenMessage): NodeMessage {
  if (rejected !== undefined) return { payload: rejected } as NodeMessage
  return message ?? (rebuild() as NodeMessage)
}
