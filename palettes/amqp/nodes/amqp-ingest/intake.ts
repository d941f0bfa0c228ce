import { createHash } from 'node:crypto'
import {
  carefulSentence,
  killsReason,
  MAX_IN_FLIGHT_BYTES,
  type Reason,
  type Trials
} from '@millrace/node-red-telemetry'
import type { Receiver } from 'rhea'
import { AmqpBatch, type Arrival, sizeOf } from './arrival.ts'
import { CreditWindow } from './credit.ts'

export interface IntakeOptions {
  readonly batchSize: number
  readonly gatherMs: number
  readonly burstMs: number
  /** Messages that are not settled, at most. */
  readonly maxInFlight: number
  readonly trials: Trials
  hasRoomFor(records: number, bytes: number): boolean
  /** Sends a batch into the flow; `kills` is why its only message is set aside. */
  deliver(batch: AmqpBatch, kills: Reason | undefined): void
  /** Batches of a connection that is gone: nothing of them will be settled. */
  drop(batch: AmqpBatch): void
  warn(sentence: string): void
}

/** A batch of this size leaves without waiting for more, so that one Kafka request can hold it. */
const MAX_BATCH_BYTES = 900_000
/** All messages of the node, as far as trials are concerned. */
const LANE = 'amqp'

/** What of a link of rhea's is used here; its types do not tell the credit. */
type CreditedLink = Pick<Receiver, 'add_credit'> & { readonly credit: number }

type Settle = (arrival: Arrival, index: number) => void

/**
 * Takes messages as they come, gathers them into batches, and gives the server credit for as many
 * more as may be unsettled.
 */
export class Intake {
  readonly #window: CreditWindow
  #receiver: CreditedLink | undefined
  #era = 0
  #waiting: Arrival[] = []
  #waitingBytes = 0
  readonly #batches = new Set<AmqpBatch>()
  #open = 0
  #timer: NodeJS.Timeout | undefined
  #leftMs = Number.NEGATIVE_INFINITY
  #isDue = false
  #hasBegun = false
  /** So many messages go one at a time, since one of them may have killed Node-RED. */
  #careful = 0

  constructor(private readonly options: IntakeOptions) {
    this.#window = new CreditWindow(options.maxInFlight, MAX_IN_FLIGHT_BYTES)
  }

  /** Messages in the flow that are not settled. */
  get open(): number {
    return this.#open
  }
  /** What came and waits for room in the flow. */
  get isHeld(): boolean {
    return this.#isDue && this.#waiting.length > 0
  }

  /** The link of a new connection. */
  attach(receiver: Receiver): void {
    this.detach()
    this.#receiver = receiver as unknown as CreditedLink
    this.#grant()
  }

  /** The connection is gone: the server sends again what was not settled. */
  detach(): void {
    this.#receiver = undefined
    this.#era++
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isDue = false
    this.#waiting = []
    this.#waitingBytes = 0
    if (this.#careful > 0) this.options.trials.passed(LANE)
    for (const batch of [...this.#batches]) {
      this.#forget(batch)
      this.options.drop(batch)
    }
  }

  take(arrival: Arrival): void {
    if (!this.#hasBegun) this.#beginWith(arrival)
    this.#window.saw(sizeOf(arrival))
    this.#waiting.push(arrival)
    this.#waitingBytes += sizeOf(arrival)
    if (this.#waiting.length >= this.options.batchSize || this.#waitingBytes >= MAX_BATCH_BYTES)
      this.#leave()
    else if (this.#timer === undefined) this.#schedule()
    this.#grant()
  }

  /** There is room again in the flow. */
  resume(): void {
    if (this.#isDue) this.#leave()
    this.#grant()
  }

  /** Settles a batch, each of its messages as `settle` says, and forgets it. */
  settle(batch: AmqpBatch, settle: Settle): void {
    if (!this.#batches.has(batch)) return
    if (batch.era === this.#era) batch.arrivals.forEach(settle)
    this.#forget(batch)
    if (this.#careful > 0) {
      this.#careful--
      this.options.trials.passed(LANE)
    }
    this.resume()
  }

  survived(): void {
    if (this.#careful > 0) this.options.trials.survived(LANE)
  }

  /** Gives back all that is not settled: the server sends it to others, or here again. */
  releaseAll(): void {
    for (const { delivery } of this.#waiting) delivery.release()
    for (const { era, arrivals } of this.#batches)
      if (era === this.#era) for (const { delivery } of arrivals) delivery.release()
    this.#batches.clear()
    this.detach()
  }

  #forget(batch: AmqpBatch): void {
    if (this.#batches.delete(batch)) this.#open -= batch.arrivals.length
  }

  #schedule(): void {
    const { burstMs, gatherMs } = this.options
    const waitMs = Math.max(burstMs, this.#leftMs + gatherMs - performance.now())
    this.#timer = setTimeout(() => this.#leave(), waitMs)
  }

  /** Sends what waits, as far as there is room; the rest goes when there is more. */
  #leave(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isDue = true
    while (this.#waiting.length > 0) {
      const batch = this.#next()
      if (batch === undefined) return
      this.#leftMs = performance.now()
      this.#batches.add(batch)
      this.#open += batch.arrivals.length
      this.options.deliver(batch, this.#killsReasonOf(batch))
    }
    this.#isDue = false
  }

  #next(): AmqpBatch | undefined {
    const { batchSize, hasRoomFor } = this.options
    let [count, bytes] = [0, 0]
    const most = this.#careful > 0 ? 1 : batchSize
    while (count < Math.min(most, this.#waiting.length) && bytes < MAX_BATCH_BYTES)
      bytes += sizeOf(this.#waiting[count++]!)
    if (this.#careful > 0 && !this.#mayTry(this.#waiting[0]!)) return undefined
    if (!hasRoomFor(count, bytes)) return undefined
    this.#waitingBytes -= bytes
    return new AmqpBatch(this.#waiting.splice(0, count), bytes, this.#era)
  }

  #grant(): void {
    const receiver = this.#receiver
    if (receiver === undefined || this.isHeld) return
    const more = this.#window.more(this.#open + this.#waiting.length, receiver.credit)
    if (more > 0) receiver.add_credit(more)
  }

  /** The server sends first what was not settled. */
  #beginWith(first: Arrival): void {
    const { trials, warn, maxInFlight } = this.options
    this.#hasBegun = true
    const { isCareful, starts } = trials.begin(LANE, contentId(first))
    if (!isCareful) return
    this.#careful = maxInFlight
    warn(carefulSentence(starts, `the address "${first.address}"`))
  }

  /** Whether the next one may go now: alone, and while no other source tries one. */
  #mayTry(next: Arrival): boolean {
    if (this.#open > 0) return false
    const deaths = this.options.trials.enter(LANE, contentId(next), () => this.resume())
    this.#deaths = deaths ?? 0
    return deaths !== undefined
  }
  #deaths = 0

  #killsReasonOf({ arrivals }: AmqpBatch): Reason | undefined {
    if (this.#careful === 0 || this.#deaths === 0) return undefined
    const reason = killsReason(this.#deaths)
    this.options.warn(`${reason.message} Its address is "${arrivals[0]!.address}".`)
    return reason
  }
}

/** The same for a message that comes again, whatever id the server gives it. */
const contentId = ({ address, body, raw }: Arrival): string =>
  createHash('sha256')
    .update(address)
    .update('\0')
    .update(raw ?? String(body))
    .digest('hex')
    .slice(0, 32)
