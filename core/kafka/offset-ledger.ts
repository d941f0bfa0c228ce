/** A part of a partition that was handed over; `done` says that it was dealt with. */
export interface Receipt {
  done(): void
}

class Entry implements Receipt {
  isDone = false
  constructor(
    private readonly ledger: OffsetLedger,
    readonly nextOffset: bigint
  ) {}
  done(): void {
    this.isDone = true
    this.ledger.advance()
  }
}

/**
 * What of one partition may be committed: the end of the contiguous prefix of what was dealt with, whatever the order in
 * which the parts are done.
 */
export class OffsetLedger {
  #open: Entry[] = []
  #position: bigint | undefined
  #committed: bigint | undefined
  #begin: bigint | undefined
  /** The end of the partition, as far as it is known. */
  end: bigint | undefined

  /** The next part, which ends before `nextOffset`. Parts are opened in the order of their offsets. */
  open(nextOffset: bigint): Receipt {
    const entry = new Entry(this, nextOffset)
    this.#open.push(entry)
    return entry
  }

  /** Where reading begins; `commit` says to commit that, although nothing was read yet. */
  beginAt(offset: bigint, commit: boolean): void {
    this.#begin = offset
    if (commit) this.#position = offset
  }

  /** Offsets that were not dealt with; 0 while nothing is known. */
  get lag(): bigint {
    const from = this.#position ?? this.#begin
    return from === undefined || this.end === undefined || this.end < from ? 0n : this.end - from
  }

  /** What there is to commit; undefined if nothing has changed since `committed`. */
  get pending(): bigint | undefined {
    return this.#position === this.#committed ? undefined : this.#position
  }

  /** Parts handed over and not done. */
  get openParts(): number {
    return this.#open.length
  }

  committed(offset: bigint): void {
    this.#committed = offset
  }

  advance(): void {
    let done = 0
    while (done < this.#open.length && this.#open[done]!.isDone) done++
    if (done === 0) return
    this.#position = this.#open[done - 1]!.nextOffset
    this.#open.splice(0, done)
  }
}
