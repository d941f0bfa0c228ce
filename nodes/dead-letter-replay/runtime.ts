import { MillraceError, reasonOf } from '../../core/errors.ts'
import { everySecond } from '../../core/every-second.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import { type Context, defineNode } from '../../core/node/define-node.ts'
import { OptionsError } from '../../core/options-error.ts'
import type { Message } from '../../core/record/message.ts'
import {
  type Chosen,
  chosenBy,
  filterOf,
  type Progress,
  progressText,
  STILL_MS,
  sentenceOf,
  shownFilter,
  stillText
} from './logic.ts'
import { Running } from './running.ts'
import { spec } from './spec.ts'

export default defineNode(spec, context => {
  const { options, status, node } = context
  const always = filterOf(options)
  if ('problems' in always) throw new OptionsError(spec.label, always.problems)
  const running = new Running(context.provided<KafkaCluster>('cluster'), options)
  status.set('grey', 'dot', 'idle')
  return {
    async accept(message, done) {
      if (message.payload === 'stop') {
        running.stop()
        return done()
      }
      try {
        running.requireIdle()
        const chosen = chosenBy(options, message.payload)
        if ('problems' in chosen)
          throw new MillraceError('OPTIONS_INVALID', chosen.problems.join('; '))
        node.log(sentenceOf(chosen))
        await replay(context, running, chosen, message)
        done()
      } catch (error) {
        done(error as Error)
      }
    },
    close: () => running.close()
  }
})

/** Shows the progress, sends it on once a second, and what was done at the end. */
async function replay(
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
