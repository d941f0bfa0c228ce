import { reasonOf } from '../../core/errors.ts'
import { everySecond } from '../../core/every-second.ts'
import type { Context } from '../../core/node/define-node.ts'
import type { Message } from '../../core/record/message.ts'
import {
  type Chosen,
  type Progress,
  progressText,
  STILL_MS,
  shownFilter,
  stillText
} from './logic.ts'
import type { Running } from './running.ts'
import type { spec } from './spec.ts'

/** Shows the progress, sends it on once a second, and what was done at the end. */
export async function shownReplay(
  { status, metrics, send }: Context<typeof spec>,
  running: Running,
  chosen: Chosen,
  message: Message
): Promise<void> {
  const filter = shownFilter(chosen)
  let sentMs = performance.now()
  let last: Progress | undefined
  let movedMs = 0
  const endLooks = everySecond(() => {
    const isStill = last !== undefined && performance.now() - movedMs >= STILL_MS
    if (last !== undefined && isStill) status.waiting(stillText(last))
  })
  status.waiting('reading what was replayed')
  try {
    const end = await running.run(chosen, progress => {
      last = progress
      movedMs = performance.now()
      status.set('blue', 'dot', progressText(progress, chosen))
      metrics.gauges.set('replayed', progress.replayed)
      if (performance.now() - sentMs < 1000) return
      sentMs = performance.now()
      send([{ topic: message.topic, payload: { ...progress, finished: false, filter } }])
    })
    metrics.out += 1
    send([{ ...message, payload: { ...end, finished: true, filter } }])
    status.healthy(progressText(end, chosen))
  } catch (error) {
    status.failed(reasonOf(error))
    throw error
  } finally {
    endLooks()
  }
}
