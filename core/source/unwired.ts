import type { Node, NodeMessage } from 'node-red'
import { isRejection } from '../record/record.ts'
import { ThrottledNotice } from '../throttled-notice.ts'

/**
 * Says what becomes of rejected records and dead letters where no wire leaves the output for them.
 */
export class UnwiredOutput {
  readonly #lost: ThrottledNotice
  readonly #kept: ThrottledNotice

  constructor(node: Pick<Node, 'warn' | 'error'>, output: number) {
    const noWire = `no wire leaves output ${output + 1}`
    this.#lost = new ThrottledNotice((records, why) =>
      node.warn(
        `Records that were rejected are lost, since ${noWire} that could keep them: ${records}. The first: ${why}`
      )
    )
    this.#kept = new ThrottledNotice((records, why) =>
      node.error(
        `The flow fails to deal with messages, and ${noWire} for dead letters: they are kept and sent again until the flow deals with them, and none behind them is acknowledged. Records: ${records}. The first: ${why}`
      )
    )
  }

  /** The source rejected these records, and acknowledges them. */
  lost(records: number, message: NodeMessage): void {
    const { payload } = message as { payload?: unknown }
    const first: unknown = Array.isArray(payload) ? payload[0] : payload
    this.#lost.add(records, isRejection(first) ? first.reason.message : 'no reason is known')
  }

  /** The flow failed to deal with these records as often as it may. */
  kept(records: number, why: string): void {
    this.#kept.add(records, why)
  }

  /** Nothing more will come. */
  end(): void {
    this.#lost.end()
    this.#kept.end()
  }
}
