import type { Delivery } from 'rhea'
import type { Settling } from './arrival.ts'

type Outcome = keyof Settling

interface Told {
  readonly outcome: Outcome
  tell(): void
}

/**
 * What the server is told of messages, one outcome a turn of the event loop. rhea puts what it has
 * to tell of neighbours into one frame, and does not look whether the second of them has the same
 * outcome as the first: a message that is given back would count as accepted, and be lost.
 */
export class Settlements {
  #waiting: Told[] = []
  #now: Outcome | undefined
  #idle: (() => void)[] = []

  /** The same delivery, told in its turn. */
  of(delivery: Pick<Delivery, Outcome>): Settling {
    return new InTurn(this, delivery)
  }

  add(told: Told): void {
    if (this.#waiting.length === 0 && (this.#now ?? told.outcome) === told.outcome) this.#tell(told)
    else this.#waiting.push(told)
  }

  /** Resolves when all has been told. */
  async told(): Promise<void> {
    if (this.#now !== undefined) await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  #tell({ outcome, tell }: Told): void {
    tell()
    // By then rhea has written it.
    if (this.#now === undefined) setImmediate(() => this.#next())
    this.#now = outcome
  }

  #next(): void {
    this.#now = undefined
    const [first] = this.#waiting
    if (first === undefined) {
      for (const resolve of this.#idle.splice(0)) resolve()
      return
    }
    const end = this.#waiting.findIndex(({ outcome }) => outcome !== first.outcome)
    const run = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end)
    for (const told of run) this.#tell(told)
  }
}

class InTurn implements Settling {
  constructor(
    private readonly settlements: Settlements,
    private readonly delivery: Pick<Delivery, Outcome>
  ) {}

  accept(): void {
    this.settlements.add({ outcome: 'accept', tell: () => this.delivery.accept() })
  }
  release(): void {
    this.settlements.add({ outcome: 'release', tell: () => this.delivery.release() })
  }
  reject(error: Parameters<Delivery['reject']>[0]): void {
    this.settlements.add({ outcome: 'reject', tell: () => this.delivery.reject(error) })
  }
  modified(how: Parameters<Delivery['modified']>[0]): void {
    this.settlements.add({ outcome: 'modified', tell: () => this.delivery.modified(how) })
  }
}
