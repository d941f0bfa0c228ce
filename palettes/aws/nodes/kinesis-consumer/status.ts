import { compact, type SourceTrouble, type Waiting } from '@millrace/node-red-telemetry'
import type { AwsError } from '../../core/problem.ts'
import type { Intake } from './intake.ts'
import type { Leases } from './leases.ts'

/** What keeps records from coming: AWS, or a flow that has no room. */
export function troubleOf(
  problem: AwsError | undefined,
  isFull: boolean,
  { isHeld }: Pick<Intake, 'isHeld'>,
  { retrying, records }: Pick<Waiting, 'retrying' | 'records'>
): SourceTrouble | undefined {
  if (problem !== undefined) return { words: problem.short, mend: problem.needsPerson }
  // Why it is sent again says more than that nothing else is taken meanwhile.
  if (!isHeld || !isFull || retrying > 0) return undefined
  return { words: `waiting for the flow, ${compact(records)} in flight`, mend: false }
}

/** `120/s · 2 of 4 shards`. */
export const workingText = (
  perSecond: number,
  { held, total = 0 }: Partial<Pick<Leases, 'held' | 'total'>>,
  behindMs: number
): string => [`${compact(perSecond)}/s`, shards(held ?? 0, total), ...behind(behindMs)].join(' · ')

const shards = (held: number, total: number) =>
  held === total ? `${held} ${held === 1 ? 'shard' : 'shards'}` : `${held} of ${total} shards`

/** What is a second behind or less is said to be at the end. */
const behind = (ms: number) => (ms < 1_000 ? [] : [`${duration(ms / 1000)} behind`])

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}
