import type { PublishedRecords, Reason } from '@millrace/node-red-telemetry'
import type { InLine } from './line-queue.ts'
import type { Outgoing } from './logic.ts'

/** A message on its way. */
export interface Sending extends InLine {
  readonly message: Outgoing
  readonly of: PublishedRecords
  readonly index: number
}

export function refuse({ of, index }: Sending, reason: Reason): void {
  of.refuse(index, reason)
  of.less()
}
