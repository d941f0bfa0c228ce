import { isExactNumber } from '../record/exact-decimal.ts'
import { inexact, parseJson, utf8Text, withoutTrailingNuls } from '../record/json-text.ts'
import { ParseFailure, under } from '../record/parse-failure.ts'
import { cborValue, longCbor } from './cbor.ts'
import {
  type ArrivedBytes,
  type Decode,
  type DecoderOptions,
  LONG_BYTES,
  type ReadContent,
  type Steps
} from './decoder.ts'
import { longJson } from './long-json.ts'
import { inPieces, PIECE_VALUES, type Step } from './pieces.ts'
import { hasReplacement, plain } from './plain.ts'

/** RFC 8428, table 4: what labels are in CBOR. */
const LABELS: Readonly<Record<string, string>> = {
  '-1': 'bver',
  '-2': 'bn',
  '-3': 'bt',
  '-4': 'bu',
  '-5': 'bv',
  '-6': 'bs',
  0: 'n',
  1: 'u',
  2: 'v',
  3: 'vs',
  4: 'vb',
  5: 's',
  6: 't',
  7: 'ut',
  8: 'vd'
}

/** RFC 8428, section 4.4: the highest version that is known. */
const VERSION = 10
/** Section 4.5.3: smaller times are relative to now. */
const ABSOLUTE_S = 2 ** 28
/** Section 4.5.1. */
const NAME = /^[A-Za-z0-9][-A-Za-z0-9:./_]*$/
const NUMBERS = ['bver', 'bt', 'bv', 'bs', 'v', 's', 't', 'ut']
const TEXTS = ['bn', 'bu', 'n', 'u', 'vs', 'vd']
/** Section 4.1: they hold for the entries behind them too. */
const BASE = ['bn', 'bt', 'bu', 'bv', 'bs']

/** Each entry of it is a record. */
const PACK = { at: 'list', path: '' } as const

type Fields = Readonly<Record<string, unknown>>

export function senmlJson(options: DecoderOptions): Decode {
  return (bytes, arrival) => {
    const given = utf8Text(bytes)
    if (given instanceof ParseFailure) return given
    const text = withoutTrailingNuls(given)
    return bytes.length >= LONG_BYTES
      ? { steps: inSteps(longJson(text, { ...options, ...PACK }), arrival) }
      : resolved(parseJson(text, options), arrival)
  }
}

export function senmlCbor(options: DecoderOptions): Decode {
  return (bytes, arrival) => {
    if (bytes.length >= LONG_BYTES)
      return { steps: inSteps(longCbor(bytes, { ...options, ...PACK }), arrival) }
    const value = cborValue(bytes)
    return resolved(
      value instanceof ParseFailure
        ? value
        : plain(value, { ...options, hasReplacement: hasReplacement(bytes) }),
      arrival
    )
  }
}

function* inSteps(pack: Steps<unknown>, arrival: ArrivedBytes): Steps<ReadContent | ParseFailure> {
  return resolved(yield* pack, arrival)
}

/** A record an entry of the pack, with what the base fields before it say. */
function resolved(pack: unknown, { arrivedMs }: ArrivedBytes): ReadContent | ParseFailure {
  if (pack instanceof ParseFailure) return pack
  if (!Array.isArray(pack))
    return new ParseFailure('FORMAT_INVALID', 'The payload is not SenML: it is no list of records.')
  const first = { index: 0, base: new Base(arrivedMs / 1000) }
  return { pieces: inPieces(first, place => entriesFrom(pack, place)) }
}

/** An entry of the pack, and what those before it say. */
interface Place {
  readonly index: number
  readonly base: Base
}

function entriesFrom(pack: readonly unknown[], { index, base }: Place): Step<unknown, Place> {
  const end = Math.min(pack.length, index + PIECE_VALUES)
  const own = base.copy()
  const values = pack.slice(index, end).flatMap(entry => own.resolve(entry) ?? [])
  return { values, next: end < pack.length ? { index: end, base: own } : undefined }
}

/** What has more digits than a double holds can be kept, but not added to. */
const sum = (base: number, value: unknown) =>
  isExactNumber(value) ? inexact(String(value)) : base + (value as number)

const wrong = (why: string, path = '') =>
  new ParseFailure('FORMAT_INVALID', `The entry is not SenML: ${why}.`, path)

const follows = (label: string) =>
  wrong(`it follows one whose ${label} cannot be read, and has none of its own`, label)

