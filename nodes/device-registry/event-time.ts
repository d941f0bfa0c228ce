import type { Context } from '../../core/node/define-node.ts'
import type { NodeSpec } from '../../core/node/spec.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { Clock } from '../../core/state/clock.ts'
import { FlowTime } from '../../core/state/flow-time.ts'
import { laneOf } from '../../core/state/partition-shares.ts'

/** No record at all for so long: time goes on by the computer's clock. */
const IDLE_MS = 5_000
/** Each partition has so long to be heard of after a start. */
const SETTLE_MS = 3_000

/**
 * How far event time has come: through every input partition, as far as the slowest that is not
 * idle; by itself where the whole stream is silent, unless something holds it up.
 */
export class EventTime {
  readonly #clock = new Clock(
    { runs: 'all', latenessMs: 0, idleMs: IDLE_MS, aheadMs: 0, ordered: false },
    SETTLE_MS
  )
  readonly #flow: FlowTime

  constructor(private readonly context: Pick<Context<NodeSpec>, 'tracker' | 'RED' | 'node'>) {
    this.#flow = new FlowTime(context, IDLE_MS)
  }

  /** To be called a few times a second: what jumps is no silence. */
  look(): void {
    this.#flow.look()
    void this.#flow.nowMs
  }

  get nowMs(): number | undefined {
    const ms = this.#clock.advanceSilent(this.#flow.nowMs)
    return Number.isFinite(ms) ? ms : undefined
  }

  heard(message: Message, newestMs: number): void {
    this.#flow.heard(this.context.tracker.sourceOf(message) ?? '')
    this.#flow.took(undefined)
    const lane = laneOf(recordsOf(message.payload)[0]) ?? ''
    this.#clock.see(newestMs, lane, this.#flow.nowMs)
  }

  /** Where it goes on from after a start, if nothing comes. */
  begin(newestMs: number): void {
    if (Number.isFinite(newestMs) && this.#clock.newestMs === Number.NEGATIVE_INFINITY)
      this.#clock.see(newestMs, '', this.#flow.nowMs)
  }
}
