import { MillraceError, reasonOf } from '../errors.ts'
import type { Context, Done } from '../node/define-node.ts'
import { QueueLimit } from '../node/queue-limit.ts'
import type { NodeSpec } from '../node/spec.ts'
import { compact } from '../node/status.ts'
import { inSlices } from '../record/in-slices.ts'
import { answer, countOf, type Message, recordsOf } from '../record/message.ts'
import { ThrottledNotice } from '../throttled-notice.ts'
import { Checkpoints } from './checkpoints.ts'
import { CountedEngine, type Remembering } from './counted-engine.ts'
import { type Attempt, attemptOf } from './counted-records.ts'
import { FlowTime } from './flow-time.ts'
import { SilenceMessages } from './silence-messages.ts'
import type { StateStore } from './types.ts'

const BEAT_MS = 400
const PASS_MS = 200
/** Until each partition has been heard after a start, the time of all stands still. */
const SETTLE_MS = 3_000

interface Held {
  readonly message: Message
  readonly done: Done
}

/** A node that remembers, in Node-RED: takes messages one after the other, and ends them. */
export class MemoryNode<S extends NodeSpec, State> {
  readonly #engine: CountedEngine<State>
  readonly #checkpoints: Checkpoints
  readonly #silences: SilenceMessages
  readonly #limit: QueueLimit
  readonly #rejectedOutput: number
  /** Wait for their turn, while another is taken or the store is being opened. */
  readonly #queue: Held[] = []
  #queuedRecords = 0
  /** Taken, until a checkpoint holds what they changed. */
  readonly #unkept = new Set<Message>()
  #unkeptRecords = 0
  readonly #timers: NodeJS.Timeout[] = []
  #isBusy = true
  #isSingle = false
  #isClosed = false
  #isOpen = false
  /** It was to forget before the store was open. */
  #forgetsKept = false
  #trouble: string | undefined
  #late = 0
  readonly #failures: ThrottledNotice
  readonly #time: FlowTime

