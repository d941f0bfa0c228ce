import { type Origin, provenanceOf } from '../record/record.ts'
import type { Work } from './work.ts'

/** uint32 offset from the first one, and 8 bytes of hash. */
const ENTRY_BYTES = 12

/** A receipt as the table has it. */
export interface FoundReceipt {
  readonly topic: string
  readonly partition: number
  /** PostgreSQL's bigint as text. */
  readonly first: string
  readonly entries: Buffer
}

/** What belongs to one partition. */
interface OffsetSpan {
  readonly topic: string
  readonly partition: number
  first: number
  last: number
  next: number
  readonly rows: number[]
}

interface Note {
  readonly topic: string
  readonly partition: number
  readonly first: number
  readonly last: number
  readonly entries: Buffer
}

/**
 * The rows of one transaction, by where they come from. Rows that do not come from Kafka are always
 * stored.
 */
export class Claim {
  readonly #spans = new Map<string, OffsetSpan>()
  readonly #offsets: Float64Array
  readonly #done = new Set<number>()

  constructor(
    private readonly work: Work,
    private readonly part: Uint32Array
  ) {
    const records = work.recordsByRow()
    this.#offsets = new Float64Array(work.rows.count).fill(-1)
    for (const row of part) {
      const origin = provenanceOf(records[row])?.taken.origin
      if (origin?.kind === 'kafka') this.#add(row, origin)
    }
  }

  spans(): OffsetSpan[] {
    return [...this.#spans.values()]
  }

  /** The rows that have no receipt, in their order. */
  get kept(): Uint32Array {
    return this.#done.size === 0 ? this.part : this.part.filter(row => !this.#done.has(row))
  }

  leaveOut(found: readonly FoundReceipt[]): void {
    const hash = Buffer.alloc(8)
    for (const { topic, partition, first, entries } of found) {
      const known = new Set<string>()
      for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
        known.add(
          `${Number(first) + entries.readUInt32BE(at)} ${entries.toString('latin1', at + 4, at + ENTRY_BYTES)}`
        )
      }
      for (const row of this.#spans.get(laneOf(topic, partition))?.rows ?? []) {
        this.work.hashInto(row, hash, 0)
        if (known.has(`${this.#offsets[row]} ${hash.toString('latin1')}`)) this.#done.add(row)
      }
    }
  }

  notesOf(stored: Uint32Array): Note[] {
    const wanted = stored.length === this.part.length ? undefined : new Set(stored)
    const notes: Note[] = []
    for (const { topic, partition, rows } of this.#spans.values()) {
      const ours = wanted ? rows.filter(row => wanted.has(row)) : rows
      if (ours.length > 0) notes.push({ topic, partition, ...this.#entriesOf(ours) })
    }
    return notes
  }

  #entriesOf(rows: readonly number[]): Omit<Note, 'topic' | 'partition'> {
    let first = Number.POSITIVE_INFINITY
    let last = 0
    for (const row of rows) {
      first = Math.min(first, this.#offsets[row]!)
      last = Math.max(last, this.#offsets[row]!)
    }
    const entries = Buffer.allocUnsafe(rows.length * ENTRY_BYTES)
    let at = 0
    for (const row of rows) {
      entries.writeUInt32BE(this.#offsets[row]! - first, at)
      this.work.hashInto(row, entries, at + 4)
      at += ENTRY_BYTES
    }
    return { first, last, entries }
  }

  #add(row: number, { topic, partition, offset }: Extract<Origin, { kind: 'kafka' }>): void {
    const at = Number(offset)
    this.#offsets[row] = at
    const lane = laneOf(topic, partition)
    let span = this.#spans.get(lane)
    if (span === undefined) {
      span = { topic, partition, first: at, last: at, next: at + 1, rows: [] }
      this.#spans.set(lane, span)
    }
    span.first = Math.min(span.first, at)
    span.last = Math.max(span.last, at)
    span.next = span.last + 1
    span.rows.push(row)
  }
}

const laneOf = (topic: string, partition: number): string => `${topic}/${partition}`
