import type { Split, TakenMany } from './types.ts'

export type Which = keyof Split

/** Records that leave together, by one output. */
export interface Portion {
  readonly which: Which
  readonly records: readonly object[]
  readonly bytes: number
  /** The same records in new objects. */
  again(): object[]
}

/** The records of one message that have not left. */
interface Chunk {
  readonly index: number
  readonly records: readonly object[]
  readonly bytesEach: number
  /** So many of them have left. */
  from: number
}

/** Cuts what arrived together into portions, and reads of it no more than the next one needs. */
export class PortionCutter {
  readonly #chunks: Readonly<Record<Which, Chunk[]>> = { accepted: [], rejected: [] }
  readonly #counts = { accepted: 0, rejected: 0 }
  #next = 0
  #again: { index: number; split: Split; given: Set<string> } | undefined

  constructor(readonly many: TakenMany) {}

  /** Everything has left. */
  get isEmpty(): boolean {
    const { accepted, rejected } = this.#counts
    return this.#next === this.many.length && accepted + rejected === 0
  }

  /** Reads until there is a portion; false if the time was over before that. */
  read(endMs: number): boolean {
    while (this.#next < this.many.length && this.#full() === undefined) {
      this.#readOne(this.#next++)
      if (performance.now() > endMs) break
    }
    return this.#next === this.many.length || this.#full() !== undefined
  }

  /** How many records the next portion has, and their bytes; undefined where nothing is left. */
  peek(): { which: Which; records: number; bytes: number } | undefined {
    const which = this.#full() ?? (this.#counts.accepted > 0 ? 'accepted' : 'rejected')
    const records = Math.min(this.#counts[which], this.many.portion)
    const bytes = this.#walk(which, records, () => undefined)
    return records === 0 ? undefined : { which, records, bytes }
  }

  /** Takes the next portion out; call after `peek` has given one. */
  take(): Portion {
    const { which, records: count } = this.peek()!
    const [{ index, from: skip }] = this.#chunks[which] as [Chunk]
    const records: object[] = []
    const bytes = this.#walk(which, count, (chunk, part) => {
      records.push(...chunk.records.slice(chunk.from, chunk.from + part))
      chunk.from += part
    })
    const left = this.#chunks[which].findIndex(({ records: all, from }) => from < all.length)
    this.#chunks[which].splice(0, left < 0 ? this.#chunks[which].length : left)
    this.#counts[which] -= count
    return { which, records, bytes, again: () => this.#collect(which, index, skip, count) }
  }

  #full(): Which | undefined {
    const { portion } = this.many
    if (this.#counts.accepted >= portion) return 'accepted'
    return this.#counts.rejected >= portion ? 'rejected' : undefined
  }

  #readOne(index: number): void {
    const split = this.many.splitOf(index)
    const all = split.accepted.length + split.rejected.length
    if (all === 0) this.many.holdsNone(index)
    const bytesEach = this.many.bytesOf(index) / all
    for (const which of ['accepted', 'rejected'] as const) {
      const records = split[which]
      if (records.length > 0) this.#chunks[which].push({ index, records, bytesEach, from: 0 })
      this.#counts[which] += records.length
    }
  }

  /** Over the chunks that the next so many records stand in; gives their bytes. */
  #walk(which: Which, count: number, visit: (chunk: Chunk, part: number) => void): number {
    let bytes = 0
    let left = count
    for (const chunk of this.#chunks[which]) {
      if (left === 0) break
      const part = Math.min(left, chunk.records.length - chunk.from)
      left -= part
      bytes += part * chunk.bytesEach
      visit(chunk, part)
    }
    return Math.round(bytes)
  }

  #collect(which: Which, index: number, skip: number, count: number): object[] {
    const records: object[] = []
    for (let at = index, from = skip; at < this.many.length && records.length < count; at++) {
      records.push(...this.#splitAgain(at, `${which} ${from}`)[which].slice(from, from + count))
      from = 0
    }
    return records.slice(0, count)
  }

  /**
   * A long list leaves in many portions: where several are sent again it is read once for all of
   * them. None is given what another was, since nodes change what they get.
   */
  #splitAgain(index: number, portion: string): Split {
    if (this.#again?.index !== index || this.#again.given.has(portion))
      this.#again = { index, split: this.many.splitOf(index), given: new Set() }
    this.#again.given.add(portion)
    return this.#again.split
  }
}
