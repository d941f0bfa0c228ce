import type { Answer } from './answer.ts'
import type { Counted, RecordId } from './counted.ts'
import { CountedOffsets, offsetOf } from './counted-offsets.ts'

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
  readonly #counted = new CountedOffsets()
  /** Since the last checkpoint: offsets in a row, places within one, and who got an answer. */
  #ranges: [from: number, to: number][] = []
  #others: string[] = []
  #answered: RecordId[] = []
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
    this.#counted.add(id, counted)
    this.#note(id, counted)
    if (!this.#isTold && this.#counted.size > MAX_COUNTED)
      this.#forgetBefore(this.#counted.offsetBehind(MAX_COUNTED / 10))
  }

  #note(id: RecordId, { answer }: Counted): void {
    if (answer !== null) this.#answered.push(id)
    const last = this.#ranges.at(-1)
    if (typeof id === 'string') this.#others.push(id)
    else if (last !== undefined && last[1] === id - 1) last[1] = id
    else this.#ranges.push([id, id])
  }

  /** It came again, or its answer is not needed any more. */
  replace(id: RecordId, counted: Counted): void {
    this.#counted.replace(id, counted)
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
    this.#counted.forgetBefore(offset)
  }

  write(changes: Map<string, string | undefined>): void {
    for (const { name, newest } of this.#chunks)
      if (newest < this.#floor) changes.set(name, undefined)
    this.#chunks = this.#chunks.filter(({ newest }) => newest >= this.#floor)
    if (this.#ranges.length + this.#others.length > 0) this.#writeChunk(changes)
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
    let newest = 0
    for (const [from, to] of ranges) {
      this.#counted.addAll(from, to, SETTLED)
      newest = Math.max(newest, to)
    }
    for (const id of others) {
      this.#counted.add(id, SETTLED)
      newest = Math.max(newest, offsetOf(id))
    }
    for (const [id, answer] of answers) this.#counted.replace(id, { attempt: undefined, answer })
    this.#chunks.push({ name, newest })
  }

  #writeChunk(changes: Map<string, string | undefined>): void {
    const answers: [RecordId, Answer][] = []
    for (const id of this.#answered) {
      const answer = this.#counted.get(id)?.answer
      if (answer) answers.push([id, answer])
    }
    const chunk: SavedChunk = { ranges: this.#ranges, others: this.#others, answers }
    let newest = 0
    for (const [, to] of chunk.ranges) newest = Math.max(newest, to)
    for (const id of chunk.others) newest = Math.max(newest, offsetOf(id))
    this.#forgetAdded()
    if (newest < this.#floor) return
    const name = `c:${this.name}#${this.#chunkNumber++}`
    this.#chunks.push({ name, newest })
    changes.set(name, JSON.stringify(chunk))
  }

  #forgetAdded(): void {
    this.#ranges = []
    this.#others = []
    this.#answered = []
  }

  #beginAnew(): void {
    this.#floor = 0
    this.#highest = -1
    this.#counted.clear()
    this.#forgetAdded()
    // The chunks of the old topic are removed with the next checkpoint.
    this.#chunks = this.#chunks.map(({ name }) => ({ name, newest: -1 }))
    this.#isChanged = true
  }
}

const SETTLED: Counted = { attempt: undefined, answer: null }
