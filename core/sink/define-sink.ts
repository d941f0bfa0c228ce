import type { NodeAPI } from 'node-red'
import { MillraceError } from '../errors.ts'
import type { Learn } from '../learn/learned.ts'
import type { OperatorAnswer } from '../node/answer.ts'
import { type Behaviour, type Context, type Done, defineNode } from '../node/define-node.ts'
import type { Migrations } from '../node/migrate.ts'
import { type Make, previewRoute } from '../node/preview.ts'
import type { Probes } from '../node/probe.ts'
import { QueueLimit } from '../node/queue-limit.ts'
import type { NodeSpec } from '../node/spec.ts'
import { eachInSlices } from '../record/in-slices.ts'
import { countOf, type Message } from '../record/message.ts'
import { isRejection, type Rejection, reject } from '../record/record.ts'
import { ThrottledNotice } from '../throttled-notice.ts'
import { type OpenRequest, OpenRequests } from './open-requests.ts'
import { SinkHistograms } from './sink-histograms.ts'
import { SinkStatus } from './sink-status.ts'
import type { OpenSink, SinkExtras, SinkPort, SinkTrouble, WriteResult } from './types.ts'

const STORED = 0
const REJECTED = 1
const BEAT_MS = 2_000
const DRAIN_MS = 8_000

/**
 * What opens the sink of a node: reads the options once; throws OptionsError for those that cannot
 * be used.
 */
export type Open<S extends NodeSpec> = (context: Context<S>, port: SinkPort) => OpenSink

/**
 * A node that stores records: it owns the bound of what waits, the heartbeat for deliveries under
 * way, the counts, the confirmation, both outputs (stored, rejected), the status and the end. A
 * sink has only what is its own: how records are written, and what its service's troubles mean.
 */
export function defineSink<S extends NodeSpec>(
  spec: S,
  open: Open<S>,
  extras: SinkExtras & {
    readonly probes?: Probes<S>
    readonly migrations?: Migrations
    /** Shows in the dialog what would be written; must not ask the service. */
    readonly preview?: { readonly make: Make<S>; readonly learn?: Learn }
  }
): (RED: NodeAPI) => void {
  const start = (context: Context<S>): Behaviour => {
    const sink = new Sink(context, spec.type.replace(/^millrace-/, ''), extras)
    sink.open(port => open(context, port))
    return {
      accept: (message, done) => sink.accept(message, done),
      examine: signal => sink.examine(signal),
      close: () => sink.close()
    }
  }
  const define = defineNode(spec, start, extras.probes, extras.migrations)
  const { preview } = extras
  if (preview === undefined) return define
  return RED => {
    previewRoute(RED, spec, preview.make, { learn: preview.learn, isAlone: true })
    define(RED)
  }
}

