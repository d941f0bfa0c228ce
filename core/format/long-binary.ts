import { keyRepeated } from '../record/json-text.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { MAX_DEPTH } from '../record/parse-record.ts'
import { tooWide } from '../record/width.ts'
import type { DecoderOptions, Steps } from './decoder.ts'
import { Growing } from './members.ts'
import { firstSpot, PASSED, type Spot, spotIn } from './spot.ts'

/** What a binary format has to say of its bytes, so that long ones are read some at a time. */
export interface BinaryForm {
  /**
   * The place behind the value that begins here; undefined if it ends beyond the limit. @throws
   * Error that says why it is no value
   */
  endOf(bytes: Buffer, at: number, limit: number): number | undefined
  /** The list or map that begins here; undefined if it is another value. */
  containerAt(bytes: Buffer, at: number): Container | undefined
  /** Whether the value that begins here has more fields than so. @throws Error likewise */
  isWide(bytes: Buffer, at: number, most: number): boolean
  /** The first byte of a list and of a map whose number of members follows in four bytes. */
  readonly listHead: number
  readonly mapHead: number
  /** The byte of a value that is none. */
  readonly nil: number
  /** What one value in the bytes is in a record. */
  read(bytes: Buffer, depth: number): unknown
}

export interface Container {
  readonly isMap: boolean
  /** Where its first member begins. */
  readonly body: number
  /** How many members it has; infinite where a byte says that it ends. */
  readonly members: number
}

/** Ends a list or map of CBOR that does not say how long it is. */
const BREAK = 0xff
/** So many bytes of members are decoded at once, about. */
const STRETCH_BYTES = 32_768

/**
 * The value of long bytes: members that are short are decoded together by the library; only lists
 * and maps that are long themselves are gone through here. Of a record with too many fields nothing
 * is read. @throws Error that says why they are no value
 */
export function* longBinary(
  bytes: Buffer,
  form: BinaryForm,
  options: LongBinaryOptions
): Steps<unknown> {
  const spot = firstSpot(options)
  const { maxFields } = options
  // A list is no record, however short.
  const isObject = form.containerAt(bytes, 0)?.isMap
  if (spot.is === 'record' && isObject && form.isWide(bytes, 0, maxFields))
    return tooWide(maxFields)
  const walk = new Walk(bytes, form, maxFields)
  const value = yield* walk.value(1, spot)
  if (walk.isTooWide) return tooWide(maxFields)
  if (walk.at < bytes.length) throw new Error('something stands behind the value')
  return value
}

export type LongBinaryOptions = Pick<DecoderOptions, 'at' | 'path' | 'maxFields'>

class Walk {
  at = 0
  /** What stands beside the records has too many fields, which would go into each of them. */
  isTooWide = false

  constructor(
    private readonly bytes: Buffer,
    private readonly form: BinaryForm,
    private readonly maxFields: number
  ) {}

