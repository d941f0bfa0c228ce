import { MillraceError, reasonOf } from '../../core/errors.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import { type Context, type Done, defineNode } from '../../core/node/define-node.ts'
import { compact } from '../../core/node/status.ts'
import { OptionsError } from '../../core/options-error.ts'
import type { Message } from '../../core/record/message.ts'
import { type Chosen, chosenBy, filterOf, type Progress, sentenceOf, shortTextOf } from './logic.ts'
import { Replay } from './replay.ts'
import { spec } from './spec.ts'

export default defineNode(spec, context => {
  const cluster = context.provided<KafkaCluster>('cluster')
  const { client } = cluster
  const { options, status } = context
  const always = filterOf(options)
  if ('problems' in always) throw new OptionsError(spec.label, always.problems)
  let running: { replay: Replay; ended: Promise<void> } | undefined
  status.set('grey', 'dot', 'idle')

  const begin = (chosen: Chosen, message: Message, done: Done) => {
    const { topic, ingestTopic, perSecond } = options
    const ledgerTopic = options.ledgerTopic || `${topic}-replayed`
    context.node.log(sentenceOf(chosen))
    cluster.meet()
    const { filter } = chosen
    const onProgress = teller(context, message, chosen)
    const replay = new Replay({
      client,
      topic,
      ledgerTopic,
      ingestTopic,
      perSecond,
      filter,
      onProgress
    })
    const ended = conclude(context, replay, chosen, message, done).finally(() => {
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
      if (running)
        return done(
          new MillraceError(
            'REPLAY_RUNNING',
            'A replay is running; wait for its end, or send "stop".'
          )
        )
      const chosen = chosenBy(options, message.payload)
      if ('problems' in chosen)
        return done(new MillraceError('OPTIONS_INVALID', chosen.problems.join('; ')))
      begin(chosen, message, done)
    },
    async close() {
      running?.replay.stop()
      await Promise.race([
        running?.ended,
        new Promise(resolve => setTimeout(resolve, 8_000).unref())
      ])
    }
  }
})

async function conclude(
  { status, metrics, send }: Context<typeof spec>,
  replay: Replay,
  chosen: Chosen,
  message: Message,
  done: Done
): Promise<void> {
  status.waiting('reading what was replayed')
  try {
    const progress = await replay.run()
    metrics.out += 1
    send([{ ...message, payload: { ...progress, finished: true, filter: filterShown(chosen) } }])
    status.healthy(progressText(progress, chosen))
    done()
  } catch (error) {
    status.failed(reasonOf(error))
    done(error as Error)
  }
}

/** Shows the progress, and sends it on once a second. */
function teller(
  { status, metrics, send }: Context<typeof spec>,
  message: Message,
  chosen: Chosen
): (progress: Progress) => void {
  let sentMs = performance.now()
  return progress => {
    status.set('blue', 'dot', progressText(progress, chosen))
    metrics.gauges.set('replayed', progress.replayed)
    if (performance.now() - sentMs < 1000) return
    sentMs = performance.now()
    send([
      {
        topic: message.topic,
        payload: { ...progress, finished: false, filter: filterShown(chosen) }
      }
    ])
  }
}

const progressText = ({ replayed, remaining }: Progress, chosen: Chosen) =>
  `${compact(replayed)} replayed${remaining > 0 ? `, ${compact(remaining)} left` : ''} · ${shortTextOf(chosen)}`

/** What the replay went by, for whoever reads its progress. */
const filterShown = ({ texts, byMessage }: Chosen) => ({ ...texts, byMessage })
