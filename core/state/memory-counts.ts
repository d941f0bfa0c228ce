import { reasonOf } from '../errors.ts'
import type { Context } from '../node/define-node.ts'
import type { NodeSpec } from '../node/spec.ts'
import { compact } from '../node/status.ts'
import { ThrottledNotice } from '../throttled-notice.ts'
import type { Made } from './made.ts'

/** What is remembered, or a part of it. */
interface Sized {
  /** How many keys are remembered. */
  readonly size: number
  /** Records that wait for the clock. */
  readonly waiting: number
}

/** Counts what becomes of the records of a node that remembers. */
export class MemoryCounts<S extends NodeSpec> {
  #late = 0
  #keys = 0
  readonly #failures: ThrottledNotice

  constructor(
    private readonly context: Pick<Context<S>, 'metrics' | 'isWired' | 'node'>,
    private readonly rejectedOutput: number
  ) {
    this.#failures = new ThrottledNotice((keys, why) =>
      context.node.error(
        `The node failed, and has forgotten what it remembered of the key: ${why} Keys: ${keys}.`
      )
    )
  }

  /** What stands beside the rate in the status, where there is nothing else. */
  get note(): string {
    return this.#late > 0 ? `${compact(this.#late)} late` : this.keys
  }
  get keys(): string {
    return `${compact(this.#keys)} keys`
  }

  /** True if something leaves by a wire. */
  add({ outputs, tallies }: Made, parts: Iterable<{ readonly engine: Sized }>): boolean {
    const { metrics, isWired } = this.context
    let leaves = false
    for (const [output, records] of outputs.entries()) {
      if (records.length > 0 && isWired(output)) leaves = true
      if (output !== this.rejectedOutput) metrics.out += records.length
    }
    const rejected = outputs[this.rejectedOutput] ?? []
    metrics.rejected += rejected.length
    if (rejected.length > 0) metrics.countRefused(rejected)
    for (const { filtered, duplicates, failed, failure, late } of tallies) {
      metrics.filtered += filtered
      metrics.duplicates += duplicates
      this.#late += late
      if (failed > 0) this.#failures.add(failed, reasonOf(failure))
    }
    this.#keys = metrics.inFlight = 0
    for (const { engine } of parts) {
      this.#keys += engine.size
      metrics.inFlight += engine.waiting
    }
    metrics.gauges.set('keys remembered', this.#keys)
    if (this.#late > 0) metrics.gauges.set('late', this.#late)
    return leaves
  }

  /** Numbers of the room, by name. */
  show(gauges: Iterable<readonly [name: string, value: number]> = []): void {
    for (const [name, value] of gauges) this.context.metrics.gauges.set(name, value)
  }

  end(): void {
    this.#failures.end()
  }
}
