import type { Answer } from './answer.ts'

/** A record within its lane: its offset, and where in the message of that offset it stands. */
export type RecordId = number | string

/** That a record was counted, and what was answered to it. */
export interface Counted {
  /** The attempt of its delivery that brought it last; undefined after a restart. */
  attempt: object | undefined
  /** Null once it need not be answered again. */
  readonly answer: Answer | null
}

/** So many are told apart at most where the source does not say what it has settled. */
const MAX_COUNTED = 200_000

interface Chunk {
  readonly name: string
  readonly newest: number
}

/** As a store keeps what was counted between two checkpoints. */
interface SavedChunk {
  readonly ranges: readonly (readonly [from: number, to: number])[]
  readonly others: readonly string[]
  readonly answers: readonly (readonly [id: RecordId, answer: Answer])[]
}

/** A partition of a Kafka topic: which of its records count in what is remembered. */
export class Lane {
  /** All records before this offset were counted, and are settled. */
  #floor = 0
  #highest = -1
  /** When Kafka got the newest record. */
  #writtenMs = 0
  readonly #counted = new Map<RecordId, Counted>()
  #added: RecordId[] = []
  #chunks: Chunk[] = []
  #chunkNumber = 0
  #isChanged = false
  /** The source says what it has settled. */
  #isTold = false

  constructor(readonly name: string) {}

  /** How many records are told apart. */
  get size(): number {
    return this.#counted.size
  }

  /** Undefined for one that was not counted yet; null for one that was and is settled. */
  get(offset: number, id: RecordId, writtenMs: number): Counted | null | undefined {
    if (offset > this.#highest) return undefined
    if (offset >= this.#floor) return this.#counted.get(id)
    if (writtenMs <= this.#writtenMs) return null
    // What is newer than everything counted cannot have been: the topic was made anew.
    this.#beginAnew()
    return undefined
  }

  add(offset: number, id: RecordId, counted: Counted, writtenMs: number): void {
    if (offset > this.#highest) this.#highest = offset
    if (writtenMs > this.#writtenMs) this.#writtenMs = writtenMs
    this.#counted.set(id, counted)
    this.#added.push(id)
    if (!this.#isTold && this.#counted.size > MAX_COUNTED)
      this.#forgetBefore(this.#offsetAt(MAX_COUNTED / 10) + 1)
  }

  /** It came again, or its answer is not needed any more. */
  replace(id: RecordId, counted: Counted): void {
    this.#counted.set(id, counted)
  }

  has(id: RecordId, counted: Counted): boolean {
    return this.#counted.get(id) === counted
  }

  /** The source has settled everything before this offset. */
  settledBefore(offset: number): void {
    this.#isTold = true
    this.#forgetBefore(offset)
  }

  #forgetBefore(offset: number): void {
    if (offset <= this.#floor) return
    this.#floor = offset
    this.#isChanged = true
    for (const id of this.#counted.keys()) {
      if (offsetOf(id) >= offset) break
      this.#counted.delete(id)
    }
  }

  write(changes: Map<string, string | undefined>): void {
    for (const { name, newest } of this.#chunks)
      if (newest < this.#floor) changes.set(name, undefined)
    this.#chunks = this.#chunks.filter(({ newest }) => newest >= this.#floor)
    if (this.#added.length > 0) this.#writeChunk(changes)
    else if (!this.#isChanged) return
    this.#isChanged = false
    changes.set(
      `l:${this.name}`,
      JSON.stringify([this.#floor, this.#highest, this.#writtenMs, this.#chunkNumber])
    )
  }

  load(saved: string): void {
    const [floor, highest, writtenMs, number] = JSON.parse(saved) as [
      number,
      number,
      number,
      number
    ]
    this.#floor = floor
    this.#highest = highest
    this.#writtenMs = writtenMs
    this.#chunkNumber = number
  }

  loadChunk(name: string, saved: string): void {
    const { ranges, others, answers } = JSON.parse(saved) as SavedChunk
    const settled: Counted = { attempt: undefined, answer: null }
    let newest = 0
    for (const [from, to] of ranges) {
      for (let offset = from; offset <= to; offset++) this.#counted.set(offset, settled)
      newest = Math.max(newest, to)
    }
    for (const id of others) {
      this.#counted.set(id, settled)
      newest = Math.max(newest, offsetOf(id))
    }
    for (const [id, answer] of answers) this.#counted.set(id, { attempt: undefined, answer })
    this.#chunks.push({ name, newest })
  }

  #writeChunk(changes: Map<string, string | undefined>): void {
    const ranges: [number, number][] = []
    const others: string[] = []
    const answers: [RecordId, Answer][] = []
    let newest = 0
    for (const id of this.#added) {
      const answer = this.#counted.get(id)?.answer
      if (answer) answers.push([id, answer])
      newest = Math.max(newest, offsetOf(id))
      const last = ranges.at(-1)
      if (typeof id === 'string') others.push(id)
      else if (last !== undefined && last[1] === id - 1) last[1] = id
      else ranges.push([id, id])
    }
    this.#added = []
    if (newest < this.#floor) return
    const name = `c:${this.name}#${this.#chunkNumber++}`
    this.#chunks.push({ name, newest })
    const chunk: SavedChunk = { ranges, others, answers }
    changes.set(name, JSON.stringify(chunk))
  }

  /** Of the record that was counted so many after the first. */
  #offsetAt(place: number): number {
    let at = 0
    for (const id of this.#counted.keys()) if (at++ === place) return offsetOf(id)
    return this.#floor
  }

  #beginAnew(): void {
    this.#floor = 0
    this.#highest = -1
    this.#counted.clear()
    this.#added = []
    // The chunks of the old topic are removed with the next checkpoint.
    this.#chunks = this.#chunks.map(({ name }) => ({ name, newest: -1 }))
    this.#isChanged = true
  }
}

const offsetOf = (id: RecordId): number => (typeof id === 'number' ? id : Number.parseInt(id, 10))