class Base {
  #name = ''
  #time = 0
  #unit: unknown
  #value = 0
  #sum = 0
  /** Base fields that were given last by what is none. */
  #broken = new Set<string>()

  constructor(private readonly nowS: number) {}

  copy(): Base {
    const copy = new Base(this.nowS)
    copy.#name = this.#name
    copy.#time = this.#time
    copy.#unit = this.#unit
    copy.#value = this.#value
    copy.#sum = this.#sum
    copy.#broken = new Set(this.#broken)
    return copy
  }

  /**
   * What the entry says of those behind it holds also where the entry itself is refused; where it
   * cannot be read it is not known of which device, time or unit they are.
   */
  #take(fields: Fields): void {
    for (const label of BASE) {
      if (!(label in fields)) continue
      const value = fields[label]
      this.#broken.delete(label)
      if (value instanceof ParseFailure || mistype(label, value) !== undefined)
        this.#broken.add(label)
      else if (label === 'bn') this.#name = value as string
      else if (label === 'bt') this.#time = value as number
      else if (label === 'bu') this.#unit = value
      else if (label === 'bv') this.#value = value as number
      else this.#sum = value as number
    }
  }

  /** The record of an entry; undefined for one that only sets base fields. */
  resolve(entry: unknown): object | undefined {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
      return wrong('it is no object')
    const labels = Object.entries(entry).map(
      ([label, value]) => [LABELS[label] ?? label, value] as const
    )
    const fields: Fields = Object.fromEntries(labels)
    const isTwice = Object.keys(fields).length < labels.length
    if (entry instanceof ParseFailure || isTwice) {
      for (const label of BASE) this.#broken.add(label)
      return entry instanceof ParseFailure ? entry : wrong('a field stands in it twice')
    }
    this.#take(fields)
    const [broken] = this.#broken
    const problem = problemOf(fields) ?? (broken === undefined ? undefined : follows(broken))
    if (problem !== undefined) return problem
    const value = this.#valueOf(fields)
    const sum =
      's' in fields || this.#sum !== 0 ? this.#sum + ((fields.s as number) ?? 0) : undefined
    if (value === undefined && sum === undefined)
      return 'n' in fields ? wrong('it has no value') : undefined
    const name = this.#name + ((fields.n as string) ?? '')
    if (!NAME.test(name))
      return wrong('its name is empty or has other characters than a name may have', 'n')
    const record: Record<string, unknown> = { name, ts: this.#timeOf(fields) }
    const unit = fields.u ?? this.#unit
    if (unit !== undefined) record.unit = unit
    if (value !== undefined) record.value = value
    if (sum !== undefined) record.sum = sum
    if (fields.ut !== undefined) record.update_time = fields.ut
    return record
  }

  #valueOf(fields: Fields): unknown {
    if ('v' in fields) return this.#value === 0 ? fields.v : sum(this.#value, fields.v)
    const other = fields.vs ?? fields.vb ?? fields.vd
    return other === undefined && this.#value !== 0 && !('s' in fields) ? this.#value : other
  }

  #timeOf(fields: Fields): number {
    const time = this.#time + ((fields.t as number) ?? 0)
    const seconds = time >= ABSOLUTE_S ? time : this.nowS + time
    // To the microsecond: adding base and time leaves digits that neither had.
    return Math.round(seconds * 1e6) / 1e6
  }
}

function problemOf(fields: Fields): ParseFailure | undefined {
  for (const [label, value] of Object.entries(fields)) {
    if (value instanceof ParseFailure) return under(value, label)
    if (label.endsWith('_'))
      return wrong(`the field ${JSON.stringify(label)} must be understood, and is not known`, label)
    const mistyped = mistype(label, value)
    if (mistyped !== undefined) return wrong(mistyped, label)
  }
  if (['v', 'vs', 'vb', 'vd'].filter(label => label in fields).length > 1)
    return wrong('it has more than one value')
  return ((fields.bver as number) ?? VERSION) > VERSION
    ? wrong(`its version is above ${VERSION}`, 'bver')
    : undefined
}

/** What is wrong with the type of a field, in words. */
function mistype(label: string, value: unknown): string | undefined {
  const isNumber = Number.isFinite(value) || (label === 'v' && isExactNumber(value))
  if (NUMBERS.includes(label) && !isNumber) return `${label} is no number`
  if (TEXTS.includes(label) && typeof value !== 'string') return `${label} is no text`
  return label === 'vb' && typeof value !== 'boolean' ? 'vb is neither true nor false' : undefined
}
