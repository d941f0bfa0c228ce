import { shownProblem } from '../../core/mqtt/connect-errors.ts'
import { SILENT_MS, silentText } from '../../core/mqtt/pulse.ts'
import { compact, type Status } from '../../core/node/status.ts'
import type { ReadingOutput } from './reading-output.ts'
import type { Summary } from './run.ts'

/** How far the fleet is, or what keeps its connection from working. */
export function show(status: Status, output: ReadingOutput, summary: Summary): void {
  const { acknowledged, perSecond, finished } = summary
  const sent = `${compact(acknowledged)} sent`
  if (finished) {
    status.set('grey', 'dot', `finished, ${sent}`)
    return
  }
  const silentMs = output.silentMs()
  const { short, needsPerson } = shownProblem(output.problem)
  if (output.connected && output.problem === undefined) {
    if (silentMs >= SILENT_MS) status.waiting(silentText(silentMs))
    else status.healthy(`${compact(perSecond)}/s · ${sent}`)
  } else if (needsPerson) status.failed(short)
  else status.waiting(short)
}
