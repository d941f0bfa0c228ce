import type { Counted, RecordId } from './counted.ts'

/** Offsets in a row that the same was said of: mostly those of one message, without an answer. */
interface Run {
  from: number
  to: number
  readonly counted: Counted
}

/** So many take no memory to speak of. */
const FEW = 1000

/**
 * What was said of the records of a partition. Nearly all of them come in the order of their
 * offsets and need no answer, so what is kept grows with the messages and not with the records.
 */
export class CountedOffsets {
  /** The lowest offsets first; no two of them overlap. */
  readonly #runs: Run[] = []
  /** Of the others, and of those in a run of which something else was said since. */
  readonly #others = new Map<RecordId, Counted>()
  #inRuns = 0
  /** When there are more of the others than this, those behind newer ones are forgotten too. */
  #lookAt = FEW

  /** How many records there are, about. */
  get size(): number {
    return this.#inRuns + this.#others.size
  }

  get(id: RecordId): Counted | undefined {
    const other = this.#others.size === 0 ? undefined : this.#others.get(id)
    if (other !== undefined || typeof id === 'string') return other
    const run = this.#runs[this.#lastAt(id)]
    return run !== undefined && id <= run.to ? run.counted : undefined
  }

  add(id: RecordId, counted: Counted): void {
    if (typeof id === 'string' || counted.answer !== null) this.#others.set(id, counted)
    else this.addAll(id, id, counted)
  }

  /** All from one offset to another, both included. */
  addAll(from: number, to: number, counted: Counted): void {
    const last = this.#runs.at(-1)
    if (last !== undefined && from <= last.to) {
      for (let offset = from; offset <= to; offset++) this.#others.set(offset, counted)
      return
    }
    this.#inRuns += to - from + 1
    if (last?.counted === counted && from === last.to + 1) last.to = to
    else this.#runs.push({ from, to, counted })
  }

  /** It came again, or its answer is not needed any more. */
  replace(id: RecordId, counted: Counted): void {
    this.#others.set(id, counted)
  }

  forgetBefore(offset: number): void {
    let gone = 0
    for (const run of this.#runs) {
      const before = Math.min(run.to + 1, offset) - run.from
      if (before <= 0) break
      this.#inRuns -= before
      run.from += before
      if (run.from > run.to) gone++
    }
    this.#runs.splice(0, gone)
    this.#forgetOthersBefore(offset)
  }

  /**
   * They stand in the order in which they came. What waited comes behind what is new, so all of
   * them are looked at now and then: each time they have doubled.
   */
  #forgetOthersBefore(offset: number): void {
    const isAll = this.#others.size > this.#lookAt
    for (const id of this.#others.keys()) {
      if (offsetOf(id) < offset) this.#others.delete(id)
      else if (!isAll) break
    }
    if (isAll) this.#lookAt = 2 * this.#others.size + FEW
  }

  clear(): void {
    this.#runs.length = 0
    this.#others.clear()
    this.#inRuns = 0
  }

  /** The last run that begins at this offset or before; -1 if none does. */
  #lastAt(offset: number): number {
    let below = -1
    let above = this.#runs.length
    while (above - below > 1) {
      const middle = (below + above) >> 1
      if (this.#runs[middle]!.from <= offset) below = middle
      else above = middle
    }
    return below
  }
}

/** Of a record that is one of several of its message too. */
export const offsetOf = (id: RecordId): number =>
  typeof id === 'number' ? id : Number.parseInt(id, 10)
