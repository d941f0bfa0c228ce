import { JSON_RULES, type JsonRules, parseJson } from '../record/json-text.ts'
import { jsonText } from '../record/json-write.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { type Reason, reject, type TelemetryRecord } from '../record/record.ts'

/** One record that left when a record was taken. */
export interface Left {
  readonly output: number
  /** The JSON of it; absent where it is the record taken itself. */
  readonly text?: string
  /** Why it was rejected. */
  readonly reason?: Reason
}

/** What was answered to a record: enough to give the same answer again. */
export type Answer = readonly Left[]

/** The JSON of a record that may be needed again. */
export const textOf = (record: object): string => jsonText(record) ?? '{}'

/** The record of such a text, with all digits of its numbers. */
export function recordOf(text: string): TelemetryRecord {
  const parsed = parseJson(text, RULES)
  return parsed instanceof ParseFailure ? JSON.parse(text) : (parsed as TelemetryRecord)
}
const RULES: JsonRules = { ...JSON_RULES, exact: true }

/** The record that leaves when the same is answered again. */
export function leavesAgain({ text, reason }: Left, taken: object, stage: string): object {
  const record = text === undefined ? taken : recordOf(text)
  return reason === undefined ? record : reject(record, stage, reason)
}
