import { Rate } from '../../core/node/rate.ts'
import type { Simulation, SimulationProgress } from './logic.ts'
import type { ReadingOutput } from './reading-output.ts'

export interface Summary extends SimulationProgress {
  /**
   * Messages sent, copies included; acknowledged by the server; refused by it; sent and neither.
   */
  readonly published: number
  readonly acknowledged: number
  readonly refused: number
  readonly inFlight: number
  readonly perSecond: number
  /** All readings asked for are made, sent and acknowledged. */
  readonly finished: boolean
}

const TICK_MS = 20
const PROGRESS_MS = 1000

/** Lets the fleet send while it runs, and tells once a second and at the end how far it is. */
export class SimulationRun {
  #ticker: NodeJS.Timeout | undefined
  #teller: NodeJS.Timeout | undefined
  readonly #rate = new Rate()

  constructor(
    private readonly simulation: Simulation,
    private readonly output: ReadingOutput,
    private readonly tell: (summary: Summary) => void
  ) {}

  start(): void {
    if (this.#ticker !== undefined) return
    this.simulation.again()
    this.#ticker = setInterval(() => this.#tick(), TICK_MS)
    this.#teller = setInterval(() => this.tell(this.#summary()), PROGRESS_MS)
  }

  stop(): void {
    if (this.#ticker === undefined) return
    this.#clear()
    this.tell(this.#summary())
  }

  async close(): Promise<void> {
    this.#clear()
    await this.output.close()
  }

  #clear(): void {
    clearInterval(this.#ticker)
    clearInterval(this.#teller)
    this.#ticker = this.#teller = undefined
  }

  #tick(): void {
    if (this.output.connected) this.simulation.tick(performance.timeOrigin + performance.now())
    this.output.flush()
    if (this.simulation.finished && this.output.counts.inFlight === 0) this.stop()
  }

  #summary(): Summary {
    const { counts } = this.output
    const perSecond = Math.round(this.#rate.of(counts.published))
    return {
      ...this.simulation.progress,
      ...counts,
      perSecond,
      finished: this.simulation.finished && counts.inFlight === 0
    }
  }
}
