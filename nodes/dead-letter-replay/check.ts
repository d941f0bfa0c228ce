import type { Problem } from '../../core/options-error.ts'

/** What is wrong between the two bounds of a replay, where each of them is a time. */
export function problemsBetween({ since, until }: Readonly<Record<string, unknown>>): Problem[] {
  if (since === '' || until === '') return []
  return Date.parse(String(since)) < Date.parse(String(until))
    ? []
    : [['until', `must be after Since (${since})`]]
}
