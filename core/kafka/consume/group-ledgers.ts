import type { PartitionOffset } from '../port.ts'
import { OffsetLedger } from './offset-ledger.ts'
import type { StartPosition } from './start-offsets.ts'

interface Due extends PartitionOffset {
  readonly ledger: OffsetLedger
}

/** What a member of a group has read, dealt with and committed, of each of its partitions. */
export class GroupLedgers {
  #now = new Map<string, OffsetLedger>()
  /** Of the last generation, until it is known which partitions are still ours. */
  #before = new Map<string, OffsetLedger>()

  of(topic: string, partition: number): OffsetLedger | undefined {
    return this.#now.get(keyOf(topic, partition))
  }

  /** Of all partitions that are ours, by `topic/partition`. */
  get all(): ReadonlyMap<string, OffsetLedger> {
    return this.#now
  }

  /** Offsets of the assigned partitions that were not dealt with. */
  get lag(): number {
    let lag = 0n
    for (const ledger of this.#now.values()) lag += ledger.lag
    return Number(lag)
  }

  /** Offsets that were dealt with, and that a sink has gathered and not stored. */
  get gathered(): number {
    let gathered = 0n
    for (const ledger of this.#now.values()) gathered += ledger.gathered
    return Number(gathered)
  }

  /** The lag of each partition. */
  get lags(): { readonly topic: string; readonly partition: number; readonly lag: number }[] {
    return [...this.#now].map(([key, { lag }]) => {
      const at = key.lastIndexOf('/')
      return { topic: key.slice(0, at), partition: Number(key.slice(at + 1)), lag: Number(lag) }
    })
  }

  /** The first offset of each assigned partition that was not dealt with. */
  get positions(): Map<string, number> {
    return new Map([...this.#now].map(([key, { position }]) => [key, Number(position)]))
  }

  /** A generation is over: nothing is committed until it is known what is still ours. */
  setAside(): void {
    if (this.#now.size > 0) this.#before = this.#now
    this.#now = new Map()
  }

  forget(): void {
    this.#now = new Map()
    this.#before = new Map()
  }

  /**
   * Opens the ledgers of a new generation, and goes on with those whose partition nobody else has
   * had meanwhile. A start is committed at once: a group that begins at the end must not miss what
   * comes while it is away the first time. Gives where to read from, where that is not the
   * committed offset.
   */
  begin(starts: readonly StartPosition[]): {
    readonly seeks: PartitionOffset[]
    isKept(topic: string, partition: number): boolean
  } {
    const seeks: PartitionOffset[] = []
    const kept = new Set<string>()
    for (const { topic, partition, committed, low, high, seek } of starts) {
      const key = keyOf(topic, partition)
      const before = this.#before.get(key)
      const resumed = before?.resumeAt(committed, low, high)
      if (before !== undefined && resumed !== undefined) kept.add(key)
      this.#now.set(
        key,
        before !== undefined && resumed !== undefined
          ? before
          : new OffsetLedger(seek ?? committed, committed, high)
      )
      const offset = resumed ?? seek
      if (offset !== undefined) seeks.push({ topic, partition, offset })
    }
    this.#before = new Map()
    return { seeks, isKept: (topic, partition) => kept.has(keyOf(topic, partition)) }
  }

  /** What there is to commit, and what to do once that is done. */
  due(): { readonly offsets: PartitionOffset[]; committed(): void } | undefined {
    const due: Due[] = []
    for (const [key, ledger] of this.#now) {
      const offset = ledger.pending
      if (offset !== undefined) due.push({ ...partitionOf(key), ledger, offset })
    }
    if (due.length === 0) return undefined
    for (const { ledger, offset } of due) ledger.attempt(offset)
    return {
      offsets: due,
      committed: () => {
        for (const { ledger, offset } of due) ledger.committed(offset)
      }
    }
  }
}

export const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`

/** Topic names have no slash. */
export function partitionOf(key: string): { topic: string; partition: number } {
  const slash = key.indexOf('/')
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) }
}
