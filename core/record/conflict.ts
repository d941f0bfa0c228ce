import { isExactNumber } from './exact-decimal.ts'
import { jsonText } from './json-write.ts'

/**
 * Whether the record may say this where it must agree with what stands beside it. A list of one
 * text is written as the text, but is another value.
 */
export const agrees = (there: unknown, beside: unknown): boolean =>
  isOneValue(there) && String(there) === String(beside)

const isOneValue = (value: unknown) => typeof value !== 'object' || isExactNumber(value)

/** Why a record is rejected whose field says something else (`FIELD_CONFLICT`). */
export function conflictSentence(path: string, there: unknown, beside: unknown): string {
  const [one, other] = [there, beside].map(each => (jsonText(each) ?? '').slice(0, 80))
  return `${path} is ${one} in the payload, but ${other} beside it.`
}
