import { type Get, getter } from '../record/field-path.ts'
import type { Reason } from '../record/record.ts'
import { type ColumnType, ENCODERS, type Encode, type Misfit, OIDS, Out } from './binary.ts'

/** One column of the table and where its value comes from. */
export interface Mapping {
  readonly column: string
  /** Dotted path in the record. */
  readonly from: string
  readonly type: ColumnType
  /** Part of the unique key; a key has no empty parts. */
  readonly key: boolean
  readonly required: boolean
}

/** Why a record cannot be a row, and by which field. */
export interface RowProblem extends Misfit {
  readonly mapping: Mapping
}

/** Why a record is rejected, in a sentence. */
export const misfitReason = ({ code, says, mapping }: RowProblem): Reason => ({
  code,
  message: `"${mapping.from}" ${says} (column ${mapping.column}).`,
  path: mapping.from
})

/** The mapping made ready: every getter and encoder looked up once. */
export interface Plan {
  readonly mappings: readonly Mapping[]
  readonly getters: readonly Get[]
  readonly encoders: readonly Encode[]
  /** Positions of the key's columns, a time first: the order of the unique index. */
  readonly key: readonly number[]
  readonly timeFirst: boolean
  /**
   * Which column says how new a row is, where of each key only the newest is kept; undefined where
   * all are.
   */
  readonly newestBy: number | undefined
  readonly missing: readonly RowProblem[]
}

/** @param keepsNewest of each key only the row of the newest time, which is no part of the key */
export function planOf(mappings: readonly Mapping[], keepsNewest = false): Plan {
  const key = mappings.flatMap((mapping, index) => (mapping.key ? [index] : []))
  // new rows then go to one end of the index; measured twice as fast as (device_id, metric, time)
  key.sort(
    (a, b) =>
      Number(mappings[b]!.type === 'timestamptz') - Number(mappings[a]!.type === 'timestamptz')
  )
  const first = key[0]
  const newest = keepsNewest ? mappings.findIndex(saysHowNew) : -1
  return {
    mappings,
    getters: mappings.map(({ from }) => getter(from)),
    encoders: mappings.map(({ type }) => ENCODERS[type]),
    key,
    timeFirst: first !== undefined && mappings[first]!.type === 'timestamptz',
    newestBy: newest < 0 ? undefined : newest,
    missing: mappings.map(mapping => ({ code: 'COLUMN_MISSING', says: 'is missing', mapping }))
  }
}

const saysHowNew = ({ type, key, required }: Mapping) => type === 'timestamptz' && required && !key

/** `PGCOPY\n\377\r\n\0`, no flags, no extension (PostgreSQL documentation, COPY, binary format). */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
/** CopyData's type and length, and the signature: the first row begins here. */
const HEAD_BYTES = 5 + SIGNATURE.length
/** The end mark of the rows, and the message CopyDone. */
const TAIL_BYTES = 2 + 5

/**
 * Rows of one batch, encoded when they arrive: each is int16 count and the fields as int32 length
 * and bytes. Sorting, COPY, arrays and retries only move these bytes. Meant to be used again:
 * `clear()`.
 */
export class Rows {
  count = 0
  readonly #out = new Out()
  #starts: Uint32Array
  #times: Float64Array
  readonly #timeAt: number | undefined

  constructor(
    readonly plan: Plan,
    readonly capacity: number
  ) {
    this.#timeAt = plan.timeFirst ? plan.key[0] : plan.newestBy
    this.#starts = new Uint32Array(capacity + 1)
    this.#times = new Float64Array(capacity)
    this.clear()
  }

  get bytes(): number {
    return this.#out.at
  }

  clear(): void {
    this.count = 0
    this.#out.at = HEAD_BYTES
    this.#starts[0] = HEAD_BYTES
  }

