import { MillraceError, reasonOf } from '../../core/errors.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import { type Context, type Done, defineNode } from '../../core/node/define-node.ts'
import { compact } from '../../core/node/status.ts'
import { OptionsError } from '../../core/options-error.ts'
import type { Message } from '../../core/record/message.ts'
import { type Filter, filterOf, type Progress } from './logic.ts'
import { Replay } from './replay.ts'
import { spec } from './spec.ts'

export default defineNode(spec, context => {
  const { settings } = context.provided<KafkaCluster>('cluster')
  const { options, status } = context
  const always = filterOf(options)
  if ('problems' in always) throw new OptionsError(spec.label, always.problems)
  let running: { replay: Replay; ended: Promise<void> } | undefined
  status.set('grey', 'dot', 'idle')

  const begin = (filter: Filter, message: Message, done: Done) => {
    const { topic, ingestTopic, perSecond } = options
    const ledgerTopic = options.ledgerTopic || `${topic}-replayed`
    const replay = new Replay({ settings, topic, ledgerTopic, ingestTopic, perSecond, filter, onProgress: teller(context, message) })
    const ended = conclude(context, replay, message, done).finally(() => {
      running = undefined
    })
    running = { replay, ended }
  }

  return {
    accept(message, done) {
      if (message.payload === 'stop') {
        running?.replay.stop()
        return done()
      }
      if (running) return done(new MillraceError('REPLAY_RUNNING', 'A replay is running; wait for its end, or send "stop".'))
      const filter = filterOf({ ...options, ...narrowedBy(message.payload) })
      if ('problems' in filter) return done(new MillraceError('OPTIONS_INVALID', filter.problems.join('; ')))
      begin(filter, message, done)
    },
    async close() {
      running?.replay.stop()
      await Promise.race([running?.ended, new Promise(resolve => setTimeout(resolve, 8_000).unref())])
    }
  }
})

async function conclude({ status, metrics, send }: Context<typeof spec>, replay: Replay, message: Message, done: Done): Promise<void> {
  status.waiting('reading what was replayed')
  try {
    const progress = await replay.run()
    metrics.out += 1
    send([{ ...message, payload: { ...progress, finished: true } }])
    status.healthy(progressText(progress))
    done()
  } catch (error) {
    status.failed(reasonOf(error))
    done(error as Error)
  }
}

/** Shows the progress, and sends it on once a second. */
function teller({ status, metrics, send }: Context<typeof spec>, message: Message): (progress: Progress) => void {
  let sentMs = performance.now()
  return progress => {
    status.set('blue', 'dot', progressText(progress))
    metrics.gauges.set('replayed', progress.replayed)
    if (performance.now() - sentMs < 1000) return
    sentMs = performance.now()
    send([{ topic: message.topic, payload: { ...progress, finished: false } }])
  }
}

const progressText = ({ replayed, remaining }: Progress) =>
  `${compact(replayed)} replayed${remaining > 0 ? ` · ${compact(remaining)} to look at` : ''}`

/** The filter's settings that a payload overrides. */
function narrowedBy(payload: unknown): Partial<Record<'codes' | 'since' | 'until', string>> {
  if (typeof payload !== 'object' || payload === null) return {}
  const given = Object.entries(payload).filter(([name, value]) => ['codes', 'since', 'until'].includes(name) && typeof value === 'string')
  return Object.fromEntries(given)
}
