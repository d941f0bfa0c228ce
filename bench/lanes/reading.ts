import { type Result, type Start, WARM_UP_SHARE } from './lane.ts'

interface Sample {
  readonly atMs: number
  readonly records: number
}

/**
 * How far a contestant has read a topic, by the offsets that it commits. It tells how fast it is
 * where results say little: some give them as they come, some all at once after a minute.
 */
export class Reading {
  readonly #samples: Sample[] = []

  constructor(
    private readonly start: Start,
    private readonly topic: string,
    private readonly total: number
  ) {}

  /** Looks how far it has come. */
  async look(): Promise<number> {
    const { topics } = this.start.setting.field
    const records = await topics
      .committed(this.start.environment.GROUP, this.topic)
      .catch(() => this.#samples.at(-1)?.records ?? 0)
    if (records !== (this.#samples.at(-1)?.records ?? 0))
      this.#samples.push({ atMs: Date.now(), records })
    return records
  }

  /**
   * Its rate between the first commit after the warm-up and the last before the end, as the end
   * itself is committed later than it was reached; its cost from there until its last result.
   */
  figures(lastResultMs: number): Pick<Result, 'perSecond' | 'cpuMicros'> {
    const first = this.#samples.find(({ records }) => records >= WARM_UP_SHARE * this.total)
    if (first === undefined) return { perSecond: 0, cpuMicros: 0 }
    const whole = this.#samples.filter(({ records }) => records >= first.records)
    const before = whole.filter(({ records }) => records < this.total)
    const last = (before.length > 1 ? before : whole).at(-1)!
    const seconds = (last.atMs - first.atMs) / 1000
    const rest = Math.max(this.total - first.records, 1)
    return {
      perSecond: seconds > 0 ? (last.records - first.records) / seconds : 0,
      cpuMicros: this.start.current.usage.cpuMicros(first.atMs, lastResultMs) / rest
    }
  }
}