class Sink<S extends NodeSpec> implements SinkPort {
  readonly #requests = new OpenRequests({
    finished: (request, result) => this.#finish(request, result),
    failed: (request, error, written) => this.#fail(request, error, written)
  })
  readonly #limit: QueueLimit
  readonly #lost: ThrottledNotice
  readonly #status: SinkStatus
  readonly #histograms: SinkHistograms
  #beat: NodeJS.Timeout | undefined
  #opened: OpenSink | undefined
  /** Messages of which very many records were refused leave one after the other. */
  #leaving: Promise<void> | undefined

  constructor(
    private readonly context: Context<S>,
    private readonly stage: string,
    private readonly extras: SinkExtras
  ) {
    const { node, metrics, status } = context
    const warn = (sentence: string) => node.warn(sentence)
    this.#histograms = new SinkHistograms(metrics)
    this.#limit = new QueueLimit({ ...context, warn, service: extras.service })
    this.#lost = new ThrottledNotice((records, why) =>
      warn(
        `${records} records were rejected, and no wire leaves the output "rejected" that could keep them. The first: ${why}`
      )
    )
    this.#status = new SinkStatus(
      status,
      { warn, log: line => node.log(line) },
      extras.service,
      () => ({
        waitingRecords: this.#requests.records,
        oldestMs: this.#requests.oldestMs,
        done: metrics.stored + metrics.rejected,
        rejected: metrics.rejected,
        leadingCode: metrics.leadingCode,
        duplicates: metrics.duplicates
      })
    )
  }

  open(open: (port: SinkPort) => OpenSink): void {
    this.#opened = open(this)
    this.#beat = setInterval(() => this.#touch(), BEAT_MS)
  }

  up(): void {
    this.#status.up(this.#words)
  }
  down(trouble: SinkTrouble): void {
    this.#status.down(trouble, this.#words)
  }
  refresh(): void {
    this.#status.show(this.#words)
  }
  get oldestMs(): number {
    return this.#requests.oldestMs
  }
  /** A sink may tell of its service while it is being opened. */
  get #words(): Pick<OpenSink, 'progress' | 'waitsFor'> {
    return this.#opened ?? {}
  }

  async examine(signal: AbortSignal): Promise<readonly OperatorAnswer[]> {
    return (await this.#opened?.examine?.(signal)) ?? []
  }

  accept(message: Message, done: Done): void {
    const { metrics } = this.context
    const refusal = this.#limit.refusal(message, countOf(message.payload), this.#requests.records)
    if (refusal) {
      done(refusal)
      return
    }
    const request = this.#requests.add(message, done)
    this.#histograms.took(request.records.length)
    metrics.inFlight = this.#requests.records
    try {
      this.#opened!.write(request)
    } catch (error) {
      request.fail(error as Error)
    }
    if (this.#status.isDown) this.refresh()
  }

  /** Every record of the message is durable, or can never be. */
  #finish(request: OpenRequest, result: WriteResult): void {
    const { message, records } = request
    const { metrics, tracker } = this.context
    const { stored, duplicates = 0, letters = 0, refused } = result
    metrics.inFlight = this.#requests.records
    if (stored > 0) this.#histograms.stored(request.sinceMs, records)
    metrics.stored += stored
    metrics.duplicates += duplicates
    metrics.rejected += letters + (refused?.size ?? 0)
    if (refused) for (const { code } of refused.values()) metrics.countCode(code)
    if (stored + duplicates + letters > 0 || records.length === 0) {
      tracker.confirm(message, { stored, duplicates, rejected: letters })
    }
    const leave = () => this.#leave(request, result)
    const begun =
      this.#leaving === undefined
        ? leave()
        : this.#leaving.then(leave).catch(error => request.done(error as Error))
    const leaving = begun?.then(() => {
      if (this.#leaving === leaving) this.#leaving = undefined
    })
    this.#leaving = leaving
  }

  /** Sends on what became of the message; a promise of it where that takes long. */
  #leave({ message, records, done }: OpenRequest, result: WriteResult): Promise<void> | undefined {
    const { isWired, send } = this.context
    const { refused } = result
    const rejected: Rejection[] = []
    const finish = () => {
      const passedOn = isWired(STORED) ? storedOf(message, records, result) : null
      if (passedOn !== null || rejected.length > 0)
        send([passedOn, rejected.length > 0 ? { ...message, payload: rejected } : null])
      done()
      if (!this.#status.isDown) this.refresh()
    }
    const rest = refused && this.#rejectedOf(records, refused, rejected)
    if (rest !== undefined) return rest.then(finish).catch(error => done(error as Error))
    finish()
    return undefined
  }

  /** Nothing of the message counts as dealt with. */
  #fail(
    { done }: OpenRequest,
    error: Error,
    written: Pick<WriteResult, 'stored' | 'duplicates'>
  ): void {
    const { metrics } = this.context
    metrics.inFlight = this.#requests.records
    metrics.stored += written.stored
    metrics.duplicates += written.duplicates ?? 0
    done(error)
  }

  /** Each with its reason; where there are very many, others have their turn in between. */
  #rejectedOf(
    records: readonly unknown[],
    refused: NonNullable<WriteResult['refused']>,
    rejected: Rejection[]
  ): Promise<void> | undefined {
    const [first] = refused.values()
    if (first !== undefined && !this.context.isWired(REJECTED))
      this.#lost.add(refused.size, first.message)
    return eachInSlices(refused, ([index, reason]) => {
      const record = records[index]
      rejected.push(isRejection(record) ? record : reject(record, this.stage, reason))
    })
  }

  /** Deliveries whose records wait here must not time out. */
  #touch(): void {
    const latestMs = performance.now() - BEAT_MS
    for (const { message, sinceMs } of this.#requests) {
      if (sinceMs > latestMs) break
      this.context.tracker.touch(message)
    }
    this.refresh()
  }

  async close(): Promise<void> {
    try {
      await this.#opened?.close(this.extras.drainMs ?? DRAIN_MS)
      await this.#leaving
    } finally {
      clearInterval(this.#beat)
      this.#giveBack()
      this.#limit.end()
      this.#lost.end()
    }
  }

  #giveBack(): void {
    const { service } = this.extras
    const sentence = `The node was stopped before ${service} had the records; the source delivers them again.`
    for (const request of [...this.#requests]) request.fail(new MillraceError('CLOSED', sentence))
  }
}

/**
 * What is stored, in the form it came: the message itself where that is all of it; null if nothing
 * is.
 */
function storedOf(
  message: Message,
  records: readonly unknown[],
  { refused, superseded, properties }: WriteResult
): Message | null {
  if ((refused?.size ?? 0) + (superseded?.size ?? 0) === 0)
    return properties ? { ...message, ...properties } : message
  const payload = records.filter(
    (_record, index) => !refused?.has(index) && !superseded?.has(index)
  )
  return payload.length === 0 ? null : { ...message, payload, ...properties }
}
