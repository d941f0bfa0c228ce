import { jsonText } from './json-write.ts'

/** Whether the record may say this where it must agree with what stands beside it. */
export const agrees = (there: unknown, beside: unknown): boolean => String(there) === String(beside)

/** Why a record is rejected whose field says something else (`FIELD_CONFLICT`). */
export function conflictSentence(path: string, there: unknown, beside: unknown): string {
  const [one, other] = [there, beside].map(each => (jsonText(each) ?? '').slice(0, 80))
  return `${path} is ${one} in the payload, but ${other} beside it.`
}
