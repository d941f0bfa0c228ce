import { isUtf8 } from 'node:buffer'
import { compressionOf, decompressed } from '../format/decompress.ts'
import { FORMATS, type Format } from '../format/names.ts'
import { type ReaderOptions, readerOf } from '../format/reader.ts'
import { type JsonRules, parseJson } from '../record/json-text.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { longNumberIn } from './long-number.ts'
import { isObject, kindOf } from './survey.ts'
import { timeFormOf } from './times.ts'

/** What bytes are, found by reading them. */
export interface FoundFormat extends Candidate {
  /** What they were packed with; undefined where they came as they are. */
  readonly compression: string | undefined
  /** How many of the payloads are of this format, of those that were looked at. */
  readonly of: number
  readonly looked: number
  /** What the first of them holds; records are not taken apart yet. */
  readonly value: unknown
  /** The first one that is something else. */
  readonly other: Buffer | undefined
  /** The first number of more digits than a double holds. */
  readonly long: string | undefined
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
  maxFields: Number.POSITIVE_INFINITY,
  onWords: 'on, true',
  offWords: 'off, false',
  valueField: 'value',
  delimiter: 'comma',
  decimal: 'point',
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

/** The comma last: it stands in numbers and texts too. */
const DELIMITERS = { semicolon: ';', tab: '\t', pipe: '|', comma: ',' } as const
type Delimiter = keyof typeof DELIMITERS

/** The format of payloads, by what reads most of them. Undefined where none reads any. */
export async function formatOf(payloads: readonly Buffer[]): Promise<FoundFormat | undefined> {
  const given = payloads.filter(({ length }) => length <= MAX_BYTES).slice(0, MOST_PAYLOADS)
  const looked = given.map(packed => {
    const bytes = packed.length === 0 ? undefined : decompressed(packed, MAX_BYTES)
    return bytes === undefined || bytes instanceof ParseFailure
      ? { packed, candidates: [] }
      : { packed, bytes, candidates: candidatesFor(bytes) }
  })
  let best: FoundFormat | undefined
  for (const candidate of distinct(looked.flatMap(({ candidates }) => candidates))) {
    const found = await reading(candidate, looked)
    if (found !== undefined && found.of > (best?.of ?? 0)) best = found
    if (best?.of === looked.length) break
  }
  return best
}

interface Looked {
  readonly packed: Buffer
  readonly bytes?: Buffer
  readonly candidates: readonly Candidate[]
}

/** What of the payloads is of a format that they may have; undefined where none is. */
async function reading(
  candidate: Candidate,
  looked: readonly Looked[]
): Promise<FoundFormat | undefined> {
  const { format } = candidate
  const reader = await readerOf({ ...READ_ALL, ...candidate })
  const read = (bytes: Buffer) =>
    reader.read(BY_LINES.has(format) ? headOf(bytes) : bytes, { arrivedMs: Date.now() })
  const isRead = ({ bytes, candidates }: Looked) =>
    bytes !== undefined &&
    candidates.some(other => keyOf(other) === keyOf(candidate)) &&
    read(bytes).every(({ record }) => fits(record, format))
  const readable = looked.map(isRead)
  const first = looked[readable.indexOf(true)]
  if (first?.bytes === undefined) return undefined
  const held = (bytes: Buffer): unknown =>
    format === 'json' ? parseJson(bytes.toString(), RULES) : read(bytes)[0]?.record
  return {
    ...candidate,
    compression: compressionOf(first.packed),
    of: readable.filter(each => each).length,
    looked: looked.length,
    other: looked[readable.indexOf(false)]?.packed,
    value: held(first.bytes),
    long: firstOf(
      looked.filter((_, index) => readable[index]),
      ({ bytes }) => longNumberIn(held(bytes!))
    )
  }
}

/** So many messages are looked through for long numbers. */
const MOST_SEARCHED = 5

function firstOf<T, R>(given: readonly T[], find: (each: T) => R | undefined): R | undefined {
  for (const each of given.slice(0, MOST_SEARCHED)) {
    const found = find(each)
    if (found !== undefined) return found
  }
  return undefined
}

/** A table is the same whatever its numbers look like. */
const keyOf = ({ format, delimiter }: Candidate) => `${format} ${delimiter}`

/** Each once; of a table the one with most to say, since the others may show less of it. */
function distinct(candidates: readonly Candidate[]): Candidate[] {
  const known = new Map<string, Candidate>()
  for (const candidate of candidates) {
    const before = known.get(keyOf(candidate))
    const isComma = candidate.decimal === 'comma' || before?.decimal === 'comma'
    known.set(keyOf(candidate), {
      ...(before ?? candidate),
      ...(isComma ? { decimal: 'comma' } : {})
    })
  }
  return [...known.values()]
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
  readonly decimal: 'point' | 'comma'
  /** Names for the columns of a table that has no header line; empty where it has one. */
  readonly columns: string
}

const USUAL = { delimiter: 'comma', decimal: 'point', columns: '' } as const

const of = (...formats: Format[]): Candidate[] => formats.map(format => ({ format, ...USUAL }))

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
  candidates.push(...csvCandidates(text))
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

/** Lines of as many cells each; one alone is a table where it holds numbers and no names. */
function csvCandidates(text: string): Candidate[] {
  const lines = text.split('\n', MOST_LINES).filter(line => line.trim() !== '')
  if (isOneNumber(text)) return []
  return (Object.keys(DELIMITERS) as Delimiter[]).flatMap(delimiter => {
    const rows = lines.map(line => line.split(DELIMITERS[delimiter]).map(cell => cell.trim()))
    const [first = []] = rows
    const isTable = first.length > 1 && rows.every(({ length }) => length === first.length)
    const columns = namesFor(first)
    if (!isTable || (rows.length === 1 && columns === '')) return []
    const decimal = delimiter !== 'comma' && hasCommas(rows.flat()) ? 'comma' : 'point'
    return [{ format: 'csv' as const, delimiter, decimal, columns }]
  })
}

const MOST_LINES = 20
/** A number with a decimal comma is no table. */
const isOneNumber = (text: string) => /^[-+]?\d+,\d+$/.test(text)

const NUMBER = /^[-+]?\d+([.,]\d+)?$/
const WITH_COMMA = /^[-+]?\d{1,3}(\.?\d{3})*,\d+$/
const WITH_POINT = /^[-+]?\d+\.\d+$/

/** Whether numbers have a decimal comma, and none a point that divides no thousands. */
function hasCommas(cells: readonly string[]): boolean {
  const isThousands = (cell: string) => /^[-+]?[1-9]\d{0,2}\.\d{3}$/.test(cell)
  return (
    cells.some(cell => WITH_COMMA.test(cell)) &&
    cells.every(cell => !WITH_POINT.test(cell) || isThousands(cell))
  )
}

/** Names for cells of which one is a number or a time: then no line says what they are called. */
function namesFor(cells: readonly string[]): string {
  const isValue = (cell: string) => NUMBER.test(cell) || timeFormOf(cell) !== undefined
  if (!cells.some(isValue)) return ''
  const kinds = cells.map(cell =>
    timeFormOf(cell) !== undefined ? 'time' : NUMBER.test(cell) ? 'value' : 'text'
  )
  return kinds
    .map((kind, at) => {
      const before = kinds.slice(0, at).filter(other => other === kind).length
      const isOnly = kinds.filter(other => other === kind).length === 1
      return isOnly || (kind === 'time' && before === 0) ? kind : `${kind}_${before + 1}`
    })
    .join(', ')
}

/** Where the records stand in what a payload holds. */
export interface FoundPlace {
  readonly at: 'message' | 'list' | 'object'
  readonly path: string
  readonly elements: number
  /** A list at the top of which no element is an object, so that nothing names its values. */
  readonly isNameless?: boolean
  /** Of an object: a few of its names. */
  readonly names?: readonly string[]
}

/**
 * The longest list of objects, at the top or at most two levels below; an object whose values are
 * objects of one form.
 */
export function placeOf(value: unknown): FoundPlace {
  if (Array.isArray(value)) {
    const isNameless = value.length > 0 && !value.slice(0, 100).some(isObject)
    return { at: 'list', path: '', elements: value.length, ...(isNameless ? { isNameless } : {}) }
  }
  const list = isObject(value) ? longestList(value, [], 0) : undefined
  if (list !== undefined) return { at: 'list', path: list.path, elements: list.length }
  const object = isObject(value) ? objectOfRecords(value) : undefined
  if (object !== undefined) return object
  return { at: 'message', path: '', elements: 1 }
}

/** An object of records at the top, or the one field beside plain values that is such. */
function objectOfRecords(object: Record<string, unknown>): FoundPlace | undefined {
  if (isOfRecords(object)) return placeIn('', object)
  const inner = firstEntries(object, MOST_FIELDS).filter(
    ([name, value]) => isObject(value) && PLAIN.test(name) && !NO_READINGS.test(name)
  )
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
  const values = isObject(value) ? firstEntries(value, 100).map(([, each]) => each) : []
  const [first, ...others] = values
  if (!isObject(first) || others.length === 0) return false
  const names = namesOf(first)
  return names !== '' && others.every(one => isObject(one) && namesOf(one) === names)
}

const namesOf = (object: object) => Object.keys(object).sort().join('\n')

/** An object may have far more of them than are looked at. */
function firstEntries(object: Record<string, unknown>, most: number): [string, unknown][] {
  const entries: [string, unknown][] = []
  for (const name in object) {
    if (entries.length >= most) break
    if (Object.hasOwn(object, name)) entries.push([name, object[name]])
  }
  return entries
}

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
  for (const [name, value] of firstEntries(object, MOST_FIELDS)) {
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
