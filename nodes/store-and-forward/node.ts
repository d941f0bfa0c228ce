import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { retrying } from '../../core/backoff.ts'
import { reasonOf } from '../../core/errors.ts'
import { everySecond } from '../../core/every-second.ts'
import type { Closing, Context, Done } from '../../core/node/define-node.ts'
import { NodeMetrics } from '../../core/node/metrics.ts'
import { QueueLimit } from '../../core/node/queue-limit.ts'
import { Rate } from '../../core/node/rate.ts'
import { countOf, type Message } from '../../core/record/message.ts'
import { type Rejection, reject } from '../../core/record/record.ts'
import { DeliverySource } from '../../core/source/source.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import { Disk } from './disk.ts'
import { Forwarding } from './forwarding.ts'
import { DiskIntake } from './intake.ts'
import { leaveBehind, takeUp } from './left-behind.ts'
import type { QueuePlan } from './logic.ts'
import { PRIORITY_NAMES } from './priority.ts'
import { Queue } from './queue.ts'
import { openQueueStore, putAside, QueueUnavailable } from './queue-store.ts'
import { LEFT_OUT, Room, type Why } from './room.ts'
import type { spec } from './spec.ts'
import { statusOf } from './status.ts'

const [FORWARDED, LEFT, REJECTED] = [0, 1, 2] as const
const STAGE = 'store-and-forward'
/** Shorter than the shortest timeout that a source may have. */
const BEAT_MS = 400
const DRAIN_MS = 2_000
const BACKOFF = { initialMs: 200, maxMs: 10_000 }
/** Messages with records that were left out, which nobody takes. */
const MAX_LEFT = 100

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
  readonly #notices = new Map<Why, ThrottledNotice>()
  readonly #disk = new Disk()
  readonly #rate = new Rate()
  readonly #stop = new AbortController()
  readonly #timers: (() => void)[]
  #queue!: Queue
  #room!: Room
  #intake!: DiskIntake
  #forwarding!: Forwarding
  #opened: Promise<void> = Promise.resolve()
  #trouble: QueueUnavailable | Error | undefined
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
      onCapacity: () => this.#forwarding?.kick()
    })
    // Known once the queue is open.
    context.metrics.gauges.delete('waiting')
    status.waiting('opening the queue')
    const beat = setInterval(() => this.#touch(), BEAT_MS).unref()
    this.#timers = [everySecond(() => this.#tick()), () => clearInterval(beat)]
    this.#begin()
  }

  /** What the dialog shows. */
  get standing() {
    const { lanes, damage, bytes, isOpen } = this.#queue
    return {
      isOpen,
      trouble: this.#trouble === undefined ? undefined : reasonOf(this.#trouble),
      mayPutAside: this.#mayPutAside,
      records: lanes.map(({ priority, records }) => ({
        priority: PRIORITY_NAMES[priority],
        records
      })),
      bytes,
      maxBytes: this.plan.room.maxBytes,
      oldestMs: this.#oldestMs,
      damaged: damage.missing + damage.changed
    }
  }

  accept(message: Message, done: Done): void {
    const { metrics } = this.context
    const refusal = this.#limit.refusal(message, countOf(message.payload), this.#intake.records)
    if (refusal) {
      done(refusal)
      return
    }
    this.#intake.accept(message, done)
    metrics.inFlight = this.#intake.records
  }

  /** Sends everything at once that waits for its next try. */
  again = (): Promise<void> => this.#forwarding.again()

  /** Leaves out everything that is not on its way. */
  clear = (): Promise<number> => this.#room.clear()

  /** Forgets what the disk has damaged, which a person has been told of. */
  acceptDamage = (): Promise<void> => this.#queue.dropChanged()

  /** Takes over what a node that is gone has left behind in this folder. */
  async adopt(folder: string): Promise<number> {
    const store = await openQueueStore(folder)
    let records = 0
    try {
      records = await this.#queue.adopt(store)
    } finally {
      await store.close()
    }
    await rm(folder, { recursive: true, force: true })
    takeUp(folder)
    return records
  }

  /** A queue that cannot be opened is put aside, and a new one begins. Gives where it is. */
  async putAside(): Promise<string> {
    if (!this.#mayPutAside) throw new Error('The queue is not damaged.')
    const aside = await putAside(this.folder, Date.now())
    this.context.node.warn(`The damaged queue was put aside in ${aside}.`)
    return aside
  }

  get #mayPutAside(): boolean {
    return this.#trouble instanceof QueueUnavailable && this.#trouble.fault === 'damaged'
  }

  async close(closing: Closing): Promise<void> {
    for (const end of this.#timers) end()
    this.#stop.abort()
    this.#forwarding.stop()
    this.#intake.end()
    await this.#source.drained(DRAIN_MS)
    await this.#source.close()
    await this.#opened
    const { records, isOpen } = this.#queue
    await this.#queue.close()
    this.#limit.end()
    for (const notice of this.#notices.values()) notice.end()
    if (closing !== 'deleted' || !isOpen) return
    if (records === 0) await rm(this.folder, { recursive: true, force: true })
    else leaveBehind(this.folder, this.context.node, records)
  }

  #begin(): void {
    const { context, plan } = this
    const { options, tracker, node } = context
    const queue = new Queue({
      gatherMs: options.gatherMs,
      isStrict: plan.isStrict,
      nowMs: Date.now,
      onTrouble: error => this.#tellTrouble(error),
      open: () => openQueueStore(this.folder),
      onWritten: () => this.#forwarding.kick()
    })
    this.#queue = queue
    this.#room = new Room(queue, {
      ...plan.room,
      nowMs: Date.now,
      isDiskFull: () => this.#disk.isFull,
      leftOut: (records, why) => this.#leftOut(records, why)
    })
    this.#intake = new DiskIntake(queue, this.#room, {
      stage: STAGE,
      priorityOf: plan.priorityOf,
      isGivenUp: message => tracker.isGivenUp(message),
      onRejected: (message, rejected) => this.#reject(message, rejected),
      onStored: (message, records) => this.#stored(message, records),
      onReturned: records => {
        context.metrics.returned += records
      }
    })
    this.#forwarding = new Forwarding(queue, this.#source, {
      batchSize: options.batchSize,
      share: options.share,
      isStrict: plan.isStrict,
      inLists: plan.inLists,
      isWired: () => context.isWired(FORWARDED),
      onForwarded: records => this.#forwarded(records),
      onTrouble: error => node.warn(`The queue could not be read: ${reasonOf(error)}`)
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
        { signal, backoff: { maxMs: 5_000 }, onRetry: error => this.#tellTrouble(error) }
      )
    } catch (error) {
      this.#tellTrouble(error)
      return
    }
    if (signal.aborted) return
    this.#tellTrouble(undefined)
    takeUp(this.folder)
    this.#tellFound()
    await this.#disk.look(dirname(this.folder))
    this.#showGauges()
    this.#intake.open()
    this.#forwarding.kick()
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

  #tellTrouble(error: unknown): void {
    const { node } = this.context
    if (error === undefined) {
      if (this.#trouble !== undefined) node.log('The queue can be written again.')
      this.#trouble = undefined
      return
    }
    const trouble = error instanceof Error ? error : new Error(String(error))
    if (reasonOf(this.#trouble ?? '') !== trouble.message)
      node.warn(`${trouble.message} Nothing is acknowledged.`)
    this.#trouble = trouble
    this.#show()
  }

  #reject(message: Message, rejected: readonly Rejection[]): void {
    const { metrics, send } = this.context
    metrics.rejected += rejected.length
    metrics.countRefused(rejected)
    const payload = Array.isArray(message.payload) ? rejected : rejected[0]
    send([null, null, { ...message, payload }])
  }

  #stored(message: Message, records: number): void {
    const { metrics, tracker } = this.context
    metrics.stored += records
    metrics.inFlight = this.#intake.records
    tracker.confirm(message, { stored: records })
    this.#showGauges()
  }

  #forwarded(records: number): void {
    const { metrics } = this.context
    const exhausted = this.#sent.refused.get('DELIVERY_EXHAUSTED') ?? 0
    const given = Math.min(records, exhausted - this.#exhausted)
    this.#exhausted += given
    metrics.rejected += given
    metrics.countCode(given > 0 ? 'DELIVERY_EXHAUSTED' : undefined, given)
    metrics.out += records - given
    this.#showGauges()
    this.#intake.retry()
  }

  #leftOut(records: readonly object[], why: Why): void {
    const { metrics, node, isWired } = this.context
    metrics.filtered += records.length
    this.#showGauges()
    const reason = LEFT_OUT[why]
    let notice = this.#notices.get(why)
    if (notice === undefined) {
      notice = new ThrottledNotice(count =>
        node.warn(`Records that were left out of the queue: ${count}. ${reason.message}`)
      )
      this.#notices.set(why, notice)
    }
    notice.add(records.length, reason.code)
    const lane = 'left out'
    if (!isWired(LEFT) || this.#source.inFlightOf(lane) >= MAX_LEFT) return
    const rebuild = () => ({ payload: records.map(record => reject(record, STAGE, reason)) })
    this.#source.take({
      lane,
      records: records.length,
      rebuild: rebuild as never,
      output: LEFT,
      acknowledge: () => undefined
    })
  }

  /** Deliveries whose records are not on the disk yet must not time out. */
  #touch(): void {
    for (const message of this.#intake) this.context.tracker.touch(message)
  }

  #tick(): void {
    void this.#look()
    this.#forwarding.kick()
    this.#intake.retry()
    this.#show()
  }

  async #look(): Promise<void> {
    await this.#disk.look(dirname(this.folder))
    if (!this.#queue.isOpen || this.#stop.signal.aborted) return
    try {
      await this.#room.age()
      this.#oldestMs = await this.#queue.oldestMs()
    } catch (error) {
      this.#tellTrouble(error)
    }
    this.#showGauges()
  }

  #showGauges(): void {
    const { gauges } = this.context.metrics
    const { records, bytes, lanes, damage } = this.#queue
    gauges.set('waiting', records)
    gauges.set('waiting bytes', bytes)
    const oldestMs = records === 0 ? undefined : this.#oldestMs
    gauges.set(
      'oldest seconds',
      oldestMs === undefined ? 0 : Math.max(0, Math.round((Date.now() - oldestMs) / 1000))
    )
    for (const { priority, records: waiting } of lanes)
      gauges.set(`waiting ${PRIORITY_NAMES[priority]}`, waiting)
    gauges.set('damaged', damage.missing + damage.changed)
  }

  #show(): void {
    const { context } = this
    const { metrics, status, isWired } = context
    metrics.inFlight = this.#intake.records
    metrics.retried += this.#sent.retried - this.#retried
    this.#retried = this.#sent.retried
    const { retrying: again, reason, stalledMs } = this.#source.waiting
    const { records, damage } = this.#queue
    const { look, text } = statusOf({
      trouble: this.#trouble && troubleWords(this.#trouble),
      isDiskFull: this.#disk.isFull,
      freeBytes: this.#disk.freeBytes,
      isUnwired: !isWired(FORWARDED),
      isBlocked: this.#intake.isBlocked,
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

const TROUBLE = {
  damaged: 'queue damaged: see dialog',
  taken: 'queue open elsewhere',
  full: 'disk full',
  other: 'queue cannot be used'
} as const

const troubleWords = (trouble: Error): string =>
  TROUBLE[trouble instanceof QueueUnavailable ? trouble.fault : 'other']
