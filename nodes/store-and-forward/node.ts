import { dirname, join } from 'node:path'
import { retrying } from '../../core/backoff.ts'
import { everySecond } from '../../core/every-second.ts'
import type { Closing, Context, Done } from '../../core/node/define-node.ts'
import { NodeMetrics } from '../../core/node/metrics.ts'
import { QueueLimit } from '../../core/node/queue-limit.ts'
import { Rate } from '../../core/node/rate.ts'
import { countOf, type Message } from '../../core/record/message.ts'
import type { Rejection } from '../../core/record/record.ts'
import { DeliverySource } from '../../core/source/source.ts'
import { takeOver } from './adopting.ts'
import { Disk } from './disk.ts'
import { Forwarding } from './forwarding.ts'
import { showGauges, standingOf } from './gauges.ts'
import { DiskIntake } from './intake.ts'
import { endOf, takeUp } from './left-behind.ts'
import { LeftOutNotices, leftMessage, STAGE, type Why } from './left-out.ts'
import type { QueuePlan } from './logic.ts'
import { Queue } from './queue.ts'
import { openQueueStore, putAside, QueueUnavailable } from './queue-store.ts'
import { Room } from './room.ts'
import type { spec } from './spec.ts'
import { statusOf } from './status.ts'
import { Troubles } from './troubles.ts'

const [FORWARDED, LEFT, REJECTED] = [0, 1, 2] as const
/** Shorter than the shortest timeout that a source may have. */
const BEAT_MS = 400
const DRAIN_MS = 2_000
const BACKOFF = { initialMs: 200, maxMs: 10_000 }

/** Node-RED, as a node knows it. */
export type NodeRedOfQueue = Context<typeof spec>['RED']

/** Where the queue of a node is. */
export const queuesIn = (RED: NodeRedOfQueue): string => {
  const { userDir = process.cwd() } = RED.settings as { userDir?: string }
  return join(userDir, 'millrace', 'queue')
}

/** The queue of a node, between what comes and what is sent on. */
export class StoreAndForward {
  readonly folder: string
  readonly #sent: NodeMetrics
  readonly #source: DeliverySource
  readonly #limit: QueueLimit
  readonly #notices: LeftOutNotices
  readonly #disk = new Disk()
  readonly #rate = new Rate()
  readonly #stop = new AbortController()
  readonly #timers: (() => void)[]
  #queue!: Queue
  #room!: Room
  #intake!: DiskIntake
  #forwarding!: Forwarding
  /** Of what was left out. */
  #leaving!: Forwarding
  readonly #troubles: Troubles
  #opened: Promise<void> = Promise.resolve()
  /** What is in the queue is known. */
  #isKnown = false
  #isLooking = false
  #adopting: Promise<unknown> = Promise.resolve()
  #exhausted = 0
  #retried = 0
  #oldestMs: number | undefined

