import type { Context, Done } from '../node/define-node.ts'
import { QueueLimit } from '../node/queue-limit.ts'
import type { NodeSpec } from '../node/spec.ts'
import { inSlices } from '../record/in-slices.ts'
import { answer, countOf, type Message, recordsOf } from '../record/message.ts'
import { WaysTaken } from '../record/ways.ts'
import { type CountedOptions, outputsOf, type Remembering } from './counted-engine.ts'
import { release } from './counted-records.ts'
import { FlowTime } from './flow-time.ts'
import { asError, attemptAt, closed, type MessageHeld, type MessageTaken } from './held.ts'
import { type Made, madeOf } from './made.ts'
import { MemoryCounts } from './memory-counts.ts'
import { MessagesWaiting } from './messages-waiting.ts'
import { laneOf, lanesOf, movedInPart, movedSentence, PartitionShares } from './partition-shares.ts'
import { Passing } from './passing.ts'
import { keepIn, kept, StateShare } from './share.ts'
import { silenceOf } from './silence-messages.ts'
import type { OpenStore } from './state-topic.ts'
import { StoreTrouble } from './store-trouble.ts'
import { toldBy } from './told-by.ts'
import type { StateStore } from './types.ts'

const BEAT_MS = 400
const PASS_MS = 200
/** Until each partition has been heard after a start, the time of all stands still. */
const SETTLE_MS = 3_000

/**
 * A node that remembers, in Node-RED: takes messages one after the other, and ends them. With
 * `openStore` it remembers each partition of the input apart, and what it makes leaves only when
 * that is kept: another Node-RED may have the partition by now.
 */
export class MemoryNode<S extends NodeSpec, State> {
  /** All that it remembers; undefined where each partition has a memory of its own. */
  readonly #whole: StateShare<State> | undefined
  readonly #partitions: PartitionShares<State> | undefined
  readonly #counts: MemoryCounts<S>
  readonly #limit: QueueLimit
  readonly #taking: CountedOptions
  /** Wait for their turn, while another is taken or the store is being opened. */
  readonly #queue = new MessagesWaiting()
  #came = 0
  /** Until a checkpoint holds what they changed. */
  readonly #unkept = new Set<Message>()
  #unkeptRecords = 0
  readonly #timers: NodeJS.Timeout[] = []
  #isBusy = true
  /** Waits until what is remembered of its partitions is read. */
  #opening: Message | undefined
  #isSingle = false
  #isClosed = false
  readonly #trouble: StoreTrouble<S>
  readonly #time: FlowTime
  readonly #passing: Passing<State>
  #hasToldOfMove = false
  readonly #ways = new WaysTaken()

