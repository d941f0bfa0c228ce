import type { Answer } from './answer.ts'
import type { Counted, RecordId } from './counted.ts'
import { CountedOffsets, offsetOf } from './counted-offsets.ts'

/**
 * So many are told apart at most where the source does not say what it has settled, such as one
 * that sends on what waited beside what is new: half of it is forgotten at a time, that which was
 * counted first. What comes again comes soon after, so it is counted once all the same; and what
 * was never counted counts, whatever offset it has.
 */
const MAX_COUNTED = 200_000

interface Chunk {
  readonly name: string
  readonly newest: number
  readonly generation: number
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
  #counted = new CountedOffsets()
  /** What was counted before that, and is forgotten next. */
  #earlier: CountedOffsets | undefined
  #generation = 0
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
    return this.#counted.size + (this.#earlier?.size ?? 0)
  }

  /** Undefined for one that was not counted yet; null for one that was and is settled. */
  get(offset: number, id: RecordId, writtenMs: number): Counted | null | undefined {
    if (offset > this.#highest) return undefined
    const counted = offset >= this.#floor ? this.#find(id) : null
    if (counted === undefined || !(writtenMs > this.#writtenMs)) return counted
    // What is newer than everything counted cannot have been: the topic was made anew.
    this.#beginAnew()
    return undefined
  }

  #find(id: RecordId): Counted | undefined {
    return this.#counted.get(id) ?? this.#earlier?.get(id)
  }

  add(offset: number, id: RecordId, counted: Counted, writtenMs: number): void {
    if (offset > this.#highest) this.#highest = offset
    if (writtenMs > this.#writtenMs) this.#writtenMs = writtenMs
    this.#counted.add(id, counted)
    this.#note(id, counted)
    if (!this.#isTold && this.#counted.size >= MAX_COUNTED / 2) this.#forgetFirst()
  }

  #forgetFirst(): void {
    this.#earlier = this.#counted
    this.#counted = new CountedOffsets()
    this.#generation++
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
    const isEarlier = this.#earlier?.get(id) !== undefined && this.#counted.get(id) === undefined
    const offsets = isEarlier ? this.#earlier! : this.#counted
    offsets.replace(id, counted)
  }

  has(id: RecordId, counted: Counted): boolean {
    return this.#find(id) === counted
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
    this.#earlier?.forgetBefore(offset)
  }

  write(changes: Map<string, string | undefined>): void {
    const isNeeded = ({ newest, generation }: Chunk) =>
      newest >= this.#floor && generation >= this.#generation - 1
    for (const chunk of this.#chunks) if (!isNeeded(chunk)) changes.set(chunk.name, undefined)
    this.#chunks = this.#chunks.filter(isNeeded)
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
    this.#keepChunk(name, newest)
  }

  #keepChunk(name: string, newest: number): void {
    this.#chunks.push({ name, newest, generation: this.#generation })
  }

  #writeChunk(changes: Map<string, string | undefined>): void {
    const answers: [RecordId, Answer][] = []
    for (const id of this.#answered) {
      const answer = this.#find(id)?.answer
      if (answer) answers.push([id, answer])
    }
    const chunk: SavedChunk = { ranges: this.#ranges, others: this.#others, answers }
    let newest = 0
    for (const [, to] of chunk.ranges) newest = Math.max(newest, to)
    for (const id of chunk.others) newest = Math.max(newest, offsetOf(id))
    this.#forgetAdded()
    if (newest < this.#floor) return
    const name = `c:${this.name}#${this.#chunkNumber++}`
    this.#keepChunk(name, newest)
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
    this.#earlier = undefined
    this.#forgetAdded()
    // The chunks of the old topic are removed with the next checkpoint.
    this.#chunks = this.#chunks.map(chunk => ({ ...chunk, newest: -1 }))
    this.#isChanged = true
  }
}

const SETTLED: Counted = { attempt: undefined, answer: null }
