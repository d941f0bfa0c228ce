import { compact, type SourceTrouble, type Waiting } from '@millrace/node-red-telemetry'
import type { Intake } from './intake.ts'
import type { IngestLink } from './link.ts'

/** What keeps messages from coming: the server, or a flow that has no room. */
export function troubleOf(
  { problem, isOpen }: Pick<IngestLink, 'problem' | 'isOpen'>,
  { isHeld, open }: Pick<Intake, 'isHeld' | 'open'>,
  { retrying }: Pick<Waiting, 'retrying'>
): SourceTrouble | undefined {
  if (problem !== undefined) return { words: problem.short, mend: problem.needsPerson }
  if (!isOpen) return { words: 'connecting', mend: false }
  // Why it is sent again says more than that nothing else is taken meanwhile.
  if (!isHeld || retrying > 0) return undefined
  return { words: `waiting for the flow, ${compact(open)} in flight`, mend: false }
}

export const workingText = (perSecond: number, open: number): string =>
  `${compact(perSecond)}/s · ${compact(open)} in flight`
