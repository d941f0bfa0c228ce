import { isUtf8 } from 'node:buffer'
import { compressionOf, decompressed } from '../format/decompress.ts'
import { FORMATS, type Format } from '../format/names.ts'
import { type ReaderOptions, readerOf } from '../format/reader.ts'
import { type JsonRules, parseJson } from '../record/json-text.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { isObject, kindOf } from './survey.ts'

/** What bytes are, found by reading them. */
export interface FoundFormat {
  readonly format: Format
  /** What they were packed with; undefined where they came as they are. */
  readonly compression: string | undefined
  readonly delimiter: ReaderOptions['delimiter']
  /** How many of the payloads are of this format. */
  readonly of: number
  /** What the first of them holds; records are not taken apart yet. */
  readonly value: unknown
}

/** Of each payload; more is not read to find out what it is. */
const MOST_PAYLOADS = 20
const MAX_BYTES = 1_048_576

/** Everything is taken as it is, since it is only looked at. */
export const READ_ALL: ReaderOptions = {
  format: 'json',
  nanAsNull: true,
  exact: true,
  cutNuls: true,
  decompress: false,
  maxBytes: MAX_BYTES,
  onWords: 'on, true',
  offWords: 'off, false',
  valueField: 'value',
  delimiter: 'comma',
  columns: '',
  schema: '',
  messageType: '',
  framing: 'none',
  at: 'message',
  path: '',
  keyField: 'metric',
  around: true
}

const RULES: JsonRules = { trailingNuls: 'cut', nanAsNull: true, exact: true }

const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } as const
type Delimiter = keyof typeof DELIMITERS

/** The format of payloads, by what reads most of them. Undefined where none reads the first. */
export async function formatOf(payloads: readonly Buffer[]): Promise<FoundFormat | undefined> {
  const few = payloads.filter(({ length }) => length > 0 && length <= MAX_BYTES)
  const given = few.slice(0, MOST_PAYLOADS)
  const [first] = given
  if (first === undefined) return undefined
  const undone = given.map(bytes => decompressed(bytes, MAX_BYTES))
  const bytes = undone.filter((each): each is Buffer => !(each instanceof ParseFailure))
  if (bytes[0] === undefined) return undefined
  for (const { format, delimiter } of candidatesFor(bytes[0])) {
    const reader = await readerOf({ ...READ_ALL, format, delimiter })
    const read = (each: Buffer) =>
      reader.read(BY_LINES.has(format) ? headOf(each) : each, { arrivedMs: Date.now() })
    const isRead = (each: Buffer) => read(each).every(({ record }) => fits(record, format))
    if (!isRead(bytes[0])) continue
    return {
      format,
      delimiter,
      compression: compressionOf(first),
      of: bytes.filter(isRead).length,
      value: format === 'json' ? parseJson(bytes[0].toString(), RULES) : read(bytes[0])[0]?.record
    }
  }
  return undefined
}

const BY_LINES: ReadonlySet<Format> = new Set([
  'csv',
  'line-protocol',
  'json-lines',
  'json-sequence'
])
/** So many bytes of lines show what they are. */
const HEAD_BYTES = 32_768

function headOf(bytes: Buffer): Buffer {
  if (bytes.length <= HEAD_BYTES) return bytes
  const end = bytes.lastIndexOf('\n', HEAD_BYTES)
  return bytes.subarray(0, end > 0 ? end : HEAD_BYTES)
}

/**
 * A list at the top is JSON as well, though no record by itself: where records stand in it is
 * another question.
 */
const fits = (record: unknown, format: Format): boolean =>
  !(record instanceof ParseFailure) || (format === 'json' && record.code === 'NOT_A_RECORD')

interface Candidate {
  readonly format: Format
  readonly delimiter: Delimiter
}

const of = (...formats: Format[]): Candidate[] =>
  formats.map(format => ({ format, delimiter: 'comma' }))