  constructor(
    private readonly context: Context<typeof spec>,
    private readonly plan: QueuePlan
  ) {
    const { RED, id, node, options, isWired, status } = context
    this.folder = join(queuesIn(RED), encodeURIComponent(id))
    this.#sent = new NodeMetrics(id, node.type, '')
    const warn = (sentence: string) => node.warn(sentence)
    this.#notices = new LeftOutNotices(warn)
    this.#limit = new QueueLimit({ ...context, warn, service: 'the disk' })
    this.#source = new DeliverySource({
      RED,
      node,
      metrics: this.#sent,
      mode: options.acknowledge,
      maxInFlight: Number.MAX_SAFE_INTEGER,
      retries: plan.retries,
      timeoutMs: options.timeoutS * 1000,
      outputs: 3,
      deadLetterOutput: REJECTED,
      isWired,
      backoff: BACKOFF,
      onCapacity: () => this.#kick()
    })
    this.#troubles = new Troubles(node, () => this.#show())
    // Known once the queue is open.
    context.metrics.gauges.delete('waiting')
    status.waiting('opening the queue')
    const beat = setInterval(() => this.#touch(), BEAT_MS).unref()
    this.#timers = [everySecond(() => this.#tick()), () => clearInterval(beat)]
    this.#begin()
  }

  /** What the dialog shows. */
  get standing() {
    return {
      ...standingOf(this.#queue),
      trouble: this.#troubles.worst?.message,
      mayPutAside: this.#mayPutAside,
      maxBytes: this.plan.room.maxBytes,
      oldestMs: this.#oldestMs
    }
  }

  accept(message: Message, done: Done): void {
    const { metrics } = this.context
    const { records } = this.#intake
    const passes = this.#intake.isBlocked && this.#intake.isUrgent(message)
    const refusal = passes
      ? undefined
      : this.#limit.refusal(message, countOf(message.payload), records)
    if (refusal) {
      done(refusal)
      return
    }
    this.#intake.accept(message, done)
    metrics.inFlight = this.#intake.records
  }

  /** Sends everything at once that waits for its next try. */
  async again(): Promise<void> {
    await this.#forwarding.again()
    await this.#leaving.again()
  }

  /** Leaves out everything that is not on its way. */
  clear = (): Promise<number> => this.#room.clear()

  /** Forgets what the disk has damaged, which a person has been told of. */
  acceptDamage = (): Promise<void> => this.#queue.dropChanged()

  /** Takes over what a node that is gone has left behind in this folder. Gives what was done. */
  async adopt(folder: string): Promise<string> {
    if (this.#disk.isFull) throw new Error('The disk is full: nothing can be taken over.')
    const adopting = takeOver(this.#queue, folder)
    this.#adopting = adopting.catch(() => {})
    const { said, isWhole } = await adopting
    if (!isWhole) this.context.node.error(said)
    await this.#room.dropLeft()
    return said
  }

  /** A queue that cannot be opened is put aside, and a new one begins. Gives where it is. */
  async putAside(): Promise<string> {
    if (!this.#mayPutAside) throw new Error('The queue is not damaged.')
    const aside = await putAside(this.folder, Date.now())
    this.context.node.warn(`The damaged queue was put aside in ${aside}.`)
    return aside
  }

  get #mayPutAside(): boolean {
    const trouble = this.#troubles.of('write')
    return trouble instanceof QueueUnavailable && trouble.fault === 'damaged'
  }

  async close(closing: Closing): Promise<void> {
    for (const end of this.#timers) end()
    this.#stop.abort()
    this.#forwarding.stop()
    this.#leaving.stop()
    this.#intake.end()
    await this.#source.drained(DRAIN_MS)
    await this.#source.close()
    await this.#opened
    await this.#queue.close()
    await this.#adopting
    this.#limit.end()
    this.#notices.end()
    if (closing !== 'deleted') return
    await endOf(this.folder, this.context.node, this.#isKnown ? this.#queue : undefined)
  }

  /** Something may leave that could not before. */
  #kick(): void {
    this.#forwarding?.kick()
    this.#leaving?.kick()
  }

  #begin(): void {
    const { context, plan } = this
    const { options, tracker } = context
    const queue = new Queue({
      gatherMs: options.gatherMs,
      isStrict: plan.isStrict,
      nowMs: Date.now,
      onTrouble: error => this.#troubles.tell('write', error),
      open: () => openQueueStore(this.folder),
      onWritten: () => this.#kick()
    })
    this.#queue = queue
    this.#room = new Room(queue, {
      ...plan.room,
      nowMs: Date.now,
      isDiskFull: () => this.#disk.isFull,
      isTaken: () => context.isWired(LEFT),
      leftOut: (records, why) => this.#leftOut(records, why)
    })
    this.#intake = new DiskIntake(queue, this.#room, {
      stage: STAGE,
      priorityOf: plan.priorityOf,
      isGivenUp: message => tracker.isGivenUp(message),
      onRejected: (message, rejected) => this.#reject(message, rejected),
      onStored: records => this.#stored(records),
      onConfirmed: (message, records) => tracker.confirm(message, { stored: records }),
      onTrouble: error => this.#troubles.tell('room', error),
      onReturned: records => {
        context.metrics.returned += records
      }
    })
    const { batchSize, share } = options
    const onTrouble = (error: unknown) => this.#troubles.tell('read', error)
    this.#forwarding = new Forwarding(queue, this.#source, {
      lanes: queue.lanes,
      output: FORWARDED,
      batchSize,
      share,
      isStrict: plan.isStrict,
      inLists: plan.inLists,
      isWired: () => context.isWired(FORWARDED),
      sift: (lane, entries) => this.#room.sift(lane, entries),
      onForwarded: records => this.#forwarded(records),
      onTrouble
    })
    this.#leaving = new Forwarding(queue, this.#source, {
      lanes: [queue.left],
      output: LEFT,
      batchSize,
      share,
      isStrict: false,
      inLists: true,
      toMessage: (properties, records) => leftMessage(properties, records) as never,
      isWired: () => context.isWired(LEFT),
      onForwarded: records => this.#leftBy(records),
      onTrouble
    })
    this.#opened = this.#open()
  }

  /** Tries until the queue can be opened: nothing is acknowledged without it. */
  async #open(): Promise<void> {
    const { signal } = this.#stop
    try {
      await retrying(
        async () => {
          const store = await openQueueStore(this.folder)
          try {
            await this.#queue.open(store)
          } catch (error) {
            await store.close().catch(() => {})
            throw error
          }
        },
        {
          signal,
          backoff: { maxMs: 5_000 },
          onRetry: error => this.#troubles.tell('write', error)
        }
      )
    } catch (error) {
      this.#troubles.tell('write', error)
      return
    }
    this.#isKnown = true
    if (signal.aborted) return
    this.#troubles.tell('write', undefined)
    takeUp(this.folder)
    this.#tellFound()
    await this.#room.dropLeft().catch(error => this.#troubles.tell('look', error))
    await this.#disk.look(dirname(this.folder))
    this.#showGauges()
    this.#intake.open()
    this.#kick()
  }

  #tellFound(): void {
    const { node } = this.context
    const { records, damage } = this.#queue
    if (records > 0) node.log(`${records} records wait from before; they are sent on.`)
    if (damage.missing + damage.changed > 0)
      node.error(
        `The disk has lost or changed ${damage.missing} records of the queue in ${this.folder} that were kept there. The others are sent on. What is changed stays there until somebody says in the dialog of the node that it is known.`
      )
  }

  #reject(message: Message, rejected: readonly Rejection[]): void {
    const { metrics, send } = this.context
    metrics.rejected += rejected.length
    metrics.countRefused(rejected)
    const payload = Array.isArray(message.payload) ? rejected : rejected[0]
    send([null, null, { ...message, payload }])
  }

  #stored(records: number): void {
    const { metrics } = this.context
    metrics.stored += records
    metrics.inFlight = this.#intake.records
    this.#showGauges()
  }

  #forwarded(records: number): void {
    const { metrics } = this.context
    const given = this.#givenUp(records)
    metrics.rejected += given
    metrics.countCode(given > 0 ? 'DELIVERY_EXHAUSTED' : undefined, given)
    metrics.out += records - given
    this.#showGauges()
    this.#intake.retry()
  }

  /** What was left out has its room until it has left. */
  #leftBy(records: number): void {
    this.#givenUp(records)
    this.#showGauges()
    this.#intake.retry()
  }

  /** Of the records that have just left, those that the flow has failed with too often. */
  #givenUp(records: number): number {
    const exhausted = this.#sent.refused.get('DELIVERY_EXHAUSTED') ?? 0
    const given = Math.min(records, exhausted - this.#exhausted)
    this.#exhausted += given
    return given
  }

  #leftOut(records: number, why: Why): void {
    const { metrics } = this.context
    metrics.filtered += records
    this.#showGauges()
    this.#notices.add(records, why)
  }

  /** Deliveries whose records are not on the disk yet must not time out. */
  #touch(): void {
    for (const message of this.#intake) this.context.tracker.touch(message)
  }

  #tick(): void {
    if (!this.#isLooking) void this.#look()
    this.#kick()
    this.#intake.retry()
    this.#show()
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    try {
      await this.#disk.look(dirname(this.folder))
      if (!this.#queue.isOpen || this.#stop.signal.aborted) return
      await this.#room.age()
      this.#oldestMs = await this.#queue.oldestMs()
      this.#troubles.tell('look', undefined)
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#troubles.tell('look', error)
    } finally {
      this.#isLooking = false
    }
    this.#showGauges()
  }

  #showGauges(): void {
    showGauges(this.context.metrics.gauges, this.#queue, this.#oldestMs)
  }

  #show(): void {
    const { context } = this
    const { metrics, status, isWired } = context
    metrics.inFlight = this.#intake.records
    metrics.retried += this.#sent.retried - this.#retried
    this.#retried = this.#sent.retried
    const { retrying: again, reason, stalledMs } = this.#source.waiting
    const { records, left, damage } = this.#queue
    const { look, text } = statusOf({
      trouble: this.#troubles.words,
      isDiskFull: this.#disk.isFull,
      freeBytes: this.#disk.freeBytes,
      isUnwired: !isWired(FORWARDED),
      isBlocked: this.#intake.isBlocked,
      leaving: left.records,
      damaged: damage.missing + damage.changed,
      waiting: records,
      leftOut: metrics.filtered,
      perSecond: this.#rate.of(metrics.out),
      retrying: again > 0 ? reason : undefined,
      stalledMs
    })
    status[look](text)
  }
}
