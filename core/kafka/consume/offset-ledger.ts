/** A part of a partition that was handed over. */
export interface PendingRange {
  /** The flow has dealt with it, though a sink may hold back its commit. */
  dealtWith(): void
  /** It was dealt with, and may be committed. */
  done(): void
  /**
   * It was dealt with, and somebody else than the group's member has moved the group's offset
   * behind it.
   */
  committed(): void
}

class Entry implements PendingRange {
  isDealtWith = false
  isDone = false
  constructor(
    private readonly ledger: OffsetLedger,
    readonly nextOffset: bigint
  ) {}
  dealtWith(): void {
    this.isDealtWith = true
    this.ledger.advance()
  }
  done(): void {
    this.isDone = true
    this.dealtWith()
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
  /** So many of these, from the first on, are done, and so many were dealt with. */
  #done = 0
  #dealtWith = 0
  /** The first offset that was not dealt with. */
  #position: bigint
  /** The first offset that may not be committed; what lies between these two is gathered. */
  #kept: bigint
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
    this.#kept = begin
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
    return this.#kept === this.#committed ? undefined : this.#kept
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

  /** Offsets that were dealt with, and that a sink has gathered and not stored. */
  get gathered(): bigint {
    return this.#position - this.#kept
  }

  /** Parts handed over and not dealt with. */
  get openParts(): number {
    return this.#open.length - this.#dealtWith
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
    while (this.#open[this.#dealtWith]?.isDealtWith)
      this.#position = this.#open[this.#dealtWith++]!.nextOffset
    while (this.#open[this.#done]?.isDone) this.#kept = this.#open[this.#done++]!.nextOffset
    // Removed many at a time: a sink may let go all that it gathered in a day, part by part.
    if (2 * this.#done < this.#open.length) return
    this.#open.splice(0, this.#done)
    this.#dealtWith -= this.#done
    this.#done = 0
  }
}
