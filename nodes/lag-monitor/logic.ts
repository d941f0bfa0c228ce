import type { GroupLag } from '../../core/kafka/admin/lag.ts'

/** What leaves the first output, one a group and interval. */
export interface LagReport extends GroupLag {
  /** Records a second that the group has read since the last report; null at the first. */
  readonly consumedPerSecond: number | null
  /** Records a second that were added to its topics. */
  readonly producedPerSecond: number | null
  /** Seconds until the lag is gone at these rates; 0 without lag, null if it grows or is not known. */
  readonly timeToDrainSeconds: number | null
}

interface Sample {
  readonly atMs: number
  readonly consumed: number
  readonly produced: number
}

/** Turns lags into reports with rates, by comparing each with the one before. */
export class Trend {
  readonly #last = new Map<string, Sample>()

  of(lag: GroupLag, nowMs: number): LagReport {
    const before = this.#last.get(lag.group)
    const produced = lag.partitions.reduce((sum, { end }) => sum + end, 0)
    const now = { atMs: nowMs, produced, consumed: produced - lag.total }
    this.#last.set(lag.group, now)
    // A topic that was deleted and made again counts anew.
    const known = before !== undefined && before.atMs < nowMs && before.produced <= produced && before.consumed <= now.consumed
    const perSecond = (field: 'consumed' | 'produced') => (known ? ((now[field] - before[field]) * 1000) / (nowMs - before.atMs) : null)
    const consumedPerSecond = perSecond('consumed')
    const producedPerSecond = perSecond('produced')
    return { ...lag, consumedPerSecond, producedPerSecond, timeToDrainSeconds: drain(lag.total, consumedPerSecond, producedPerSecond) }
  }
}

function drain(lag: number, consumed: number | null, produced: number | null): number | null {
  if (lag === 0) return 0
  if (consumed === null || produced === null || consumed <= produced) return null
  return lag / (consumed - produced)
}

/** Alerts once when a group passes the threshold, and once when it is back below half of it: a lag near it does not flap. */
export class Threshold {
  readonly #above = new Set<string>()
  constructor(private readonly records: number) {}

  /** `behind` or `recovered` when that has just changed. */
  change({ group, total }: GroupLag): 'behind' | 'recovered' | undefined {
    if (!this.#above.has(group) && total > this.records) {
      this.#above.add(group)
      return 'behind'
    }
    if (this.#above.has(group) && total <= this.records / 2) {
      this.#above.delete(group)
      return 'recovered'
    }
    return undefined
  }
  get behind(): number {
    return this.#above.size
  }
}

/** The alert as a sentence. */
export function alertText({ group, total, timeToDrainSeconds }: LagReport, change: 'behind' | 'recovered'): string {
  if (change === 'recovered') return `The group ${group} has caught up: ${total} records behind.`
  const eta = timeToDrainSeconds === null ? 'and not catching up' : `caught up in about ${Math.ceil(timeToDrainSeconds)} s`
  return `The group ${group} is ${total} records behind, ${eta}.`
}
