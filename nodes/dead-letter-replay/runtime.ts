import { MillraceError } from '../../core/errors.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import { defineNode } from '../../core/node/define-node.ts'
import { OptionsError } from '../../core/options-error.ts'
import { chosenBy, filterOf, sentenceOf } from './logic.ts'
import { Running } from './running.ts'
import { shownReplay } from './shown-replay.ts'
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
        await shownReplay(context, running, chosen, message)
        done()
      } catch (error) {
        done(error as Error)
      }
    },
    close: () => running.close()
  }
})
