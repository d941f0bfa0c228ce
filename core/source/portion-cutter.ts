import type { Split, SplitPiece, TakenMany } from './types.ts'

export type Which = keyof Split

/** Records that leave together, by one output. */
export interface Portion {
  readonly which: Which
  readonly records: readonly object[]
  /** The same records in new objects. */
  again(): object[]
}

/** The records of a piece that have not left. */
interface Chunk {
  readonly again: SplitPiece['again']
  readonly records: readonly object[]
  /** So many of them have left. */
  from: number
}

/** The records of a piece that are in a portion. */
interface Part {
  readonly again: SplitPiece['again']
  readonly from: number
  readonly to: number
}

/** Cuts what arrived together into portions, and reads of it no more than the next one needs. */
export class PortionCutter {
  readonly #chunks: Readonly<Record<Which, Chunk[]>> = { accepted: [], rejected: [] }
  readonly #counts = { accepted: 0, rejected: 0 }
  /** The message that is being read, and what is left of it. */
  #index = 0
  #pieces: Iterator<SplitPiece> | undefined
  #holdsAny = false

  constructor(readonly many: TakenMany) {}

  /**
   * Reads until there is a portion, or nothing is left; false if the time was over before that.
   */
  read(endMs: number): boolean {
    while (!this.#isRead && this.#full() === undefined) {
      this.#readPiece()
      if (performance.now() > endMs) break
    }
    return this.#isRead || this.#full() !== undefined
  }

  /** Whether everything has left. Reads on for that while there is time; else it is not said. */
  isEmpty(endMs: number): boolean {
    return this.#waiting === 0 && this.read(endMs) && this.#waiting === 0
  }

  /** How many records the next portion has; undefined where nothing is left. */
  peek(): { which: Which; records: number } | undefined {
    if (this.#waiting === 0) return undefined
    const which = this.#full() ?? (this.#counts.accepted > 0 ? 'accepted' : 'rejected')
    return { which, records: Math.min(this.#counts[which], this.many.portion) }
  }

  /** Takes the next portion out; call after `peek` has given one. */
  take(): Portion {
    const { which, records: count } = this.peek()!
    const chunks = this.#chunks[which]
    const records: object[] = []
    const parts: Part[] = []
    for (let left = count; left > 0; left = count - records.length) {
      const chunk = chunks[0]!
      const { again, from } = chunk
      const to = Math.min(chunk.records.length, from + left)
      for (let at = from; at < to; at++) records.push(chunk.records[at]!)
      parts.push({ again, from, to })
      chunk.from = to
      if (to === chunk.records.length) chunks.shift()
    }
    this.#counts[which] -= count
    return { which, records, again: () => readAgain(parts, which) }
  }

  get #isRead(): boolean {
    return this.#index === this.many.length
  }

  get #waiting(): number {
    return this.#counts.accepted + this.#counts.rejected
  }

  #full(): Which | undefined {
    const { portion } = this.many
    if (this.#counts.accepted >= portion) return 'accepted'
    return this.#counts.rejected >= portion ? 'rejected' : undefined
  }

  #readPiece(): void {
    this.#pieces ??= this.many.piecesOf(this.#index)[Symbol.iterator]()
    const { done, value: piece } = this.#next(this.#pieces)
    if (!done) this.#keep(piece)
    else {
      if (!this.#holdsAny) this.many.holdsNone(this.#index)
      this.#holdsAny = false
      this.#pieces = undefined
      this.#index++
    }
  }

  /** What throws has ended: it is begun again, since to go on would leave out what it holds. */
  #next(pieces: Iterator<SplitPiece>): IteratorResult<SplitPiece> {
    try {
      return pieces.next()
    } catch (error) {
      this.#pieces = undefined
      throw error
    }
  }

  #keep(piece: SplitPiece): void {
    for (const which of ['accepted', 'rejected'] as const) {
      const records = piece.split[which]
      if (records.length === 0) continue
      this.#holdsAny = true
      this.#chunks[which].push({ again: piece.again, records, from: 0 })
      this.#counts[which] += records.length
    }
  }
}

function readAgain(parts: readonly Part[], which: Which): object[] {
  const records: object[] = []
  for (const { again, from, to } of parts) {
    const split = again()
    for (let at = from; at < to; at++) records.push(split[which][at]!)
  }
  return records
}