/** What bytes may be, the likeliest first. */
function candidatesFor(bytes: Buffer): Candidate[] {
  if (!isUtf8(bytes) || bytes.subarray(0, 64).some(isControl)) return binaryCandidates(bytes)
  const text = bytes
    .toString()
    .replace(/^\uFEFF/, '')
    .trim()
  if (/^[[{]/.test(text))
    return isSenml(text) ? of('senml-json', 'json') : of('json', 'json-lines', 'json-sequence')
  const line = text.split('\n', 1)[0]!
  const candidates: Candidate[] = []
  if (/^[^\s,=]+(,[^\s,=]+=[^\s,=]+)* [^\s,=]+=\S+/.test(line))
    candidates.push(...of('line-protocol'))
  if (text.includes('\n')) candidates.push(...csvCandidates(text))
  return [...candidates, ...(text.length <= 200 && !text.includes('\n') ? of('bare') : [])]
}

const isControl = (byte: number) => byte < 9 || (byte > 13 && byte < 32 && byte !== 0x1e)

/** 0x80 to 0x9f begins a map or list of MessagePack, 0xa0 to 0xbf a map of CBOR. */
function binaryCandidates(bytes: Buffer): Candidate[] {
  const text = bytes.toString('latin1').replace(/\0+$/, '')
  if (text.length < bytes.length && isUtf8(bytes)) return of('json', 'bare')
  const first = bytes[0]!
  const isCborMap = first >= 0xa0 && first <= 0xbf
  return isCborMap ? of('cbor', 'msgpack') : of('senml-cbor', 'msgpack', 'cbor')
}

/** RFC 8428: a list of objects that have names, base names or values by these labels. */
function isSenml(text: string): boolean {
  return /^\[\s*\{[^}]*"(bn|n)"\s*:/.test(text) && /"(v|vs|vb|vd|s|bv)"\s*:/.test(text)
}

function csvCandidates(text: string): Candidate[] {
  const lines = text.split('\n', 20).filter(line => line.trim() !== '')
  return (Object.keys(DELIMITERS) as Delimiter[]).flatMap(delimiter => {
    const cells = lines.map(line => line.split(DELIMITERS[delimiter]).length)
    const isTable = cells[0]! > 1 && cells.every(count => count === cells[0])
    return isTable ? [{ format: 'csv' as const, delimiter }] : []
  })
}

/** Where the records stand in what a payload holds. */
export interface FoundPlace {
  readonly at: 'message' | 'list' | 'object'
  readonly path: string
  readonly elements: number
  /** Of an object: a few of its names. */
  readonly names?: readonly string[]
}

/**
 * The longest list of objects, at the top or at most two levels below; an object whose values are
 * objects of one form.
 */
export function placeOf(value: unknown): FoundPlace {
  if (Array.isArray(value)) return { at: 'list', path: '', elements: value.length }
  const list = isObject(value) ? longestList(value, [], 0) : undefined
  if (list !== undefined) return { at: 'list', path: list.path, elements: list.length }
  const object = isObject(value) ? objectOfRecords(value) : undefined
  if (object !== undefined) return object
  return { at: 'message', path: '', elements: 1 }
}

/** An object of records at the top, or the one field beside plain values that is such. */
function objectOfRecords(object: Record<string, unknown>): FoundPlace | undefined {
  if (isOfRecords(object)) return placeIn('', object)
  const inner = Object.entries(object)
    .slice(0, MOST_FIELDS)
    .filter(([name, value]) => isObject(value) && PLAIN.test(name) && !NO_READINGS.test(name))
  const [only, ...more] = inner
  if (only === undefined || more.length > 0) return undefined
  return isOfRecords(only[1]) ? placeIn(only[0], only[1] as object) : undefined
}

const placeIn = (path: string, object: object): FoundPlace => ({
  at: 'object',
  path,
  elements: Object.keys(object).length,
  names: Object.keys(object).slice(0, 3)
})

/** All its values are objects with the same names in them. */
function isOfRecords(value: unknown): boolean {
  const values = isObject(value) ? Object.values(value).slice(0, 100) : []
  const [first, ...others] = values
  if (!isObject(first) || others.length === 0) return false
  const names = namesOf(first)
  return names !== '' && others.every(one => isObject(one) && namesOf(one) === names)
}

const namesOf = (object: object) => Object.keys(object).sort().join('\n')

interface FoundList {
  readonly path: string
  readonly length: number
}

const PLAIN = /^[^.[\]"\\]+$/
/** Who heard a message, or what went wrong with it. */
const NO_READINGS = /^(rx_?metadata|rx_?info|tx_?info|gateways|errors|locations|links|warnings)$/i
const DEEPEST = 2
/** Of one object; a device has fewer. */
const MOST_FIELDS = 1_000

function longestList(
  object: Record<string, unknown>,
  above: readonly string[],
  depth: number
): FoundList | undefined {
  let longest: FoundList | undefined
  for (const [name, value] of Object.entries(object).slice(0, MOST_FIELDS)) {
    if (!PLAIN.test(name) || NO_READINGS.test(name)) continue
    const steps = [...above, name]
    const isOfObjects =
      Array.isArray(value) && value.length > 0 && value.slice(0, 100).every(isObject)
    const found = isOfObjects
      ? { path: steps.join('.'), length: value.length }
      : depth < DEEPEST && isObject(value)
        ? longestList(value, steps, depth + 1)
        : undefined
    if (found !== undefined && found.length > (longest?.length ?? 0)) longest = found
  }
  return longest
}

export const formatLabel = (format: Format): string => FORMATS[format]

/** What came, as bytes; undefined where it was decoded before. */
export function bytesOf(payload: unknown): Buffer | undefined {
  if (Buffer.isBuffer(payload)) return payload
  return kindOf(payload) === 'text' ? Buffer.from(payload as string) : undefined
}
