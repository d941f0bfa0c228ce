import { backoffMs, type Context, pause } from '@millrace/node-red-telemetry'
import type { spec } from './spec.ts'

/** Records that leave together. */
export interface Parcel {
  readonly topic: string
  /** Made anew for each attempt: nodes may have changed what was sent before. */
  make(): { readonly records: readonly object[]; readonly rejected: readonly object[] }
  readonly count: number
  /** The flow is done with it, and with all before it. */
  done(): void
}

interface Sent {
  readonly parcel: Parcel
  isDone: boolean
}

/** Sends parcels into the flow, each until the flow is done with it; tells that in their order. */
export class Sender {
  #line: Sent[] = []
  #records = 0
  #retrying: string | undefined
  #dueMs = 0
  readonly #leave: () => void

  constructor(
    private readonly context: Context<typeof spec>,
    private readonly signal: AbortSignal
  ) {
    this.#leave = context.tracker.register(context.node)
  }

  /** Why something is sent again. */
  get retrying(): string | undefined {
    return this.#retrying
  }

  /** Resolves when there is room for it and it was sent. */
  async send(parcel: Parcel): Promise<void> {
    const { maxInFlight, perSecond } = this.context.options
    while (this.#records > 0 && this.#records + parcel.count > maxInFlight) await this.#turn()
    const nowMs = performance.now()
    if (this.#dueMs > nowMs) await pause(this.#dueMs - nowMs, { signal: this.signal })
    this.signal.throwIfAborted()
    this.#dueMs = Math.max(this.#dueMs, nowMs) + (parcel.count * 1000) / perSecond
    const sent = { parcel, isDone: false }
    this.#line.push(sent)
    this.#records += parcel.count
    this.#attempt(sent, 0)
  }

  /** Until the flow is done with everything. */
  async drained(): Promise<void> {
    while (this.#line.length > 0) await this.#turn()
  }

  end(): void {
    this.#line = []
    this.#leave()
  }

  async #turn(): Promise<void> {
    await pause(5, { signal: this.signal })
    this.signal.throwIfAborted()
  }

  #attempt(sent: Sent, failures: number): void {
    const { tracker, node, options, send } = this.context
    if (this.signal.aborted) return
    if (tracker.deploying) {
      tracker.afterDeployment(() => this.#attempt(sent, failures))
      return
    }
    const { records, rejected } = sent.parcel.make()
    const { topic } = sent.parcel
    const first = { topic, payload: records.length > 0 ? records : rejected }
    const delivery = tracker.open(first, node.id, {
      mode: options.acknowledge,
      records: sent.parcel.count,
      timeoutMs: options.timeoutS * 1000,
      onSettled: settlement => {
        if (settlement.kind === 'acknowledge') this.#done(sent)
        else this.#again(sent, failures, settlement.error.message)
      }
    })
    try {
      if (records.length === 0) send([null, first, null])
      else send([first, rejected.length > 0 ? { ...first, payload: rejected } : null, null])
    } finally {
      delivery.sent()
    }
  }

  #again(sent: Sent, failures: number, why: string): void {
    if (this.signal.aborted) return
    this.#retrying = why
    this.context.metrics.retried += sent.parcel.count
    const waitMs = backoffMs(failures, { maxMs: 15_000 })
    void pause(waitMs, { signal: this.signal, unref: true }).then(() =>
      this.#attempt(sent, failures + 1)
    )
  }

  #done(sent: Sent): void {
    sent.isDone = true
    this.#retrying = undefined
    while (this.#line[0]?.isDone) {
      const { parcel } = this.#line.shift()!
      this.#records -= parcel.count
      parcel.done()
    }
  }
}
