import type { DeliverySource, Reason } from '@millrace/node-red-telemetry'
import type { AmqpBatch, Arrival } from './arrival.ts'
import type { Intake } from './intake.ts'
import type { IngestOptions, Shaper } from './logic.ts'

interface Ways {
  readonly source: DeliverySource
  readonly shaper: Shaper
  readonly options: Pick<IngestOptions, 'unreadable' | 'failed' | 'batchSize' | 'maxInFlight'>
  /** Whether the flow is waited for. */
  readonly waits: boolean
  /** Absent until it stands. */
  intake(): Intake
}

/** Batches go through the flow independently: a later one may be settled before the first. */
export class Deliveries {
  readonly #lanes = new WeakMap<AmqpBatch, string>()
  #number = 0

  constructor(private readonly ways: Ways) {}

  deliver(batch: AmqpBatch, kills: Reason | undefined): void {
    const { source, shaper, options, waits } = this.ways
    const lane = `batch ${this.#number++}`
    this.#lanes.set(batch, lane)
    source.takeMany({
      lane,
      length: batch.arrivals.length,
      bytes: batch.bytes,
      piecesOf: index => shaper.piecesOf(batch, index, kills),
      holdsNone: () => undefined,
      isSingle: options.batchSize === 1,
      portion: Math.min(options.batchSize, options.maxInFlight),
      inTurn: false,
      acknowledge: () => this.#end(batch, this.#accepting(batch)),
      survived: () => this.ways.intake().survived(),
      handBack: waits && options.failed !== 'letter' ? why => this.#handBack(batch, why) : undefined
    })
  }

  /** Its connection is gone. */
  drop(batch: AmqpBatch): void {
    const lane = this.#lanes.get(batch)
    if (lane !== undefined) this.ways.source.dropLane(lane)
  }

  #end(batch: AmqpBatch, settle: (arrival: Arrival, index: number) => void): void {
    // Each lane is used once; not within the call, where the source is still at work with it.
    queueMicrotask(() => this.drop(batch))
    this.ways.intake().settle(batch, settle)
  }

  #accepting(batch: AmqpBatch) {
    const rejects = this.ways.waits && this.ways.options.unreadable === 'reject'
    return ({ delivery }: Arrival, index: number) => {
      if (rejects && batch.unreadable.has(index)) delivery.reject(UNREADABLE)
      else delivery.accept()
    }
  }

  #handBack(batch: AmqpBatch, why: string): boolean {
    const { failed } = this.ways.options
    this.#end(batch, ({ delivery }) => {
      if (failed === 'reject') delivery.reject({ condition: FAILED, description: why })
      else delivery.modified({ delivery_failed: true })
    })
    return true
  }
}

const UNREADABLE = {
  condition: 'amqp:decode-error',
  description: 'no record can be made of the message'
}
const FAILED = 'amqp:internal-error'
