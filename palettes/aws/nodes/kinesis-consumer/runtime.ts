import { defineSource } from '@millrace/node-red-telemetry'
import { Consumer } from './consumer.ts'
import { learn } from './learn.ts'
import { shaperOf } from './logic.ts'
import { previewed } from './preview.ts'
import { spec } from './spec.ts'
import { troubleOf, workingText } from './status.ts'

/** From a message to a row: what Learn proposes to put behind, each where it is needed. */
const BEHIND = ['millrace-reshape', 'millrace-normalize', 'millrace-timescale-sink']

export default defineSource(
  spec,
  context => {
    const { options, source } = context
    const shaper = shaperOf(options)
    const consumer = new Consumer(context, shaper)
    const { intake } = consumer
    return {
      ready: shaper.ready,
      start: () => void consumer.start().catch(error => context.report(error)),
      resume: () => intake.fill(),
      isBlocked: () => intake.isHeld,
      stop: () => intake.stop(),
      close: () => consumer.close(),
      trouble: () => {
        const problem = troubleOf(consumer.problem, source.full, intake, source.waiting)
        if (problem !== undefined || consumer.shares?.total !== undefined) return problem
        return { words: 'connecting', mend: false }
      },
      working: perSecond => workingText(perSecond, consumer.shares ?? {}, intake.behindMs)
    }
  },
  { preview: { make: previewed, learn, behind: BEHIND } }
)
