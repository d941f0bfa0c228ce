import { MillraceError } from '../../errors.ts'

/** Where partitions end, by their number: the offset that the next record will get. */
export type Ends = ReadonlyMap<number, bigint>

interface Waiter {
  readonly ends: Ends
  resolve(): void
  reject(error: MillraceError): void
}

const ASK_AGAIN_MS = 3_000

/** How far a topic was read: the offset that is read next, by partition. */
export class Positions {
  /** Undefined until it is known where to begin. */
  #of: Map<number, bigint> | undefined
  readonly #waiters = new Set<Waiter>()
  #closed = false

  get isKnown(): boolean {
    return this.#of !== undefined
  }
  of(partition: number): bigint {
    return this.#of?.get(partition) ?? 0n
  }
  copy(): Map<number, bigint> {
    return new Map(this.#of)
  }

  begin(positions: Ends): void {
    this.#of = new Map(positions)
    this.#tell()
  }

  set(partition: number, nextOffset: bigint): void {
    this.#of?.set(partition, nextOffset)
    this.#tell()
  }

  /**
   * True once all before these ends was read; false if that takes long. @throws MillraceError
   * CLOSED
   */
  reach(ends: Ends): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => resolve(false)), ASK_AGAIN_MS).unref()
      const settle = (how: () => void) => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        how()
      }
      const waiter: Waiter = {
        ends,
        resolve: () => settle(() => resolve(true)),
        reject: error => settle(() => reject(error))
      }
      if (this.#closed) return waiter.reject(closed())
      this.#waiters.add(waiter)
      this.#tell()
    })
  }

  /** Nobody waits any more. */
  close(): void {
    this.#closed = true
    for (const { reject } of [...this.#waiters]) reject(closed())
  }

  #tell(): void {
    for (const { ends, resolve } of [...this.#waiters]) {
      if ([...ends].every(([partition, end]) => this.of(partition) >= end)) resolve()
    }
  }
}

const closed = () => new MillraceError('CLOSED', 'The node was stopped.')

/** The lower of two ends of each partition that still holds something. */
export function lowerOf(one: Ends, other: Ends): Ends {
  const both = [...one].filter(([partition]) => other.has(partition))
  return new Map(
    both.map(([partition, end]) => [
      partition,
      end < other.get(partition)! ? end : other.get(partition)!
    ])
  )
}
