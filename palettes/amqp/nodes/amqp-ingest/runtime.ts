import { defineSource, OptionsError, PACES } from '@millrace/node-red-telemetry'
import type { AmqpServer } from '../../core/server.ts'
import { problemsBetween } from './check.ts'
import { Deliveries } from './deliver.ts'
import { Intake } from './intake.ts'
import { learn } from './learn.ts'
import { IngestLink } from './link.ts'
import { shaperOf } from './logic.ts'
import { previewed } from './preview.ts'
import { spec } from './spec.ts'
import { troubleOf, workingText } from './status.ts'

/** From a message to a row: what Learn proposes to put behind, each where it is needed. */
const BEHIND = ['millrace-reshape', 'millrace-normalize', 'millrace-timescale-sink']

/**
 * The link hands messages to the intake, the intake batches to the flow; a batch knows the way
 * back.
 */
export default defineSource(
  spec,
  ({ id, node, options, provided, source, trials, mode, show }) => {
    const server = provided<AmqpServer>('server')
    const problems = problemsBetween(options, server.kind)
    if (problems.length > 0) throw OptionsError.between(spec, problems)
    const shaper = shaperOf(options)
    const deliveries = new Deliveries({
      source,
      shaper,
      options,
      waits: mode !== 'received',
      intake: () => intake
    })
    const { arrivalsMs, burstMs } = PACES[options.pace]
    const intake: Intake = new Intake({
      ...options,
      gatherMs: arrivalsMs,
      burstMs,
      trials,
      hasRoomFor: (records, bytes) => source.hasRoomFor(records, bytes),
      deliver: (batch, kills) => deliveries.deliver(batch, kills),
      drop: batch => deliveries.drop(batch),
      warn: sentence => node.warn(sentence)
    })
    const link = new IngestLink({ server, nodeId: id, options, intake, log: node, changed: show })
    return {
      ready: shaper.ready,
      start: () => link.start(),
      resume: () => intake.resume(),
      stop: () => link.stop(),
      close: closing => link.close(closing),
      trouble: () => troubleOf(link, intake, source.waiting),
      working: perSecond => workingText(perSecond, intake.open)
    }
  },
  { preview: { make: previewed, learn, behind: BEHIND } }
)
