import type { HeldPart, PassedPart } from '@millrace/node-red-telemetry'
import type { ArchiveLog } from '../../core/archive-log.ts'
import type { Chunk } from './chunk.ts'

/** A record as it will stand in its file. */
interface Row {
  readonly offset: number
  readonly path: string
  readonly text: string
  /** When Kafka got it. */
  readonly kafkaMs: number
  /** Of the delivery that brought it. */
  readonly attempt: object
}

export interface LaneOptions {
  readonly topic: string
  readonly partition: number
  readonly log: ArchiveLog
  newChunk(first: number): Chunk
  /** Characters of rows, at which files are whole. */
  readonly maxSize: number
  /** How long records are gathered at most. */
  readonly maxAgeMs: number
  /** A chunk is whole: its files can be written. */
  onWhole(chunk: Chunk): void
}

/**
 * One partition. What comes waits until the flow has dealt with it and all before it: only then it
 * is known that a range of offsets is complete, whatever was filtered or tried again on the way.
 * Then it is gathered in the order of the offsets.
 */
export class Lane {
  readonly #rows = new Map<number, Row[]>()
  /** Where the next chunk begins. */
  #since: number | undefined
  #chunk: Chunk | undefined
  isReady = false

  constructor(private readonly options: LaneOptions) {}

  get topic(): string {
    return this.options.topic
  }
  get partition(): number {
    return this.options.partition
  }
  get log(): ArchiveLog {
    return this.options.log
  }
  /** What is being gathered. */
  get chunk(): Chunk | undefined {
    return this.#chunk
  }

  /** Of what was taken, something is in no file: it is gathered, or waits. */
  get hasRows(): boolean {
    return this.#chunk !== undefined || this.#rows.size > 0
  }

  add(row: Row): void {
    const { offset } = row
    const rows = this.#rows.get(offset)
    if (rows === undefined) this.#rows.set(offset, [row])
    // A message that was made of several is sent again as another one.
    else if (rows[0]!.attempt === row.attempt) rows.push(row)
    else this.#rows.set(offset, [row])
  }

  /** The delivery was not acknowledged: it comes again, as something else maybe. */
  forget(attempt: object, offsets: readonly number[]): void {
    for (const offset of offsets)
      if (this.#rows.get(offset)?.[0]?.attempt === attempt) this.#rows.delete(offset)
  }

  /** The flow has dealt with a part: it is gathered. False if nothing of it is here. */
  passed({ from, next }: PassedPart, held: HeldPart): boolean {
    const [start, end] = [Number(from), Number(next)]
    if (!this.isReady) {
      this.#since = end
      return false
    }
    this.#since ??= start
    let holder: Chunk | undefined
    for (let at = start; at < end; ) {
      this.#pass(at)
      const boundary = this.log.boundaryAfter(at)
      const to = Math.min(end, boundary ?? end)
      holder = this.#gather(at, to) ?? holder
      if (to === boundary) this.#close(to)
      at = to
    }
    holder?.held.push(held)
    this.#closeIfDue()
    return holder !== undefined
  }

  /** Looks whether what is gathered is old enough. */
  look(): void {
    this.#closeIfDue()
  }

  /** Ends what is gathered now, where that is possible, to free the disk. */
  closeNow(): void {
    if (this.canClose) this.#close(this.#chunk!.last + 1)
  }

  /** What is gathered may end here. */
  get canClose(): boolean {
    return this.#chunk !== undefined && !this.#isBound(this.#chunk)
  }

  end(): void {
    this.#rows.clear()
    this.#chunk?.remove()
    this.#chunk = undefined
  }

  /**
   * Ranges may end between what has passed and what comes: an offset without a record, such as the
   * marker of a transaction, is in no part.
   */
  #pass(at: number): void {
    const { log } = this.options
    const boundary = this.#chunk && log.boundaryAfter(this.#chunk.last)
    if (this.#chunk !== undefined && boundary !== undefined && boundary <= at) {
      this.#chunk.last = boundary - 1
      this.#close(boundary)
    }
    if (this.#chunk !== undefined || this.#since === undefined) return
    let next = log.boundaryAfter(this.#since)
    for (; next !== undefined && next <= at; next = log.boundaryAfter(next)) this.#since = next
  }

  #gather(at: number, to: number): Chunk | undefined {
    const rows = this.#take(at, to)
    if (this.log.isDone(at)) return undefined
    if (rows.length === 0 && this.#chunk === undefined && this.log.openAt(at) === undefined)
      return undefined
    this.#chunk ??= this.options.newChunk(this.#since ?? at)
    this.#chunk.last = to - 1
    for (const { offset, path, text, kafkaMs } of rows) {
      this.#chunk.marks.add(offset, kafkaMs)
      this.#chunk.add(path, text)
    }
    return this.#chunk
  }

  #take(at: number, to: number): Row[] {
    const found: Row[] = []
    const take = (offset: number) => {
      const rows = this.#rows.get(offset)
      if (rows === undefined) return
      found.push(...rows)
      this.#rows.delete(offset)
    }
    // Offsets may lie far apart, as in a topic that is compacted.
    if (to - at <= 2 * this.#rows.size) for (let offset = at; offset < to; offset++) take(offset)
    else
      for (const offset of [...this.#rows.keys()].sort((a, b) => a - b))
        if (offset < to) take(offset)
    return found
  }

  #closeIfDue(): void {
    const chunk = this.#chunk
    if (chunk === undefined || this.#isBound(chunk)) return
    const { maxSize, maxAgeMs } = this.options
    const isOld = performance.now() - chunk.sinceMs >= maxAgeMs
    if (chunk.size >= maxSize || chunk.isWide || isOld) this.#close(chunk.last + 1)
  }

  /** It ends where somebody has begun to write the same records, and nowhere before. */
  #isBound({ first, last }: Chunk): boolean {
    const entry = this.log.openAt(first)
    return entry !== undefined && last < entry.last
  }

  #close(next: number): void {
    const chunk = this.#chunk
    this.#chunk = undefined
    this.#since = next
    if (chunk !== undefined) this.options.onWhole(chunk)
  }
}
