import type { NodeAPI } from 'node-red'
import { gatheringOf } from '../../core/pace.ts'
import { defineSource } from '../../core/source/define-source.ts'
import { Batcher } from './batcher.ts'
import { Deliveries } from './deliver.ts'
import { learn } from './learn.ts'
import { shaperOf } from './logic.ts'
import { migrations } from './migrations.ts'
import { previewed } from './preview.ts'
import { sessionOf, sessions } from './sessions.ts'
import { spec } from './spec.ts'
import { troubleOf, workingText } from './status.ts'

/** From a message to a row: what Learn proposes to put behind, each where it is needed. */
const behind = ['millrace-reshape', 'millrace-normalize', 'millrace-timescale-sink']

export default (RED: NodeAPI): void => {
  sessions.watch(RED)
  register(RED)
}

/**
 * A straight line: the session hands messages to the batcher, the batcher batches to the flow; a
 * batch knows the way back.
 */
const register = defineSource(
  spec,
  context => {
    const { options, node, source, trials, resume } = context
    const shaper = shaperOf(options)
    const deliveries = new Deliveries(shaper, context)
    const batcher = new Batcher({
      ...options,
      ...gatheringOf(options),
      trials,
      warn: sentence => node.warn(sentence),
      onTurn: resume,
      isPaused: () => source.isPaused || source.isBehind,
      keyOf: shaper.keyOf,
      deliver: batch => deliveries.deliver(batch)
    })
    const session = sessionOf(context, batcher, shaper.filter)
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
        deliveries.end()
      },
      close: closing => session.close(closing),
      trouble: () => troubleOf(session, source, batcher.open),
      working: perSecond => workingText(perSecond, batcher.open, deliveries.forOthers)
    }
  },
  {
    migrations,
    mode: ({ qos, acknowledge }) => (qos === '0' ? 'received' : acknowledge),
    preview: { make: previewed, learn, behind }
  }
)