  constructor(
    private readonly context: Context<S>,
    private readonly spec: NodeSpec,
    private readonly remembering: Remembering<State>
  ) {
    const { node, tracker, isWired } = context
    this.#time = new FlowTime(tracker, remembering.clock.idleMs)
    this.#rejectedOutput = spec.outputs.indexOf('rejected')
    this.#engine = new CountedEngine(remembering, {
      outputs: spec.outputs.length,
      rejectedOutput: this.#rejectedOutput,
      stage: spec.type.replace(/^millrace-/, ''),
      settleMs: SETTLE_MS
    })
    const warn = (sentence: string) => node.warn(sentence)
    this.#limit = new QueueLimit({ ...context, warn, service: 'this node' })
    this.#failures = new ThrottledNotice((keys, why) =>
      node.error(
        `The node failed, and has forgotten what it remembered of the key: ${why} Keys: ${keys}.`
      )
    )
    this.#silences = new SilenceMessages({
      nodeId: node.id,
      tracker,
      isWired,
      send: (message, output) => context.send(this.#byOutput(message, output))
    })
    this.#checkpoints = new Checkpoints({
      collect: () => this.#changes(),
      onTrouble: error => this.tellTrouble(error)
    })
    this.#timers.push(setInterval(() => this.#touch(), BEAT_MS).unref())
  }

  /** What is wrong with the store. */
  get problem(): { readonly mend: string } | undefined {
    return this.#trouble === undefined ? undefined : { mend: this.#trouble }
  }
  /** What stands beside the rate in the status. */
  get note(): string {
    if ((this.context.metrics.refused.get('STATE_FULL') ?? 0) > 0) return 'STATE_FULL'
    const keys = `${compact(this.#engine.size)} keys`
    const late = this.#late > 0 ? `${compact(this.#late)} late` : undefined
    const stands = this.#time.stands ? 'held up, time stands' : undefined
    return stands ?? this.remembering.note?.() ?? late ?? keys
  }

  /** Takes up what was kept. What comes meanwhile waits. */
  async open(store: StateStore): Promise<void> {
    try {
      await this.#load(store)
    } catch (error) {
      // The next attempt opens it again, and finds nothing of this one.
      this.#engine.clear()
      await store.close().catch(() => {})
      throw error
    }
    if (this.#isClosed) {
      await store.close()
      return
    }
    this.#isOpen = true
    this.#checkpoints.open(store)
    this.#silences.begin()
    this.#timers.push(setInterval(() => this.#pass(), PASS_MS).unref())
    this.#isBusy = false
    this.#next()
  }

  async #load(store: StateStore): Promise<void> {
    const kept: (readonly [key: string, value: string])[] = []
    for await (const entry of store.load()) kept.push(entry)
    if (this.#isClosed || this.#forgetsKept) return
    this.#engine.load(kept, this.#time.nowMs)
    for (const [name, value] of kept) this.#silences.load(name, value)
  }

  /** The store cannot be used, undefined: it can again. Told when that changes. */
  tellTrouble(error: unknown): void {
    const { node } = this.context
    if (error === undefined) {
      if (this.#trouble !== undefined) node.log('What the node remembers can be kept again.')
      this.#trouble = undefined
      return
    }
    if (this.#trouble === undefined) node.warn(`${reasonOf(error)} Nothing is acknowledged.`)
    this.#trouble = 'cannot keep its state'
    this.context.status.failed(this.#trouble)
  }

  accept(message: Message, done: Done): void {
    const records = countOf(message.payload)
    const waiting = this.#queuedRecords + this.#unkeptRecords
    const refusal = this.#limit.refusal(message, records, waiting)
    if (refusal) done(refusal)
    else if (!this.#isBusy) this.#take({ message, done })
    else {
      this.#queue.push({ message, done })
      this.#queuedRecords += records
    }
  }

  /** Forgets everything that came so far. */
  forget(): void {
    // What is still to be read is not taken up then.
    if (!this.#isOpen) this.#forgetsKept = true
    this.#engine.clear()
    this.#silences.clear()
    this.#checkpoints.clear()
    this.context.node.log('Everything that the node remembered is forgotten.')
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#isBusy = true
    for (const timer of this.#timers) clearInterval(timer)
    this.#silences.close()
    this.#limit.end()
    this.#failures.end()
    await this.#checkpoints.close()
    const sentence = 'The node was deployed again before it had taken the message.'
    for (const { done } of this.#queue.splice(0)) done(new MillraceError('CLOSED', sentence))
  }

  #take(held: Held): void {
    const { message, done } = held
    const { tracker } = this.context
    if (tracker.isGivenUp(message)) this.#giveBack(held)
    else if (message.forget === true) {
      this.context.metrics.filtered += countOf(message.payload)
      this.forget()
      this.#checkpoints.add(() => {
        tracker.confirm(message, {})
        done()
      })
    } else {
      const source = tracker.sourceOf(message) ?? ''
      this.#time.heard(source)
      const token = tracker.attemptOf(message) ?? message
      const attempt = attemptOf(token, tracker.takenOf(message), source)
      const before = tracker.settledBefore(message)
      if (before !== undefined) this.#engine.counted.settledBefore(source, before.lane, before.at)
      this.#takeRecords(held, attempt)
    }
  }

  #takeRecords(held: Held, attempt: Attempt): void {
    const { message, done } = held
    const wallMs = Date.now()
    const { nowMs } = this.#time
    let index = 0
    this.#engine.taking.begin()
    try {
      const take = (record: unknown) =>
        this.#engine.take(record, index++, attempt, nowMs, message, wallMs)
      const rest = inSlices(recordsOf(message.payload), take)
      if (rest === undefined) this.#finish(held, attempt)
      else void this.#finishLater(rest, held, attempt)
    } catch (error) {
      done(asError(error))
    }
  }

  async #finishLater(rest: Promise<void>, held: Held, attempt: Attempt): Promise<void> {
    this.#isBusy = true
    try {
      await rest
      if (this.context.tracker.isGivenUp(held.message)) this.#giveBack(held)
      else this.#finish(held, attempt)
    } catch (error) {
      held.done(asError(error))
    }
    if (this.#isClosed) return
    this.#isBusy = false
    this.#next()
  }

  /** What waits is taken, each in a turn of its own. */
  #next(): void {
    const next = this.#queue.shift()
    if (next === undefined) return
    this.#queuedRecords -= countOf(next.message.payload)
    this.#take(next)
    if (this.#isBusy || this.#queue.length === 0) return
    this.#isBusy = true
    setImmediate(() => {
      if (this.#isClosed) return
      this.#isBusy = false
      this.#next()
    })
  }

  #giveBack({ message, done }: Held): void {
    this.context.metrics.returned += countOf(message.payload)
    done()
  }

  /** The results leave at once; the message itself is done when a checkpoint holds what it did. */
  #finish({ message, done }: Held, attempt: Attempt): void {
    const { tracker, send } = this.context
    this.#time.took(this.#engine.counted.arrivedMs)
    const { outputs } = this.#engine.taking
    this.#isSingle = !Array.isArray(message.payload)
    const records = countOf(message.payload)
    const leaves = this.#count(outputs)
    if (leaves) send(answer(message, outputs))
    if (attempt.answered.length > 0)
      tracker.whenSettled(message, acknowledged => {
        if (acknowledged) this.#engine.counted.settled(attempt)
      })
    this.#unkept.add(message)
    this.#unkeptRecords += records
    this.#checkpoints.add(() => {
      this.#unkept.delete(message)
      this.#unkeptRecords -= records
      // Nobody else stores what is part of the state or was left out.
      if (!leaves) tracker.confirm(message, {})
      done()
    })
  }

  /** Counts what became of the records; true if something leaves by a wire. */
  #count(outputs: readonly (readonly object[])[]): boolean {
    const { metrics, isWired } = this.context
    const { tally } = this.#engine.taking
    let leaves = false
    for (const [output, records] of outputs.entries()) {
      if (records.length > 0 && isWired(output)) leaves = true
      if (output !== this.#rejectedOutput) metrics.out += records.length
    }
    const rejected = outputs[this.#rejectedOutput] ?? []
    metrics.rejected += rejected.length
    if (rejected.length > 0) metrics.countRefused(rejected)
    metrics.filtered += tally.filtered
    metrics.duplicates += tally.duplicates
    if (tally.failed > 0) this.#failures.add(tally.failed, reasonOf(tally.failure))
    metrics.inFlight = this.#engine.waiting
    this.#late += tally.late
    metrics.gauges.set('keys remembered', this.#engine.size)
    if (this.#late > 0) metrics.gauges.set('late', this.#late)
    return leaves
  }

  /** Time passes: what is due though nothing comes leaves by itself. */
  #pass(): void {
    this.#time.look()
    const { nowMs } = this.#time
    if (this.#isBusy) return
    this.#guard(() => this.#engine.pass(nowMs))
    this.#guard(() => this.#sendPassed())
  }

  /** What throws in a timer ends Node-RED. */
  #guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.context.report(error)
    }
  }

  #sendPassed(): void {
    const { outputs } = this.#engine.taking
    const hasFailed = this.#engine.taking.tally.failed > 0
    if (!this.#count(outputs) && !hasFailed) return
    for (const [output, records] of outputs.entries()) {
      if (records.length === 0) continue
      if (this.#isSingle) for (const record of records) this.#silences.add(output, record)
      else this.#silences.add(output, records)
    }
    this.#checkpoints.add(() => {})
  }

  #changes(): Map<string, string | undefined> {
    const changes = this.#engine.changes()
    this.#silences.changes(changes)
    return changes
  }

  /** Deliveries whose records wait here must not time out. */
  #touch(): void {
    const { tracker } = this.context
    for (const message of this.#unkept) tracker.touch(message)
    for (const { message } of this.#queue) tracker.touch(message)
  }

  #byOutput(message: object, output: number): (object | null)[] {
    return this.spec.outputs.map((_label, index) => (index === output ? message : null))
  }
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(reasonOf(error))
