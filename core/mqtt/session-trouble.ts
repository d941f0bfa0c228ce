import { shownProblem } from './connect-errors.ts'
import type { IngestSession } from './ingest-session.ts'
import { SILENT_MS, silentText } from './pulse.ts'

export type SessionState = Pick<IngestSession, 'subscribed' | 'problem' | 'silentMs' | 'holding'>

/** What keeps messages from coming: the connection, or a server that does not answer. */
export function sessionTrouble({
  subscribed,
  problem,
  silentMs
}: SessionState): { readonly words: string; readonly mend: boolean } | undefined {
  if (!subscribed || problem !== undefined) {
    const { short, needsPerson } = shownProblem(problem)
    return { words: short, mend: needsPerson }
  }
  return silentMs < SILENT_MS ? undefined : { words: silentText(silentMs), mend: false }
}