  /** Adds a record as the next row, or says why it cannot be one and adds nothing. */
  append(record: unknown): RowProblem | undefined {
    const { mappings, getters, encoders, missing } = this.plan
    const out = this.#out
    const start = out.at
    out.reserve(2 + 4 * mappings.length)
    out.int16(mappings.length)
    for (let index = 0; index < mappings.length; index++) {
      const value = getters[index]!(record)
      if (value === undefined || value === null) {
        const mapping = mappings[index]!
        if (mapping.required || mapping.key) {
          out.at = start
          return missing[index]!
        }
        out.reserve(4)
        out.int32(-1)
        continue
      }
      const misfit = encoders[index]!(value, out)
      if (misfit !== undefined) {
        out.at = start
        return { ...misfit, mapping: mappings[index]! }
      }
      if (index === this.#timeAt) this.#times[this.count] = out.micros
    }
    this.#starts[++this.count] = out.at
    return undefined
  }

  /**
   * All rows by the order of the key: the same in every sink, so that two of them never wait for
   * each other. Where the newest is kept, it is the last of its key; of the same time, the first
   * that came.
   */
  ordered(): Uint32Array {
    const order = Uint32Array.from({ length: this.count }, (_, index) => index)
    if (this.plan.newestBy !== undefined && !this.plan.timeFirst)
      return order.sort((a, b) => this.compare(a, b) || this.#times[a]! - this.#times[b]! || b - a)
    return this.#rising() ? order : order.sort((a, b) => this.compare(a, b) || a - b)
  }

  /** True if the times alone show that the rows are in order. */
  #rising(): boolean {
    if (!this.plan.timeFirst) return this.plan.key.length === 0
    for (let index = 1; index < this.count; index++)
      if (!(this.#times[index - 1]! < this.#times[index]!)) return false
    return true
  }

  /**
   * Compares two rows by key: the time by its value, other parts by their bytes. 0 means the same
   * key.
   */
  compare(a: number, b: number): number {
    if (this.plan.timeFirst) {
      const apart = this.#times[a]! - this.#times[b]!
      if (apart !== 0) return apart
    }
    for (let index = this.plan.timeFirst ? 1 : 0; index < this.plan.key.length; index++) {
      const column = this.plan.key[index]!
      const apart = this.#compareField(this.#field(a, column), this.#field(b, column))
      if (apart !== 0) return apart
    }
    return 0
  }

  /** Where the length of a row's field stands. */
  #field(row: number, column: number): number {
    const { view } = this.#out
    let at = this.#starts[row]! + 2
    for (let index = 0; index < column; index++) at += 4 + Math.max(view.getInt32(at), 0)
    return at
  }

  #compareField(a: number, b: number): number {
    const { view, buffer } = this.#out
    const lengthA = view.getInt32(a)
    const lengthB = view.getInt32(b)
    for (let index = 4; index < 4 + Math.min(lengthA, lengthB); index++) {
      const apart = buffer[a + index]! - buffer[b + index]!
      if (apart !== 0) return apart
    }
    return lengthA - lengthB
  }

  /**
   * Writes 8 bytes that stand for the row's key, or for the whole row where there is no key (FNV-1a
   * with two primes).
   */
  hashInto(row: number, into: Buffer, at: number): void {
    const { view, buffer } = this.#out
    const columns = this.plan.key.length > 0 ? this.plan.key : this.plan.mappings.keys()
    let one = 0x811c9dc5
    let other = 0x9747b28c
    for (const column of columns) {
      const field = this.#field(row, column)
      const end = field + 4 + Math.max(view.getInt32(field), 0)
      // the length is part of it, so that ("ab", "c") is not ("a", "bc")
      for (let byte = field; byte < end; byte++) {
        one = Math.imul(one ^ buffer[byte]!, 0x01000193)
        other = Math.imul(other ^ buffer[byte]!, 0x5bd1e995)
      }
    }
    into.writeInt32BE(one, at)
    into.writeInt32BE(other, at + 4)
  }

  /** Those of `part`, which is in order, that are the last with their key in it. */
  lastOfEachKey(part: Uint32Array): Uint32Array {
    return part.filter(
      (row, index) => index === part.length - 1 || this.compare(row, part[index + 1]!) !== 0
    )
  }

  /** Those of `part`, which is in order, that are the first with their key in it. */
  firstOfEachKey(part: Uint32Array): Uint32Array {
    return part.filter((row, index) => index === 0 || this.compare(row, part[index - 1]!) !== 0)
  }

  /**
   * The messages CopyData and CopyDone with these rows. Valid until the scratch or the rows are
   * used again.
   */
  copyMessages(part: Uint32Array, scratch: Out): Buffer {
    const out = this.#isWhole(part) ? this.#out : this.#gather(part, scratch)
    const end = out.at
    out.reserve(TAIL_BYTES)
    out.buffer[0] = 0x64 // 'd'
    out.view.setInt32(1, end + 2 - 1)
    SIGNATURE.copy(out.buffer, 5)
    out.view.setInt16(end, -1)
    out.buffer[end + 2] = 0x63 // 'c'
    out.view.setInt32(end + 3, 4)
    return out.buffer.subarray(0, end + TAIL_BYTES)
  }

  #isWhole(part: Uint32Array): boolean {
    if (part.length !== this.count) return false
    for (let index = 0; index < part.length; index++) if (part[index] !== index) return false
    return true
  }

  #gather(part: Uint32Array, scratch: Out): Out {
    scratch.at = HEAD_BYTES
    for (const row of part)
      scratch.copy(this.#out.buffer, this.#starts[row]!, this.#starts[row + 1]!)
    return scratch
  }

  /**
   * One binary array a column with these rows. Valid until the scratches are used again; there must
   * be one a column.
   */
  arrays(part: Uint32Array, scratches: readonly Out[]): Buffer[] {
    const { mappings } = this.plan
    for (const [column, { type }] of mappings.entries())
      startArray(scratches[column]!, OIDS[type], part.length)
    const { buffer, view } = this.#out
    for (const row of part) {
      let at = this.#starts[row]! + 2
      for (let column = 0; column < mappings.length; column++) {
        const next = at + 4 + Math.max(view.getInt32(at), 0)
        scratches[column]!.copy(buffer, at, next)
        at = next
      }
    }
    return mappings.map((_, column) => scratches[column]!.buffer.subarray(0, scratches[column]!.at))
  }
}

/** The head of an array of one dimension (array_recv in arrayfuncs.c); nulls are allowed. */
export function startArray(out: Out, oid: number, length: number): void {
  out.at = 0
  out.reserve(20)
  for (const word of [1, 1, oid, length, 1]) out.int32(word)
}
