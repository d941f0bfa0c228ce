import { Rate } from '../rate.ts'
import type { NodeMetrics } from './metrics.ts'
import { compact, type Status } from './status.ts'

/**
 * Shows below a node how many records a second it deals with, and how many it rejected so far. Once a second and not once
 * a message, since a message of one record must not pay for it. While there is a `problem` (short, no sentence), it shows that instead;
 * a `note` stands beside the rate, or alone where both are too long. Returns what stops it.
 */
export function showRate(
  status: Status,
  metrics: NodeMetrics,
  problem: () => string | undefined = () => undefined,
  note: () => string | undefined = () => undefined
): () => void {
  const rate = new Rate()
  rate.of(metrics.in)
  const timer = setInterval(() => {
    const perSecond = rate.of(metrics.in)
    const wrong = problem()
    if (wrong !== undefined) status.waiting(wrong)
    else if (metrics.in > 0) status.healthy(noted(rateText(perSecond, metrics.rejected), note()))
  }, 1000).unref()
  return () => clearInterval(timer)
}

/** What an editor shows of a status without cutting it. */
const SHOWN_CHARACTERS = 30

function noted(rate: string, note: string | undefined): string {
  if (note === undefined) return rate
  const both = `${rate} · ${note}`
  return both.length <= SHOWN_CHARACTERS ? both : note
}

/** "5.2k/s · 3 rejected" */
export const rateText = (perSecond: number, rejected: number): string =>
  rejected === 0 ? `${compact(perSecond)}/s` : `${compact(perSecond)}/s · ${compact(rejected)} rejected`
