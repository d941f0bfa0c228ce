/**
 * What a piece of work costs as a multiple of another, measured turn by turn: what disturbs one
 * disturbs the other.
 */
import type { Work } from './subjects.ts'

export interface Rounds {
  readonly rounds: number
  /** CPU time that one turn is repeated for. */
  readonly turnMs: number
}

export const usualRounds: Rounds = { rounds: 15, turnMs: 20 }

/**
 * The median of the ratios of several rounds. CPU time counts, not time on the clock: a machine
 * that is busy with something else makes both slower on the clock, but not by the same factor.
 */
export function costRatio(
  work: Work,
  baseline: Work,
  { rounds, turnMs }: Rounds = usualRounds
): number {
  const repeats = repeatsFor(work, turnMs)
  const baselineRepeats = repeatsFor(baseline, turnMs)
  const ratios = Array.from({ length: rounds }, () => {
    const cost = cpuMicros(work, repeats) / repeats
    return cost / (cpuMicros(baseline, baselineRepeats) / baselineRepeats)
  })
  return median(ratios)
}

/** What the last turn returned; written only, so that no turn is without effect. */
export let kept: unknown

function cpuMicros(work: Work, repeats: number): number {
  const before = cpuTime()
  for (let index = 0; index < repeats; index++) kept = work()
  return cpuTime() - before
}

/**
 * Of the whole process: the times of a single thread (process.threadCpuUsage of Node 24) move in
 * ticks of the scheduler.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/**
 * So many repeats that a turn takes about this long, after the optimiser has seen the work often
 * enough.
 */
function repeatsFor(work: Work, turnMs: number): number {
  const warmUpMs = 3 * turnMs
  const startedMs = performance.now()
  let repeats = 0
  while (performance.now() - startedMs < warmUpMs) {
    kept = work()
    repeats++
  }
  return Math.max(1, Math.round(repeats / 3))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
