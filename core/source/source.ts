import { pause } from '../backoff.ts'
import { trackerOf } from '../delivery/tracker.ts'
import type { Backlog, PausableSource, Tracker } from '../delivery/types.ts'
import { reasonOf } from '../errors.ts'
import { type Acknowledged, Attempts } from './attempts.ts'
import { HeldParts } from './held-parts.ts'
import type { InFlightMessage } from './in-flight.ts'
import { InFlightLanes } from './in-flight-lanes.ts'
import { messageOfPortion, messagesOf } from './messages-of.ts'
import type { Portion } from './portion-cutter.ts'
import { Portions } from './portions.ts'
import { SourceCounts } from './source-counts.ts'
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
  readonly #lanes = new InFlightLanes(taken => this.#acknowledge(taken))
  readonly #held = new HeldParts()
  readonly #attempts: Attempts
  readonly #unwired: UnwiredOutput
  readonly #portions: Portions
  readonly #counts: SourceCounts
  #pausedMs: number | undefined
  #closed = false

  constructor(private readonly options: SourceOptions) {
    const { RED, node, mode, deadLetterOutput } = options
    this.#tracker = options.tracker ?? trackerOf(RED)
    this.#leave = mode === 'received' ? () => {} : this.#tracker.register(node, this)
    this.#unwired = new UnwiredOutput(node, deadLetterOutput)
    this.#counts = new SourceCounts(options, this.#unwired)
    this.#attempts = new Attempts(
      options,
      this.#tracker,
      this.#unwired,
      (message, counted) => this.#finish(message, counted),
      lane => this.#held.firstOf(lane) ?? this.#lanes.firstOf(lane)?.from
    )
    this.#portions = new Portions({
      hasRoomFor: records => this.#fits(records, 0, 0),
      sentOf: lane => this.#lanes.sizeOf(lane),
      send: (many, portion, isLast) => this.#takePortion(many, portion, isLast),
      end: many => this.#takeNothing(many),
      onTurn: () => this.#tellCapacity()
    })
  }

  /** Records taken and not acknowledged. */
  get inFlight(): number {
    return this.#lanes.records
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
    if (this.#lanes.messages === this.#attempts.retrying && !this.isBehind) return false
    const nowMs = performance.now()
    const { stillMs = STILL_MS } = this.options
    if (nowMs - this.#lanes.movedMs < stillMs) return true
    if (this.#pausedMs === undefined || nowMs - this.#pausedMs >= stillMs) return false
    return this.#pausedMs - this.#lanes.movedMs < HOPELESS_MS
  }
  get waiting(): Waiting {
    const { retrying, reason } = this.#attempts
    const { messages, records: inFlight, movedMs } = this.#lanes
    const stalledMs = messages > 0 ? performance.now() - movedMs : 0
    return { records: inFlight, retrying, reason, stalledMs }
  }

  get backlog(): Backlog {
    const { oldestMs, messages, movedMs } = this.#lanes
    const nowMs = performance.now()
    return {
      isAway: this.options.isAway?.() ?? false,
      isBlocked: this.full || this.isBehind || (this.options.isBlocked?.() ?? false),
      oldestMs: oldestMs === undefined ? 0 : nowMs - oldestMs,
      stalledMs: messages > 0 ? nowMs - movedMs : 0
    }
  }

  /** Whether so much more may be taken now. Where nothing is in flight, any one message may. */
  hasRoomFor(records: number, bytes: number): boolean {
    return !this.isPaused && !this.#portions.isHeld && this.#fits(records, bytes)
  }

  /** What waits to leave was let in already, with its bytes. */
  #fits(records: number, bytes: number, waitingBytes = this.#portions.bytes): boolean {
    const { records: inFlight, bytes: inFlightBytes } = this.#lanes
    if (inFlight === 0) return true
    return (
      inFlight + records <= this.options.maxInFlight &&
      inFlightBytes + waitingBytes + bytes <= MAX_IN_FLIGHT_BYTES
    )
  }

  /** Messages of a lane that are not acknowledged, and what was taken that waits to leave. */
  inFlightOf(lane: string): number {
    return this.#lanes.sizeOf(lane) + this.#portions.waitingOf(lane)
  }

  /**
   * Sends a message into the flow. It is taken even if the source is full; the protocol is what
   * must stop reading.
   */
  take(taken: TakenMessage): void {
    if (this.#closed) return
    this.#counts.taken(taken)
    if (this.options.mode === 'received') {
      this.#attempts.send(taken.message ?? taken.rebuild(), taken.output ?? 0)
      this.#counts.filtered(taken, taken.records)
      this.#acknowledge(taken)
      return
    }
    this.#counts.waiting(taken)
    this.#attempts.begin(this.#lanes.add(taken), taken.message)
  }

  /**
   * Sends the records of a batch as at most two messages, the accepted and the rejected.
   * Acknowledges it once: after both, and after all before it of the lane. One without records is
   * acknowledged in its turn.
   */
  takeBatch(batch: TakenBatch): void {
    const { metrics, deadLetterOutput } = this.options
    const messages = messagesOf(batch, deadLetterOutput)
    if (batch.split.rejected.length > 0) metrics.countRefused(batch.split.rejected)
    for (const message of messages) this.take(message)
    if (messages.length === 0) this.#takeNothing(batch)
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
    const left = this.#lanes.drop(lane)
    this.#held.drop(lane)
    for (const message of left) this.#giveBack(message)
    this.#tracker.laneDropped(this.options.node.id, lane)
    if (left.length > 0) this.#tellCapacity()
  }

  /** These lanes are ours now, and no others: nodes that remember go on with them. */
  assignLanes(lanes: readonly string[]): void {
    if (!this.#closed) this.#tracker.lanesAssigned(this.options.node.id, lanes)
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

  readAgain(): void {
    if (!this.#closed) this.options.onReadAgain?.()
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
    for (const lane of new Set([...this.#lanes.names, ...this.#held.lanes])) this.dropLane(lane)
    this.#tracker.lanesAssigned(this.options.node.id, [])
    this.#unwired.end()
    this.#leave()
  }

  #takePortion(many: TakenMany, portion: Portion, isLast: boolean): void {
    const { metrics, deadLetterOutput } = this.options
    if (portion.which === 'rejected') metrics.countRefused(portion.records)
    this.take(messageOfPortion(many, portion, deadLetterOutput, isLast))
  }

  /** Nothing of it goes into the flow, so it only has to wait for its turn. */
  #takeNothing(batch: TakenBatch | TakenMany): void {
    if (this.#closed) return
    const { lane, from, next, bytes, acknowledge, dealtWith } = batch
    const nothing = { bytes, records: 0, rebuild: () => ({}) }
    const taken: TakenMessage = { lane, from, next, acknowledge, dealtWith, ...nothing }
    if (this.options.mode === 'received') this.#acknowledge(taken)
    else this.#leaveInTurn(this.#lanes.add(taken))
  }

  #finish(message: InFlightMessage, counted: Acknowledged): void {
    this.#counts.finished(message, counted)
    this.#leaveInTurn(message)
  }

  #leaveInTurn(message: InFlightMessage): void {
    if (this.#lanes.finish(message)) this.#tellCapacity()
  }

  /** What was taken before goes first. */
  #tellCapacity(): void {
    if (this.#closed) return
    this.#portions.advance()
    if (!this.#portions.isHeld) this.options.onCapacity()
  }

  #acknowledge(taken: TakenMessage): void {
    const { lane, from, next, acknowledge, dealtWith } = taken
    try {
      dealtWith?.()
      if (from === undefined || next === undefined) taken.acknowledge()
      else this.#pass({ lane, from, next }, acknowledge)
      this.#tracker.ended(taken)
    } catch (error) {
      this.options.node.error(
        `A message could not be acknowledged and will be delivered again: ${reasonOf(error)}`
      )
    }
  }

  /** What a sink holds back is kept by its place alone: an hour of records has no room here. */
  #pass(part: { lane: string; from: string; next: string }, acknowledge: () => void): void {
    if (this.options.mode === 'received') {
      acknowledge()
      return
    }
    const { id } = this.options.node
    const held = this.#held.add(part.lane, part.from)
    this.#tracker.lanePassed(
      { source: id, ...part },
      {
        letGo: () => {
          if (held.take()) acknowledge()
        },
        readAgain: () => {
          if (held.isOurs() && !this.#closed) this.options.onReadAgain?.()
        }
      }
    )
  }

  #giveBack(message: InFlightMessage): void {
    this.#attempts.end(message)
    if (!message.done) this.#counts.returned(message.taken)
  }
}
