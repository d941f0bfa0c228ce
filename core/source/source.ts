import type { NodeMessage } from 'node-red'
import { backoffMs } from '../backoff.ts'
import { exhaustedLetter } from '../dead-letter/exhausted.ts'
import type { FlowError } from '../delivery/token.ts'
import { trackerOf } from '../delivery/tracker.ts'
import type { Delivery, PausableSource, Settlement, Tracker } from '../delivery/types.ts'
import { reasonOf } from '../errors.ts'
import { ContiguousPrefix, type PrefixEntry } from './in-order.ts'
import type { SourceOptions, SourceTransaction, TakenMessage, Waiting } from './types.ts'
import { UnwiredOutput } from './unwired.ts'

/** Sinks let records wait for more for a second at most, so after this it is something else that holds them. */
const STILL_MS = 2_000
/** What has not moved for so long before a deployment will not do so because of it. */
const HOPELESS_MS = 5_000

/** The deliveries of one source: sends, follows, retries, writes off, and acknowledges in order. */
export class DeliverySource implements PausableSource {
  readonly #tracker: Tracker
  readonly #leave: () => void
  readonly #lanes = new Map<string, ContiguousPrefix<Held>>()
  readonly #stage: string
  readonly #unwired: UnwiredOutput
  #held = 0
  #number = 0
  #retrying = 0
  #interrupted: Held[] = []
  #reason: string | undefined
  /** When a message last left, or the first one was taken. */
  #movedMs = 0
  #pausedMs: number | undefined
  #closed = false

  constructor(private readonly options: SourceOptions) {
    this.#tracker = options.tracker ?? trackerOf(options.RED)
    this.#leave = options.mode === 'received' ? () => {} : this.#tracker.register(options.node, this)
    this.#stage = options.node.type.replace(/^millrace-/, '')
    this.#unwired = new UnwiredOutput(options.node, options.deadLetterOutput)
  }

