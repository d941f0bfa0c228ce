import { type Get, getter } from '../../core/record/field-path.ts'
import type { Reason, TelemetryRecord } from '../../core/record/record.ts'
import { KnownTexts } from '../../core/state/known-texts.ts'

/** The names of devices are not longer; what is kept of each has a bound. */
const MAX_KEY_CHARACTERS = 500

/** Which key a record belongs to. */
export interface KeyFields {
  /** The values of the key fields. */
  values(record: TelemetryRecord): unknown[]
  /** The same as one text; no two keys have the same. */
  text(record: TelemetryRecord): string | Reason
}

type TextOf = (record: TelemetryRecord) => string | Reason

export function keyFields(paths: readonly string[]): KeyFields {
  const gets = paths.map(getter)
  const text = textBy(paths, gets)
  return {
    values: record => gets.map(get => get(record)),
    text: gets.length === 1 || gets.length === 2 ? onceOf(text, gets[0]!, gets[1]) : text
  }
}

const textBy =
  (paths: readonly string[], gets: readonly Get[]): TextOf =>
  record => {
    let text = ''
    for (let index = 0; index < gets.length; index++) {
      const part = partOf(gets[index]!(record))
      if (part === undefined || text.length + part.length > MAX_KEY_CHARACTERS)
        return refused(paths[index]!, part)
      text = index === 0 ? part : `${text},${part}`
    }
    return text
  }

/** Made once for each key. */
function onceOf(text: TextOf, getFirst: Get, getSecond: Get | undefined): TextOf {
  const known = new KnownTexts()
  return record => {
    const first = getFirst(record)
    const second = getSecond === undefined ? '' : getSecond(record)
    if (typeof first !== 'string' || typeof second !== 'string') return text(record)
    const found = known.find(first, second)
    if (found !== undefined) return found
    const made = text(record)
    return typeof made === 'string' ? known.add(made, first, second) : made
  }
}

/** With its length before it, so that no text can look like two. */
function partOf(value: unknown): string | undefined {
  if (typeof value === 'string') return `${value.length}:${value}`
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return undefined
}

const refused = (path: string, part: string | undefined): Reason => ({
  code: 'KEY_MISSING',
  message:
    part === undefined
      ? `${path} is no text and no number, so nobody can say to which window the record belongs.`
      : `${path} and the other fields that tell the windows apart are longer than ${MAX_KEY_CHARACTERS} characters together.`,
  path
})
