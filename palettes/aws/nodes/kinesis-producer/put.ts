import type { PublishedRecords, Reason } from '@millrace/node-red-telemetry'
import type { KeyLine } from './key-lines.ts'
import type { Outgoing } from './logic.ts'

/** A record on its way. */
export interface Sending {
  readonly outgoing: Outgoing
  readonly of: PublishedRecords
  readonly index: number
  /** How often Kinesis did not take it. */
  failures: number
}

/** What goes in one request: the first of each of these lines. */
export type Batch = readonly KeyLine<Sending>[]

/** What Kinesis says of one record of a request. */
export interface PutAnswer {
  readonly ErrorCode?: string | undefined
  readonly ErrorMessage?: string | undefined
}

export const entryOf = (line: KeyLine<Sending>) => {
  const { key, data } = line.waiting.first!.outgoing
  return { PartitionKey: key, Data: data }
}

export function refuse({ of, index }: Sending, reason: Reason): void {
  of.refuse(index, reason)
  of.less()
}
