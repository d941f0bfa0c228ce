import type { NodeAPI } from 'node-red'
import type { MqttBroker } from '../../core/mqtt/broker.ts'
import { IngestSession } from '../../core/mqtt/ingest-session.ts'
import { defineSource } from '../../core/source/define-source.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import { Batcher } from './batcher.ts'
import { deliver, forOthersOf, othersSentence } from './deliver.ts'
import { gatheringOf } from './gathering.ts'
import { learn } from './learn.ts'
import { shaperOf } from './logic.ts'
import { migrations } from './migrations.ts'
import { previewed } from './preview.ts'
import { sessionOf, watchSessions } from './sessions.ts'
import { spec } from './spec.ts'
import { troubleOf, workingText } from './status.ts'

/** From a message to a row: what Learn proposes to put behind, each where it is needed. */
const BEHIND = ['millrace-reshape', 'millrace-normalize', 'millrace-timescale-sink']

/**
 * Sessions outlive their nodes: what becomes of those of deleted ones is watched also where no node
 * of this type runs.
 */
export default (RED: NodeAPI): void => {
  watchSessions(RED)
  register(RED)
}

/**
 * A straight line: the session hands messages to the batcher, the batcher batches to the flow; a
 * batch knows the way back.
 */
const register = defineSource(
  spec,
  context => {
    const { options, metrics, source, resume, provided } = context
    const broker = provided<MqttBroker>('broker')
    const shaper = shaperOf(options)
    const others = new ThrottledNotice((messages, topic) =>
      context.node.log(othersSentence(messages, topic))
    )
    const portion = Math.min(options.batchSize, options.maxInFlight)
    const batcher = new Batcher({
      ...options,
      ...gatheringOf(options),
      trials: context.trials,
      warn: sentence => context.node.warn(sentence),
      onTurn: resume,
      isPaused: () => source.isPaused || source.isBehind,
      keyOf: shaper.keyOf,
      deliver: batch => deliver(batch, { shaper, source, metrics, others, portion })
    })
    const session = new IngestSession({
      ...options,
      ...sessionOf(context),
      broker,
      intake: batcher,
      filters: [shaper.filter]
    })
    return {
      ready: shaper.ready,
      start: () => session.start(),
      resume: () => session.resume(),
      isBlocked: () => batcher.isBlocked,
      flush() {
        batcher.flush()
        batcher.acknowledge()
      },
      tick: () => session.tidy(),
      stop() {
        session.stopTaking()
        others.end()
      },
      close: closing => session.close(closing),
      trouble: () => troubleOf(session, source, batcher.open),
      working: perSecond => workingText(perSecond, batcher.open, forOthersOf(metrics))
    }
  },
  {
    migrations,
    mode: ({ qos, acknowledge }) => (qos === '0' ? 'received' : acknowledge),
    preview: { make: previewed, learn, behind: BEHIND }
  }
)
