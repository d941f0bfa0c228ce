import type { Tracker } from '../../core/delivery/types.ts'
import type { Options } from '../../core/node/spec.ts'
import { countOf, type Message } from '../../core/record/message.ts'
import type { spec } from './spec.ts'

export type AcknowledgeOptions = Pick<Options<typeof spec>, 'as' | 'reason'>

/** Settles the delivery that this message belongs to; nothing happens where it belongs to none. */
export function settle(
  message: Message,
  { as, reason }: AcknowledgeOptions,
  tracker: Pick<Tracker, 'confirm' | 'fail'>
): void {
  if (as === 'stored') tracker.confirm(message, { stored: countOf(message.payload) })
  else tracker.fail(message, { code: 'FAILED_BY_FLOW', message: reason })
}
