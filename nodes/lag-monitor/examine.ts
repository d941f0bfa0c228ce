import { type OperatorAnswer, QUESTIONS, spanText } from '../../core/node/answer.ts'
import type { LagReport } from './logic.ts'

const OLD_S = 60
const VERY_OLD_S = 900

/** How far a watched group was behind at the last look, for doctor. */
export function examined(report: LagReport): OperatorAnswer {
  const { group, total, members, state, behindSeconds } = report
  const age =
    total === 0 || behindSeconds === null
      ? ''
      : `, the oldest ${spanText(behindSeconds * 1000)} old`
  return {
    question: QUESTIONS.lag,
    about: `${group} (watched)`,
    found: `${total} records behind${age}; ${members ?? '?'} members, ${state}`,
    ...verdictOf(report)
  }
}

function verdictOf({
  total,
  standingLag,
  members,
  behindSeconds
}: LagReport): Pick<OperatorAnswer, 'state' | 'todo'> {
  if (total > 0 && members === 0)
    return { state: 'bad', todo: 'Nobody reads: see whether what reads in this group runs.' }
  if (standingLag === 0 || (behindSeconds ?? 0) < OLD_S) return { state: 'well' }
  return {
    state: (behindSeconds ?? 0) < VERY_OLD_S ? 'look' : 'bad',
    todo: 'It reads more slowly than the topic is written, or waits: see what comes behind it.'
  }
}
