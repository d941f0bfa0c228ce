/** A part of a partition that was handed over; `done` says that it was dealt with. */
export interface PendingRange {
  done(): void
  /**
   * It was dealt with, and somebody else than the group's member has moved the group's offset
   * behind it.
   */
  committed(): void
}

class Entry implements PendingRange {
  isDone = false
  constructor(
    private readonly ledger: OffsetLedger,
    readonly nextOffset: bigint
  ) {}
  done(): void {
    this.isDone = true
    this.ledger.advance()
  }
  committed(): void {
    this.done()
    this.ledger.committed(this.nextOffset)
  }
}

/** Of the broker: negative if nothing is committed. */
const NOTHING = -1n

/**
 * What of one partition may be committed: the end of the contiguous prefix of what was dealt with,
 * whatever the order in which the parts are done.
 *
 * A source acknowledges the batches of a partition in order already
 * (core/source/in-order-queue.ts), and yet this must see to it, too: parts that hold nothing for
 * the flow (markers and aborted records of transactions) are done at once, beside others that are
 * under way; and it outlives the source's queue, which a rebalance drops while commits go on.
 */
export class OffsetLedger {
  readonly #open: Entry[] = []
  /** So many of them are done: the rest moves up now and then, and not at each. */
  #done = 0
  /** The first offset that was not dealt with. */
  #position: bigint
  /** The first offset that was not handed over. */
  #readTo: bigint
  #committed: bigint
  #attempted: bigint
  /** The end of the partition, as far as it is known. */
  end: bigint

  /**
   * Reading begins at `begin`; that is committed at once where it is not what the group has
   * committed.
   */
  constructor(begin: bigint, committed: bigint = NOTHING, end: bigint = begin) {
    this.#position = begin
    this.#readTo = begin
    this.#committed = committed < 0n ? NOTHING : committed
    this.#attempted = this.#committed
    this.end = end
  }

  /**
   * The next part, which ends before `nextOffset`. Parts are opened in the order of their offsets.
   */
  open(nextOffset: bigint): PendingRange {
    const entry = new Entry(this, nextOffset)
    this.#open.push(entry)
    this.#readTo = nextOffset
    return entry
  }

  /** What there is to commit; undefined if the group has it. */
  get pending(): bigint | undefined {
    return this.#position === this.#committed ? undefined : this.#position
  }

  /** Offsets that were not dealt with. */
  get lag(): bigint {
    return this.end < this.#position ? 0n : this.end - this.#position
  }

  /** The first offset that was not dealt with. */
  get position(): bigint {
    return this.#position
  }

  /** The first offset that was not handed over. */
  get next(): bigint {
    return this.#readTo
  }

  /** Parts handed over and not done. */
  get openParts(): number {
    return this.#open.length - this.#done
  }

  /** A commit of this offset is on its way; whether it arrives is not known. */
  attempt(offset: bigint): void {
    this.#attempted = offset
  }
  committed(offset: bigint): void {
    this.#committed = offset
    this.#attempted = offset
  }

  /**
   * Where to read on after a rebalance, if nobody else has had the partition meanwhile: then what
   * is on its way needs not be read again. Undefined if the group's offset is not what we have
   * committed, or the partition has lost what comes next.
   */
  resumeAt(committed: bigint, low: bigint, high: bigint): bigint | undefined {
    const known = committed < 0n ? NOTHING : committed
    if (known !== this.#committed && known !== this.#attempted) return undefined
    if (this.#readTo < low || this.#readTo > high) return undefined
    this.#committed = known
    this.end = high
    return this.#readTo
  }

  advance(): void {
    const before = this.#done
    while (this.#done < this.#open.length && this.#open[this.#done]!.isDone) this.#done++
    if (this.#done === before) return
    this.#position = this.#open[this.#done - 1]!.nextOffset
    if (this.#done < this.#open.length / 2) return
    this.#open.splice(0, this.#done)
    this.#done = 0
  }
}
