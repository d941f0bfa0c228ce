import { getter, type Reason } from '@millrace/node-red-telemetry'
import { PIECES } from './template-problems.ts'

/** Parts of the time, in UTC; they stand for no fields of the record. */
const OF_TIME: Readonly<Record<string, (iso: string) => string>> = {
  date: iso => iso.slice(0, 10),
  year: iso => iso.slice(0, 4),
  month: iso => iso.slice(5, 7),
  day: iso => iso.slice(8, 10),
  hour: iso => iso.slice(11, 13)
}

/** What a store takes as one part of a path, and what is readable there. */
const MAX_PART = 200

/** What file systems take, and what leaves room for a prefix and a name in a key of S3. */
const MAX_PART_BYTES = 255
const MAX_PATH_BYTES = 600

export interface Placed {
  readonly topic: string
  readonly partition: number
  /** Of the record, in milliseconds since 1970. */
  readonly timeMs: number
}

/** Where in a store the file of a record is: `site={site}/date={date}/hour={hour}/`. */
export interface PathTemplate {
  /** The folder, with a slash at its end, or why there is none. */
  fill(record: unknown, placed: Placed): string | Reason
  /** The time decides where a record is. */
  readonly hasTime: boolean
}

interface Piece {
  /** Of the record, where it is one of its fields. */
  readonly field?: string
  text(record: unknown, placed: Placed, iso: string): string | undefined
}

/** Of a template without problems. */
export function pathTemplate(template: string): PathTemplate {
  const pieces = [...template.matchAll(PIECES)].map(
    ([piece, field]): Piece => (field === undefined ? { text: () => piece } : pieceOf(field))
  )
  const end = template === '' || template.endsWith('/') ? '' : '/'
  const hasTime = [...template.matchAll(PIECES)].some(
    ([, field]) => field !== undefined && Object.hasOwn(OF_TIME, field)
  )
  return {
    hasTime,
    fill(record, placed) {
      const iso = hasTime ? isoOf(placed.timeMs) : ''
      if (iso === undefined) return NO_YEAR
      let path = ''
      for (const piece of pieces) {
        const text = piece.text(record, placed, iso)
        if (text === undefined) return lacking(piece.field!)
        path += text
      }
      path += end
      // Most are shorter, and a unit of a text has three bytes at most.
      return path.length > MAX_PART_BYTES / 3 && isTooLong(path) ? TOO_LONG : path
    }
  }
}

function pieceOf(field: string): Piece {
  if (Object.hasOwn(OF_TIME, field))
    return { text: (_record, _placed, iso) => OF_TIME[field]!(iso) }
  if (field === 'topic' || field === 'partition')
    return { text: (_record, placed) => escaped(String(placed[field])) }
  const get = getter(field)
  return {
    field,
    text(record) {
      const value = get(record)
      if (!TYPES.has(typeof value)) return undefined
      const text = escaped(String(value))
      return text === '' || text.length > MAX_PART ? undefined : text
    }
  }
}

const TYPES: ReadonlySet<string> = new Set(['string', 'number', 'boolean', 'bigint'])

const lacking = (path: string): Reason => ({
  code: 'ARCHIVE_PATH_INVALID',
  message: `The path needs the field ${path} as a text or number of at most ${MAX_PART} characters, which the record does not have.`,
  path
})

const TOO_LONG: Reason = {
  code: 'ARCHIVE_PATH_INVALID',
  message: `The path has more than ${MAX_PATH_BYTES} bytes, or more than ${MAX_PART_BYTES} between two slashes.`
}

const isTooLong = (path: string): boolean =>
  Buffer.byteLength(path) > MAX_PATH_BYTES ||
  path.split('/').some(part => Buffer.byteLength(part) > MAX_PART_BYTES)

const NO_YEAR: Reason = {
  code: 'ARCHIVE_PATH_INVALID',
  message: 'The time of the record is in no year from 0 to 9999.'
}

/** As Hive writes the values of partitions: what is no letter, digit or one of a few is escaped. */
function escaped(text: string): string {
  if (/^[A-Za-z0-9_+@~-][A-Za-z0-9_.+@~-]*$/.test(text)) return text
  return encodeURIComponent(text.replace(LONE, '\uFFFD'))
    .replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^\.+/, dots => '%2E'.repeat(dots.length))
}

/** Half of a character, which no path can hold. */
const LONE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g

/** The last second, whose text is that of the next record as well, mostly. */
let known = { second: Number.NaN, iso: '' as string | undefined }

function isoOf(ms: number): string | undefined {
  const second = Math.floor(ms / 1000)
  if (second !== known.second) {
    const iso = new Date(ms).toISOString()
    known = { second, iso: iso.length === 24 ? iso : undefined }
  }
  return known.iso
}
