import { extraNs, parseIso } from '../record/iso-time.ts'
import type { MessagePlan } from './protobuf-plan.ts'
import { isPlain } from './schema-misfit.ts'
import { isNumber } from './written-values.ts'

/** What a value must be, where it cannot be the message. */
export class NoMessage {
  constructor(readonly wanted: string) {}
}

/** The fields of the message that a value stands for: the way back of the values read. */
export const PROTOBUF_WRITTEN: Readonly<
  Record<string, (value: unknown, plan: MessagePlan) => unknown>
> = {
  '.google.protobuf.Timestamp': timestamp,
  '.google.protobuf.Value': jsonValue,
  '.google.protobuf.Struct': fields => ({ fields }),
  '.google.protobuf.ListValue': values => ({ values }),
  ...Object.fromEntries(
    ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map(
      name => [`.google.protobuf.${name}Value`, (value: unknown) => ({ value })]
    )
  )
}

/** Null is one of its values, and not the want of one. */
export const ANY_JSON = '.google.protobuf.Value'

/** A number could be of any unit. */
function timestamp(value: unknown): unknown {
  if (isPlain(value)) return value
  const ms = typeof value === 'string' ? parseIso(value) : Number.NaN
  if (Number.isNaN(ms)) return new NoMessage('an ISO 8601 time with a zone')
  const seconds = Math.floor(ms / 1000)
  return { seconds, nanos: (ms - seconds * 1000) * 1_000_000 + extraNs }
}

/** By the numbers of its fields: the library's own copy of the file has other names. */
function jsonValue(value: unknown, { fields }: MessagePlan): unknown {
  return { [fields.get(jsonField(value))?.name ?? '']: value ?? 0 }
}

function jsonField(value: unknown): number {
  if (value === null) return 1
  if (isNumber(value)) return 2
  if (typeof value === 'string') return 3
  if (typeof value === 'boolean') return 4
  return Array.isArray(value) ? 6 : 5
}
