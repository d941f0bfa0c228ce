import { createHash } from 'node:crypto'
import { Provenance } from '../../core/record/record.ts'
import { KeptBatch, type KeptRecord, type Kind, recordOf } from './kept-record.ts'

/**
 * Records of one priority that stand on the disk together, as one value under one key: what came
 * within some milliseconds, or in one message.
 */
export interface QueueEntry {
  /** When it was written, milliseconds since 1970. */
  readonly writtenMs: number
  /** What their messages had beside the payload; see `propertiesOf`. */
  readonly properties: string
  /** They came in a list. */
  readonly isList: boolean
  readonly records: readonly object[]
}

/** What stands in the value, after its checksum. */
interface EntryJson {
  readonly ms: number
  /** How many records there are. */
  readonly n: number
  readonly p: string
  readonly l: 0 | 1
  /** What sources knew, each once. */
  readonly t: readonly unknown[]
  /** For each record its index in `t` (-1: none), and its place in that; 0: none has one. */
  readonly i: 0 | readonly (number | readonly [number, string])[]
  /** 0: all are plain. */
  readonly m: 0 | readonly Kind[]
  readonly r: readonly unknown[]
}

/** So many records, or as much text, make an entry; more of it where they share what is known. */
const MAX_RECORDS = 500
const MAX_CHARACTERS = 256 << 10
/** What is known of a record and is longer is not written twice, however large its entry gets. */
const LONG_TAKEN = 4_096

const SUM_CHARACTERS = 12

/** Against what a disk has changed: the store checks what it logs, not what it has sorted. */
const sumOf = (text: string) =>
  createHash('sha256').update(text).digest('base64url').slice(0, SUM_CHARACTERS)

/** What is written, and how many records it has. */
export interface EntryValue {
  readonly value: string
  readonly records: number
}

/** Gathers records that came one after the other, and cuts them into values to be written. */
export class EntryWriter {
  readonly #values: EntryValue[] = []
  #records: KeptRecord[] = []
  #characters = 0
  #properties = ''
  #isList = false
  #last = ''

  /** About what is gathered, in bytes. */
  bytes = 0

  constructor(private readonly nowMs: () => number) {}

  add(record: KeptRecord, properties: string, isList: boolean): void {
    const isOther = properties !== this.#properties || isList !== this.#isList
    const isFull = this.#records.length >= MAX_RECORDS || this.#characters >= MAX_CHARACTERS
    const shares = record.taken.length > LONG_TAKEN && record.taken === this.#last
    if (isOther || (isFull && !shares)) this.#cut()
    this.#properties = properties
    this.#isList = isList
    this.#records.push(record)
    const characters = record.text.length + (shares ? 0 : record.taken.length)
    this.#characters += characters
    this.bytes += characters
    this.#last = record.taken
  }

  /** What was gathered, in order. */
  take(): EntryValue[] {
    this.#cut()
    this.bytes = 0
    return this.#values.splice(0)
  }

  #cut(): void {
    if (this.#records.length === 0) return
    const records = this.#records
    const value = valueText(records, this.#properties, this.#isList, this.nowMs())
    this.#values.push({ value, records: records.length })
    this.#records = []
    this.#characters = 0
    this.#last = ''
  }
}

function valueText(
  records: readonly KeptRecord[],
  properties: string,
  isList: boolean,
  writtenMs: number
): string {
  const taken = new Map<string, number>()
  const places = records.map(({ taken: text, place }) => {
    if (text === '') return -1
    let index = taken.get(text)
    if (index === undefined) {
      index = taken.size
      taken.set(text, index)
    }
    return place === undefined ? index : ([index, place] as const)
  })
  const indices = taken.size === 0 ? '0' : JSON.stringify(places)
  const kinds = records.some(({ kind }) => kind > 0)
    ? JSON.stringify(records.map(({ kind }) => kind))
    : '0'
  const texts = records.map(({ text }) => text).join(',')
  const head = `"ms":${writtenMs},"n":${records.length},"p":${JSON.stringify(properties)},"l":${isList ? 1 : 0}`
  const text = `{${head},"t":[${[...taken.keys()].join(',')}],"i":${indices},"m":${kinds},"r":[${texts}]}`
  return withSum(text)
}

/** A text with its checksum. */
export const withSum = (text: string): string => sumOf(text) + text

/** Undefined where the disk has changed it. */
export const withoutSum = (value: string): string | undefined =>
  isWhole(value) ? value.slice(SUM_CHARACTERS) : undefined

const isWhole = (value: string) =>
  value.startsWith(sumOf(value.slice(SUM_CHARACTERS))) && value.length > SUM_CHARACTERS

/** Undefined where the disk has changed it. */
export function entryOf(value: string): QueueEntry | undefined {
  if (!isWhole(value)) return undefined
  const { ms, p, l, t, i, m, r } = JSON.parse(value.slice(SUM_CHARACTERS)) as EntryJson
  const batch = new KeptBatch(t)
  const records = r.map((written, index) => {
    const place = i === 0 ? -1 : i[index]!
    const from =
      typeof place === 'number'
        ? place < 0
          ? undefined
          : new Provenance(batch, place)
        : new Provenance(batch, place[0], place[1])
    return recordOf(written, m === 0 ? 0 : m[index]!, from)
  })
  return { writtenMs: ms, properties: p, isList: l === 1, records }
}

/** What a value says of itself, without reading it. */
export interface Glance {
  readonly records: number
  readonly writtenMs: number
}

const HEAD = /^\{"ms":(\d+),"n":(\d+),/

/** Undefined where the disk has changed it. */
export function glance(value: string): Glance | undefined {
  if (!isWhole(value)) return undefined
  const [, writtenMs, records] = HEAD.exec(value.slice(SUM_CHARACTERS, SUM_CHARACTERS + 60)) ?? []
  return { records: Number(records), writtenMs: Number(writtenMs) }
}

/**
 * The value with those records only, everything else of them as it was; undefined where none is
 * left.
 * @param properties what their messages have beside the payload from now on, which are lists then
 */
export function thinned(
  value: string,
  stays: (index: number) => boolean,
  properties?: string
): EntryValue | undefined {
  const whole = JSON.parse(value.slice(SUM_CHARACTERS)) as EntryJson
  const kept = whole.r.flatMap((_record, index) => (stays(index) ? [index] : []))
  if (kept.length === 0) return undefined
  const { t, i, m } = whole
  const used = new Map<number, number>()
  const moved = (place: number) => {
    if (place < 0) return place
    const index = used.get(place) ?? used.size
    used.set(place, index)
    return index
  }
  const places =
    i === 0
      ? 0
      : kept.map(index => {
          const place = i[index]!
          return typeof place === 'number' ? moved(place) : ([moved(place[0]), place[1]] as const)
        })
  const text = JSON.stringify({
    ...whole,
    ...(properties === undefined ? {} : { p: properties, l: 1 }),
    n: kept.length,
    t: [...used.keys()].map(place => t[place]),
    i: places,
    m: m === 0 ? 0 : kept.map(index => m[index]!),
    r: kept.map(index => whole.r[index])
  } satisfies EntryJson)
  return { value: withSum(text), records: kept.length }
}
