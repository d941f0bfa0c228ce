import { recordsOf } from '../../record/message.ts'
import { isRejection, type Reason } from '../../record/record.ts'
import { Writer, type Written } from '../samples/written.ts'
import { type Change, changesBetween } from './changes.ts'
import { type Input, MOST_RECORDS } from './input.ts'
import type { SortedSample, TimeLine } from './kinds.ts'

/** A record that leaves, as the dialog shows it. */
export interface LeftRecord {
  /** The place of the record that it is made of; absent where that is not known. */
  readonly from?: number
  readonly record: Written
  /** Where that is known: what is not as it came in. */
  readonly changes?: readonly Change[]
  /** Of a rejected one: why, the reason that counts first. */
  readonly reasons?: readonly Reason[]
}

/** By output, as many as are shown, and how many there are. */
export interface Outcome {
  readonly outputs: readonly { readonly count: number; readonly records: readonly LeftRecord[] }[]
  readonly filtered: number
  /** What the node says of its settings in the log. */
  readonly notices: readonly string[]
  /** What a person may want to read besides, such as the statements that would be run. */
  readonly text?: string
  readonly line?: TimeLine
}

const MAX_ANSWER = 256_000
const MOST_NOTICES = 20

/** What left, compared with what came in. */
export function outcomeOf(
  input: Input,
  { outputs, filtered, text, line }: SortedSample,
  notices: readonly string[]
): Outcome {
  const writer = new Writer(MAX_ANSWER)
  const came = recordsOf(input.message().payload)
  const shown = (record: unknown): LeftRecord => {
    const from = input.indexOf(record)
    const whole = new Writer(MAX_ANSWER)
    const before = from === undefined ? undefined : whole.write(came[from])
    if (isRejection(record)) {
      const { reason, reasons = [reason] } = record
      return {
        ...(from === undefined ? {} : { from }),
        record: writer.write(record.record),
        reasons: few(reasons)
      }
    }
    const after = writer.write(record)
    if (from === undefined) return { record: after }
    // What was cut is not what changed.
    return {
      from,
      record: after,
      ...(writer.cut || whole.cut ? {} : { changes: changesBetween(before, after) })
    }
  }
  return {
    outputs: outputs.map(records => ({
      count: records.length,
      records: records.slice(0, MOST_RECORDS).map(shown)
    })),
    filtered,
    notices: notices.slice(0, MOST_NOTICES).map(short),
    ...(text === undefined ? {} : { text: text.slice(0, MAX_ANSWER) }),
    ...(line === undefined ? {} : { line })
  }
}

const MAX_SENTENCE = 1_000
const short = (text: string) =>
  text.length > MAX_SENTENCE ? `${text.slice(0, MAX_SENTENCE)}…` : text

const few = (reasons: readonly Reason[]): Reason[] =>
  reasons.slice(0, MOST_NOTICES).map(({ code, message, path }) => ({
    code,
    message: short(message),
    ...(path === undefined ? {} : { path: short(path) })
  }))