  *value(depth: number, spot: Spot): Steps<unknown> {
    const { bytes, form } = this
    const container = form.containerAt(bytes, this.at)
    if (container === undefined) return this.#whole(depth)
    if (depth > MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} levels deep`)
    this.at = container.body
    return yield* container.isMap
      ? this.#map(container, depth, spot)
      : this.#list(container, depth, spot)
  }

  #whole(depth: number): unknown {
    const from = this.at
    this.at = this.form.endOf(this.bytes, from, Number.POSITIVE_INFINITY)!
    return this.form.read(this.bytes.subarray(from, this.at), depth)
  }

  *#list({ members }: Container, depth: number, spot: Spot): Steps<unknown[]> {
    const made: unknown[] = []
    const add = (value: unknown) => spot.is !== 'passed' && made.push(value)
    const take = (list: unknown) => (list as unknown[]).forEach(add)
    yield* this.#members(members, this.form.listHead, depth, take, () =>
      this.#passShort() ? undefined : { read: this.#long(depth, spot, undefined), add }
    )
    return made
  }

  *#map({ members }: Container, depth: number, spot: Spot): Steps<unknown> {
    const made = new Growing(this.maxFields)
    let failure: ParseFailure | undefined
    const set = (key: string, value: unknown) => {
      if (spot.is === 'passed') return
      if (!made.add(key, value)) failure ??= keyRepeated(key)
      if (spot.is === 'around' && made.isWide) this.isTooWide = true
    }
    const take = (pairs: unknown) => {
      if (pairs instanceof ParseFailure) failure ??= pairs
      else for (const [key, value] of Object.entries(pairs as object)) set(key, value)
    }
    yield* this.#members(members, this.form.mapHead, depth, take, () => {
      const start = this.at
      if (!this.#passShort()) throw new Error('a key is too long')
      const key = this.bytes.subarray(start, this.at)
      if (this.#passShort()) return undefined
      const name = this.#nameOf(key)
      if (name instanceof ParseFailure) failure ??= name
      const named = name instanceof ParseFailure ? undefined : name
      return {
        read: this.#long(depth, spot, named),
        add: value => named !== undefined && set(named, value)
      }
    })
    return failure ?? made.object
  }

  /**
   * The members of a list or map. Short ones are decoded together; `next` passes one of them, or
   * says that the value which begins here is long.
   */
  *#members(
    members: number,
    head: number,
    depth: number,
    take: (decoded: unknown) => void,
    next: () => Long | undefined
  ): Steps<void> {
    let [from, to, count] = [this.at, this.at, 0]
    for (let left = members; !this.#isOver(left); left--) {
      const long = next()
      if (long === undefined) {
        to = this.at
        count++
        if (to - from < STRETCH_BYTES) continue
      }
      if (count > 0) take(this.#decoded(head, count, from, to, depth))
      yield
      if (long !== undefined) long.add(yield* long.read)
      from = to = this.at
      count = 0
    }
    if (count > 0) take(this.#decoded(head, count, from, to, depth))
    if (members === Number.POSITIVE_INFINITY) this.at++
  }

  /** The way through a long value; over one that has too many fields. */
  #long(depth: number, around: Spot, key: string | undefined): Steps<unknown> {
    const { bytes, form, at, maxFields } = this
    const container = form.containerAt(bytes, at)
    const spot = spotIn(around, key, container?.isMap === false)
    const isLooked = spot.is === 'beside' || (spot.is === 'record' && around.is !== 'record')
    if (!isLooked || !form.isWide(bytes, at, maxFields)) return this.value(depth + 1, spot)
    if (spot.is === 'beside') this.isTooWide = true
    return this.#passWide(depth + 1)
  }

  *#passWide(depth: number): Steps<ParseFailure> {
    yield* this.value(depth, PASSED)
    return tooWide(this.maxFields)
  }

  #isOver(left: number): boolean {
    if (left === 0) return true
    if (this.at >= this.bytes.length) throw new Error('it is cut off')
    return left === Number.POSITIVE_INFINITY && this.bytes[this.at] === BREAK
  }

  /** Passes a value that is no long list or map; false where one begins. */
  #passShort(): boolean {
    const { bytes, form, at } = this
    const end = form.endOf(bytes, at, at + STRETCH_BYTES)
    if (end === undefined && form.containerAt(bytes, at) !== undefined) return false
    this.at = end ?? form.endOf(bytes, at, Number.POSITIVE_INFINITY)!
    return true
  }

  #decoded(head: number, count: number, from: number, to: number, depth: number): unknown {
    const begin = Buffer.alloc(5, head)
    begin.writeUInt32BE(count, 1)
    return this.form.read(Buffer.concat([begin, this.bytes.subarray(from, to)]), depth)
  }

  /** What a key is called in a record, or why there can be no member of it. */
  #nameOf(key: Buffer): string | ParseFailure {
    const { mapHead, nil } = this.form
    const map = Buffer.concat([Buffer.from([mapHead, 0, 0, 0, 1]), key, Buffer.from([nil])])
    const read = this.form.read(map, 1) as object
    return read instanceof ParseFailure ? read : Object.keys(read)[0]!
  }
}

/** A list or map that is long itself. */
interface Long {
  readonly read: Steps<unknown>
  add(value: unknown): void
}