  /** Messages taken and not acknowledged. */
  get inFlight(): number {
    return this.#held
  }
  get full(): boolean {
    return this.isPaused || this.#held >= this.options.maxInFlight
  }
  get isPaused(): boolean {
    return this.#pausedMs !== undefined
  }
  get isMoving(): boolean {
    if (this.#held === this.#retrying) return false
    const nowMs = performance.now()
    const { stillMs = STILL_MS } = this.options
    if (nowMs - this.#movedMs < stillMs) return true
    return this.#pausedMs !== undefined && nowMs - this.#pausedMs < stillMs && this.#pausedMs - this.#movedMs < HOPELESS_MS
  }
  get waiting(): Waiting {
    const stalledMs = this.#held > 0 ? performance.now() - this.#movedMs : 0
    return { messages: this.#held, retrying: this.#retrying, reason: this.#reason, stalledMs }
  }
  inFlightOf(lane: string): number {
    return this.#lanes.get(lane)?.size ?? 0
  }

  /** Sends a message into the flow. It is taken even if the source is full; the protocol is what must stop reading. */
  take(taken: TakenMessage): void {
    if (this.#closed) return
    const { metrics } = this.options
    metrics.in += taken.records
    metrics.out += taken.records
    if (this.options.mode === 'received') {
      this.#send(taken.message ?? taken.rebuild(), taken.output ?? 0)
      this.#countFiltered(taken, taken.records)
      this.#acknowledge(taken)
      return
    }
    metrics.inFlight += taken.records
    const lane = this.#laneOf(taken.lane)
    const held = new Held(taken, this.#number++, () => {
      this.#held--
      this.#movedMs = performance.now()
      this.#acknowledge(taken)
    })
    lane.add(held)
    if (this.#held++ === 0) this.#movedMs = performance.now()
    this.#attemptNow(held, taken.message)
  }

  /** Forgets a lane that is not ours any more (a rebalance, a lost connection): nothing of it will be acknowledged. */
  dropLane(lane: string): void {
    const prefix = this.#lanes.get(lane)
    if (prefix === undefined) return
    this.#lanes.delete(lane)
    const left = prefix.clear()
    for (const held of left) this.#giveBack(held)
    this.#held -= left.length
    if (left.length > 0 && !this.#closed) this.options.onCapacity()
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
   * Waits until nothing is in flight, for so long at most and only while it moves: what is still stored now needs not be
   * delivered again.
   */
  async drained(limitMs: number): Promise<void> {
    this.pause()
    const endMs = performance.now() + limitMs
    while (this.isMoving && performance.now() < endMs) await new Promise(resolve => setTimeout(resolve, 20))
  }

  /** Gives back everything that is not acknowledged: the protocol delivers it again. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const lane of [...this.#lanes.keys()]) this.dropLane(lane)
    this.#unwired.end()
    this.#leave()
  }

  #laneOf(name: string): ContiguousPrefix<Held> {
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      lane = new ContiguousPrefix()
      this.#lanes.set(name, lane)
    }
    return lane
  }

  #attempt(held: Held, message: NodeMessage = held.taken.rebuild(), transaction?: object): void {
    const { node, mode, timeoutMs, deadLetterOutput } = this.options
    const { records, output = 0 } = held.taken
    const letter = held.writtenOff ? exhaustedLetter(message, this.#stage, held.writtenOff.error, held.writtenOff.attempts) : message
    const delivery = this.#tracker.open(letter, node.id, {
      mode: mode === 'stored' ? 'stored' : 'finished',
      records,
      timeoutMs,
      transaction,
      onSettled: settlement => this.#settled(held, settlement),
      onTouched: held.taken.survived
    })
    held.delivery = delivery
    try {
      this.#send(letter, held.writtenOff ? deadLetterOutput : output)
    } finally {
      delivery.sent()
    }
  }

  #send(message: NodeMessage, output: number): void {
    if (output === 0) this.options.node.send(message)
    else this.options.node.send(Array.from({ length: this.options.outputs }, (_, index) => (index === output ? message : null)))
  }

  #settled(held: Held, settlement: Settlement): void {
    held.delivery = null
    if (held.gone) return
    if (settlement.kind === 'acknowledge') this.#dealtWith(held, settlement)
    else if (settlement.kind === 'retry') this.#retry(held, settlement.error)
    else if (this.#tracker.deploying) this.#afterDeployment(held)
    else this.#again(held, backoffMs(held.interruptions++, this.options.backoff))
  }

  #retry(held: Held, error: FlowError): void {
    const { node, metrics, retries, deadLetterOutput } = this.options
    const isDeadLetter = held.writtenOff !== null || held.taken.output === deadLetterOutput
    this.#reason = error.message
    held.taken.survived?.()
    if (held.taken.transaction?.broken) {
      this.#laterAgain(held)
      return
    }
    if (held.failures < retries || isDeadLetter || this.#mustKeep(held, error)) {
      metrics.retried += held.taken.records
      this.#again(held, backoffMs(held.failures++, this.options.backoff))
      return
    }
    const attempts = held.failures + 1
    held.writtenOff = { error, attempts }
    held.failures = 0
    node.error(`The flow failed to deal with a message, ${attempts} times; it leaves as a dead letter. The last time: ${error.message}`)
    this.#attemptNow(held)
  }

  /** Once acknowledged, a dead letter that no wire takes would be gone: its message is kept instead, as when a sink is away. */
  #mustKeep(held: Held, error: FlowError): boolean {
    const { deadLetterOutput } = this.options
    if (this.options.isWired(deadLetterOutput)) return false
    if (!held.isKept) this.#unwired.kept(held.taken.records, error.message)
    held.isKept = true
    return true
  }

  #again(held: Held, waitMs: number): void {
    this.#retrying++
    held.timer = setTimeout(() => {
      held.timer = undefined
      this.#retrying--
      this.#attemptNow(held)
    }, waitMs).unref()
  }

  /** What is sent while flows are deployed may find nobody: it waits, and then leaves in the order it was taken. */
  #afterDeployment(held: Held): void {
    if (this.#interrupted.push(held) > 1) return
    this.#tracker.afterDeployment(() => {
      const waiting = this.#interrupted.sort((a, b) => a.number - b.number)
      this.#interrupted = []
      for (const next of waiting) if (!next.gone) this.#attemptNow(next)
    })
  }

  #attemptNow(held: Held, message?: NodeMessage): void {
    if (this.#tracker.deploying) {
      this.#afterDeployment(held)
      return
    }
    const { transaction } = held.taken
    if (transaction !== undefined) {
      void this.#attemptIn(transaction, held, message)
      return
    }
    try {
      this.#attempt(held, message)
    } catch (error) {
      this.#reason = reasonOf(error)
      this.#again(held, backoffMs(held.failures++, this.options.backoff))
    }
  }

  async #attemptIn(transaction: SourceTransaction, held: Held, message?: NodeMessage): Promise<void> {
    try {
      const scope = await transaction.begin()
      if (held.gone) return
      if (scope === undefined) this.#finish(held, { ...NOTHING_DONE, duplicates: held.taken.records })
      else if (this.#tracker.deploying) this.#afterDeployment(held)
      else this.#attempt(held, message, scope)
    } catch (error) {
      this.#reason = reasonOf(error)
      if (!held.gone) this.#laterAgain(held)
    }
  }

  /** Another attempt for a reason that does not lie in the flow, however many there were. */
  #laterAgain(held: Held): void {
    this.options.metrics.retried += held.taken.records
    this.#again(held, backoffMs(held.interruptions++, this.options.backoff))
  }

