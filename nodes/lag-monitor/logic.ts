import type { GroupLag } from '../../core/kafka/admin/lag.ts'
import { compact } from '../../core/node/status.ts'
import type { Standing } from './standing.ts'

/** What leaves the first output, one a group and interval. */
export interface LagReport extends GroupLag, Standing, Rates {
  /**
   * Age in seconds of the oldest record that was not dealt with, by its timestamp; 0 without lag,
   * null if not known.
   */
  readonly behindSeconds: number | null
}

export interface Rates {
  /** Records a second that the group has read since the last report; null at the first. */
  readonly consumedPerSecond: number | null
  /** Records a second that were added to its topics. */
  readonly producedPerSecond: number | null
  /**
   * Seconds until the lag is gone at these rates; 0 without lag, null if it grows or is not known.
   */
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

  of<Lag extends GroupLag>(lag: Lag, nowMs: number): Lag & Rates {
    const before = this.#last.get(lag.group)
    const produced = lag.partitions.reduce((sum, { end }) => sum + end, 0)
    const now = { atMs: nowMs, produced, consumed: produced - lag.total }
    this.#last.set(lag.group, now)
    // A topic that was deleted and made again counts anew.
    const known =
      before !== undefined &&
      before.atMs < nowMs &&
      before.produced <= produced &&
      before.consumed <= now.consumed
    const perSecond = (field: 'consumed' | 'produced') =>
      known ? ((now[field] - before[field]) * 1000) / (nowMs - before.atMs) : null
    const consumedPerSecond = perSecond('consumed')
    const producedPerSecond = perSecond('produced')
    return {
      ...lag,
      consumedPerSecond,
      producedPerSecond,
      timeToDrainSeconds: drain(lag.total, consumedPerSecond, producedPerSecond)
    }
  }
}

function drain(lag: number, consumed: number | null, produced: number | null): number | null {
  if (lag === 0) return 0
  if (consumed === null || produced === null || consumed <= produced) return null
  return lag / (consumed - produced)
}

/** What is behind of a group, as far as an alert goes by it. */
export interface GroupBehind {
  readonly group: string
  readonly total: number
  /** What of `total` is really behind; all where absent. */
  readonly standingLag?: number
  /** Age of the oldest record that was not dealt with; null or absent where that is not known. */
  readonly behindSeconds?: number | null
}

/**
 * Alerts once when a group passes one of the bounds, and once when it is back below half of both: a
 * lag near one does not flap. `seconds` 0 leaves the time out.
 */
export class Threshold {
  readonly #above = new Set<string>()
  constructor(
    private readonly records: number,
    private readonly seconds = 0
  ) {}

  /** `behind` or `recovered` when that has just changed. */
  change(lag: GroupBehind): 'behind' | 'recovered' | undefined {
    const { group } = lag
    if (!this.#above.has(group) && this.#passes(lag, 1)) {
      this.#above.add(group)
      return 'behind'
    }
    if (this.#above.has(group) && !this.#passes(lag, 0.5)) {
      this.#above.delete(group)
      return 'recovered'
    }
    return undefined
  }
  get behind(): number {
    return this.#above.size
  }

  /** A record that is old, and was only just written, is not behind: nothing stands. */
  #passes({ total, standingLag = total, behindSeconds }: GroupBehind, part: number): boolean {
    if (standingLag > this.records * part) return true
    return this.seconds > 0 && standingLag > 0 && (behindSeconds ?? 0) > this.seconds * part
  }
}

/** The alert as a sentence. */
export function alertText(
  { group, total, timeToDrainSeconds, behindSeconds }: GroupBehind & Rates,
  change: 'behind' | 'recovered'
): string {
  if (change === 'recovered') return `The group ${group} has caught up: ${total} records behind.`
  const eta =
    timeToDrainSeconds === null
      ? 'and not catching up'
      : `caught up in about ${Math.ceil(timeToDrainSeconds)} s`
  const age = (behindSeconds ?? 0) < 1 ? '' : `, the oldest for ${Math.round(behindSeconds ?? 0)} s`
  return `The group ${group} is ${total} records behind${age}, ${eta}.`
}

/** "lag 87 · 12 s behind", "lag 87 · commit 3 s ago" */
export function statusText(reports: readonly LagReport[]): string {
  const total = reports.reduce((sum, report) => sum + report.total, 0)
  const seconds = Math.max(0, ...reports.map(({ behindSeconds }) => behindSeconds ?? 0))
  const commitAge = Math.max(0, ...reports.map(({ commitAgeSeconds }) => commitAgeSeconds ?? 0))
  const standing = reports.some(({ standingLag }) => standingLag > 0)
  if (standing && seconds >= 1) return `lag ${compact(total)} · ${compact(seconds)} s behind`
  return commitAge >= 1
    ? `lag ${compact(total)} · commit ${commitAge} s ago`
    : `lag ${compact(total)}`
}