  constructor(
    private readonly context: Context<S>,
    spec: NodeSpec,
    private readonly remembering: Remembering<State>,
    openStore?: OpenStore
  ) {
    const { node } = context
    this.#trouble = new StoreTrouble(context)
    this.#time = new FlowTime(context, remembering.clock.idleMs)
    const { count, rejected } = outputsOf(spec, remembering)
    this.#taking = {
      outputs: count,
      rejectedOutput: rejected,
      stage: spec.type.replace(/^millrace-/, ''),
      settleMs: SETTLE_MS
    }
    this.#counts = new MemoryCounts(context, this.#taking.rejectedOutput)
    const warn = (sentence: string) => node.warn(sentence)
    this.#limit = new QueueLimit({ ...context, warn, service: 'this node' })
    const trouble = this.#trouble
    const onTrouble = (error: unknown) => trouble.tell(error)
    const share = {
      counting: this.#taking,
      silence: silenceOf(context, count, this.#ways),
      onTrouble
    }
    if (openStore === undefined) this.#whole = new StateShare(remembering, share)
    else {
      const nowMs = () => this.#time.nowMs
      const options = { remembering, share, openStore, nowMs, warn, trouble }
      this.#partitions = new PartitionShares(options)
      this.#begin()
    }
    this.#passing = new Passing({
      open: () => this.#open,
      leavesAtOnce: this.#whole !== undefined,
      isSingle: () => this.#isSingle,
      count: made => this.#counts.add(made, this.#open),
      report: error => context.report(error)
    })
    this.#timers.push(setInterval(() => this.#touch(), BEAT_MS).unref())
  }

  /** What is wrong with the store. */
  get problem(): { readonly mend: string } | undefined {
    return this.#trouble.problem
  }
  /** What stands beside the rate in the status. */
  get note(): string {
    if ((this.context.metrics.refused.get('STATE_FULL') ?? 0) > 0) return 'STATE_FULL'
    if (this.#partitions?.split !== undefined) return 'a key in two partitions'
    if (this.#time.stands) return 'held up, time stands'
    const own = this.remembering.note?.()
    return own === undefined ? this.#counts.note : `${own} · ${this.#counts.keys}`
  }

  /** Takes up what was kept. What comes meanwhile waits. */
  async open(store: StateStore): Promise<void> {
    await this.#whole?.open(store, () => this.#time.nowMs)
    for (const source of this.#whole?.sources ?? []) this.#time.expect(source)
    if (!this.#isClosed) this.#begin()
  }

  #begin(): void {
    this.#timers.push(setInterval(() => this.#pass(), PASS_MS).unref())
    this.#isBusy = false
    this.#next()
  }

  /** The store cannot be used, undefined: it can again. Told when that changes. */
  tellTrouble(error: unknown): void {
    this.#trouble.tell(error)
  }

  accept(message: Message, done: Done): void {
    const records = countOf(message.payload)
    const waiting = this.#queue.records + this.#unkeptRecords
    const refusal = this.#limit.refusal(message, records, waiting)
    if (refusal) {
      done(refusal)
      return
    }
    const held = { message, done, number: this.#came++ }
    // A partition that has moved is fenced by who opens it.
    if (!this.context.tracker.isPartlyGivenUp(message)) this.#prepare(message)
    if (!this.#isBusy) this.#take(held)
    else this.#queue.add(held)
  }

  /** Forgets everything that came so far; fulfilled when that is kept. */
  forget(): Promise<void> {
    this.#time.forget()
    this.#whole?.forget(source => this.#time.knows(source))
    this.#partitions?.forget()
    this.context.node.log('Everything that the node remembered is forgotten.')
    return kept(this.#whole === undefined ? this.#partitions!.all : [this.#whole])
  }

  /** A source has lost a partition, to another member of its group, or its connection. */
  drop(source: string, lane: string): void {
    this.#partitions?.drop(lane)
    this.#whole?.engine.counted.dropped(source, lane)
    const { node, tracker } = this.context
    const isOurs = this.#time.knows(source) && lane.includes('/') && !tracker.deploying
    if (this.#whole === undefined || this.#hasToldOfMove || !isOurs) return
    this.#hasToldOfMove = true
    node.warn(movedSentence(lane))
  }

  /** A source has acknowledged what it took. */
  ended(taken: object): void {
    if (this.#whole?.engine.counted.ended(taken)) this.#whole.keep(() => {})
  }

  /** A source before it has these partitions: their time goes on, also if nothing of them comes. */
  assign(source: string, lanes: readonly string[]): void {
    if (lanes.length > 0 && this.#partitions !== undefined) this.#time.expect(source)
    this.#partitions?.assign(source, lanes)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#isBusy = true
    for (const timer of this.#timers) clearInterval(timer)
    this.#limit.end()
    this.#counts.end()
    await this.#whole?.close()
    await this.#partitions?.close()
    for (const { done } of this.#queue.takeAll()) done(closed())
  }

  get #open(): Iterable<StateShare<State>> {
    return this.#whole === undefined ? this.#partitions!.open : [this.#whole]
  }

  /** What is remembered of its partition is opened while it waits for its turn. */
  #prepare({ payload }: Message): void {
    const lane = this.#partitions && laneOf(recordsOf(payload)[0])
    if (lane !== undefined) void this.#partitions?.begin(lane)
  }

  #take(held: MessageHeld): void {
    const { message } = held
    const isGivenUp = this.context.tracker.isGivenUp(message)
    const told = isGivenUp ? undefined : toldBy(message, this.remembering, this.#whole, this)
    if (isGivenUp) this.#giveBack(held)
    else if (told !== undefined) {
      this.context.metrics.filtered += countOf(message.payload)
      told.then(
        () => this.#end(held, false),
        error => this.#fail(held, error)
      )
    } else if (this.#whole !== undefined) this.#takeIn(held, [this.#whole])
    else this.#takeApart(this.#partitions!, held)
  }

  /** The shares of the partitions that its records come from. */
  #takeApart(partitions: PartitionShares<State>, held: MessageHeld): void {
    const lanes = lanesOf(held.message.payload)
    const byLane = partitions.ofAll(lanes)
    if (byLane !== undefined) this.#takeIn(held, [...byLane.values()], byLane)
    else if (partitions.haveMoved(lanes) && this.context.tracker.isPartlyGivenUp(held.message))
      this.#fail(held, movedInPart())
    else this.#openFor(held, partitions.beginAll(lanes))
  }

  #openFor(held: MessageHeld, opened: Promise<void>): void {
    this.#isBusy = true
    this.#opening = held.message
    void opened.then(() => {
      this.#opening = undefined
      this.#isBusy = this.#isClosed
      if (this.#isClosed) held.done(closed())
      else this.#take(held)
      if (!this.#isBusy) this.#next()
    })
  }

  #takeIn(
    held: MessageHeld,
    shares: readonly StateShare<State>[],
    byLane?: MessageTaken['byLane']
  ): void {
    const { message } = held
    const { tracker } = this.context
    const source = tracker.sourceOf(message) ?? ''
    this.#time.heard(source)
    this.#whole?.hear(source)
    this.#ways.take(message)
    // Another Node-RED knows the source by another id.
    const name = this.#whole === undefined ? '' : source
    const attempt = attemptAt(tracker, message, name, shares)
    this.#takeRecords({ ...held, attempt, shares, byLane, strays: [] })
  }

  #takeRecords(taken: MessageTaken): void {
    const wallMs = Date.now()
    const { nowMs } = this.#time
    const { message, attempt, byLane } = taken
    let index = 0
    for (const { engine } of taken.shares) engine.taking.begin()
    try {
      const take = (record: unknown) => {
        const share = this.#whole ?? byLane?.get(laneOf(record) ?? '')
        if (share === undefined) taken.strays.push(record as object)
        else share.engine.take(record, index++, attempt, nowMs, message, wallMs)
      }
      const rest = inSlices(recordsOf(message.payload), take)
      if (rest === undefined) this.#finish(taken)
      else void this.#finishLater(rest, taken)
    } catch (error) {
      taken.done(asError(error))
    }
  }

  async #finishLater(rest: Promise<void>, taken: MessageTaken): Promise<void> {
    this.#isBusy = true
    try {
      await rest
      if (this.context.tracker.isGivenUp(taken.message)) this.#giveBack(taken)
      else this.#finish(taken)
    } catch (error) {
      taken.done(asError(error))
    }
    if (this.#isClosed) return
    this.#isBusy = false
    this.#next()
  }

  /** What waits is taken, each in a turn of its own. */
  #next(): void {
    const next = this.#queue.next()
    if (next === undefined) return
    this.#take(next)
    if (!this.#isBusy && this.#queue.length > 0) this.#nextLater()
  }

  #nextLater(): void {
    this.#isBusy = true
    setImmediate(() => {
      if (this.#isClosed) return
      this.#isBusy = false
      this.#next()
    })
  }

  #giveBack({ message, done }: MessageHeld, error?: Error): void {
    this.context.metrics.returned += countOf(message.payload)
    done(error)
  }

  /**
   * The message itself is done when a checkpoint holds what it did. The results leave at once, or
   * then as well where another Node-RED may have the partition.
   */
  #finish(taken: MessageTaken): void {
    const { message, attempt, shares } = taken
    this.#isSingle = !Array.isArray(message.payload)
    for (const { engine } of shares) this.#time.took(engine.counted.arrivedMs)
    const made = madeOf(taken, this.#taking)
    const leaves = this.#whole !== undefined && this.#send(message, made)
    // Nobody waits for it any more.
    if (attempt.taken && !this.context.tracker.isFollowed(message)) this.ended(attempt.taken)
    if (attempt.answered.length > 0)
      this.context.tracker.whenSettled(message, acknowledged => {
        if (acknowledged) shares[0]?.engine.counted.settled(attempt)
      })
    const records = countOf(message.payload)
    this.#unkept.add(message)
    this.#unkeptRecords += records
    keepIn(shares, error => {
      this.#unkept.delete(message)
      this.#unkeptRecords -= records
      if (this.#whole !== undefined) this.#end(taken, leaves)
      else if (error === undefined) this.#end(taken, this.#send(message, made))
      else if (!this.#takesAgain(taken)) this.#fail(taken, error)
    })
  }

  /** True: a source that sent it again might do so after what came behind it. */
  #takesAgain({ message, done, number, byLane, attempt }: MessageTaken): boolean {
    const isLost = this.#isClosed || this.context.tracker.isPartlyGivenUp(message)
    if (isLost || !this.#partitions?.areOurs(byLane?.keys() ?? [])) return false
    release(attempt)
    this.#queue.add({ message, done, number })
    if (!this.#isBusy) this.#nextLater()
    return true
  }

  /** Counts what a message made and sends it; true if something leaves by a wire. */
  #send(message: Message, made: Made): boolean {
    if (!this.#counts.add(made, this.#open)) return false
    this.context.send(answer(this.#ways.on(message), made.outputs))
    return true
  }

  #end({ message, done }: MessageHeld, leaves: boolean): void {
    // Nobody else stores what is part of the state or was left out.
    if (!leaves) this.context.tracker.confirm(message, {})
    done()
  }

  #fail(held: MessageHeld, error: Error): void {
    this.#giveBack(held, this.context.tracker.isGivenUp(held.message) ? undefined : error)
  }

  #pass(): void {
    this.#time.look()
    const { nowMs } = this.#time
    if (this.#isBusy) return
    this.#passing.guard(() => this.#counts.show(this.remembering.gauges?.()))
    this.#passing.pass(nowMs)
  }

  /** Deliveries whose records wait here must not time out. */
  #touch(): void {
    const { tracker } = this.context
    for (const message of this.#unkept) tracker.touch(message)
    for (const { message } of this.#queue) tracker.touch(message)
    if (this.#opening !== undefined) tracker.touch(this.#opening)
  }
}