  #dealtWith(held: Held, counted: Acknowledged): void {
    const { transaction } = held.taken
    if (transaction === undefined) {
      this.#finish(held, counted)
      return
    }
    transaction.commit().then(
      () => {
        if (!held.gone) this.#finish(held, counted)
      },
      error => {
        this.#reason = reasonOf(error)
        if (!held.gone) this.#laterAgain(held)
      }
    )
  }

  #finish(held: Held, counted: Acknowledged): void {
    const { metrics, onCapacity } = this.options
    const { records } = held.taken
    metrics.inFlight -= records
    if (held.writtenOff) metrics.rejected += records
    else {
      metrics.stored += counted.stored
      metrics.rejected += counted.rejected
      metrics.duplicates += counted.duplicates
      this.#countFiltered(held.taken, counted.filtered)
    }
    const lane = this.#lanes.get(held.taken.lane)
    if (lane !== undefined && lane.finish(held) > 0 && !this.#closed) onCapacity.call(this.options)
  }

  /** What was rejected at once and has left by no wire is not filtered on purpose. */
  #countFiltered(taken: TakenMessage, records: number): void {
    const { metrics, deadLetterOutput } = this.options
    if (records > 0 && taken.output === deadLetterOutput && !this.options.isWired(deadLetterOutput)) {
      metrics.rejected += records
      this.#unwired.lost(records, taken.message ?? taken.rebuild())
    } else metrics.filtered += records
  }

  #acknowledge(taken: TakenMessage): void {
    try {
      taken.acknowledge()
    } catch (error) {
      this.options.node.error(`A message could not be acknowledged and will be delivered again: ${reasonOf(error)}`)
    }
  }

  #giveBack(held: Held): void {
    held.gone = true
    if (held.timer !== undefined) this.#retrying--
    clearTimeout(held.timer)
    if (!held.done) {
      this.options.metrics.inFlight -= held.taken.records
      this.options.metrics.returned += held.taken.records
    }
    held.delivery?.abandon()
    held.delivery = null
  }
}

type Acknowledged = Settlement & { kind: 'acknowledge' }
const NOTHING_DONE: Acknowledged = { kind: 'acknowledge', stored: 0, rejected: 0, duplicates: 0, filtered: 0 }

/** A message that the source has sent and not acknowledged. */
class Held implements PrefixEntry {
  done = false
  /** Its lane was dropped. */
  gone = false
  delivery: Delivery | null = null
  timer: NodeJS.Timeout | undefined
  /** How often sending it failed since it was taken or written off. */
  failures = 0
  /** It would be a dead letter if a wire took it. */
  isKept = false
  /** How often its delivery was abandoned, by a deployment. */
  interruptions = 0
  /** Once the message leaves as a dead letter: the last error, and how often the flow had failed. */
  writtenOff: { readonly error: FlowError; readonly attempts: number } | null = null

  constructor(
    readonly taken: TakenMessage,
    /** Counts what the source has taken. */
    readonly number: number,
    readonly release: () => void
  ) {}
}
