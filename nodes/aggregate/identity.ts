import { type Get, getter } from '../../core/record/field-path.ts'
import { parseIso } from '../../core/record/iso-time.ts'
import type { Reason, TelemetryRecord } from '../../core/record/record.ts'

/** The names of devices are not longer; what is kept of each has a bound. */
const MAX_KEY_CHARACTERS = 500

/** Which key a record belongs to. */
export interface KeyFields {
  /** The values of the key fields. */
  values(record: TelemetryRecord): unknown[]
  /** The same as one text; no two keys have the same. */
  text(record: TelemetryRecord): string | Reason
}

export function keyFields(paths: readonly string[]): KeyFields {
  const gets = paths.map(getter)
  return {
    values: record => gets.map(get => get(record)),
    text(record) {
      let text = ''
      for (let index = 0; index < gets.length; index++) {
        const part = partOf(gets[index]!(record))
        if (part === undefined || text.length + part.length > MAX_KEY_CHARACTERS)
          return refused(paths[index]!, part)
        text = index === 0 ? part : `${text},${part}`
      }
      return text
    }
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

/** When a record was measured, milliseconds since 1970. */
export function timeReader(path: string): (record: TelemetryRecord) => number | Reason {
  const get: Get = getter(path)
  return record => {
    const value = get(record)
    const ms = typeof value === 'string' ? parseIso(value) : value
    if (typeof ms === 'number' && Math.abs(ms) <= MAX_TIME_MS) return ms
    return value === undefined || value === null
      ? { code: 'TS_MISSING', message: `There is no ${path}.`, path }
      : {
          code: 'TS_UNPARSABLE',
          message: `${path} is neither ISO 8601 with a zone nor milliseconds since 1970.`,
          path
        }
  }
}

/** What a Date holds, without its last year, in which no window could end. */
const MAX_TIME_MS = 8.64e15 - 366 * 86_400_000
