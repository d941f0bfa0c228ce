import { reasonOf } from '../../core/errors.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import { shortReason } from '../../core/kafka/short-reason.ts'
import { type Context, defineNode } from '../../core/node/define-node.ts'
import { Poll } from '../../core/node/poll.ts'
import { examined } from './examine.ts'
import { LagReader } from './lag-reader.ts'
import { type LagReport, Threshold } from './logic.ts'
import { spec } from './spec.ts'
import { gaugesOf, outputsOf, shownOf } from './telling.ts'

export default defineNode(spec, context => {
  const { options, status, report } = context
  const reader = new LagReader(context.provided<KafkaCluster>('cluster'), options)
  const threshold = new Threshold(options.threshold, options.behindS)
  let latest: readonly LagReport[] = []
  status.waiting('connecting')
  const poll = new Poll({
    everyMs: options.intervalS * 1000,
    ask: () => reader.read(),
    answered(reports) {
      latest = reports
      tell(reports, threshold, context)
    },
    silent: () => status.waiting('waiting for the broker'),
    failed(error, isFirst) {
      const wrong = shortReason(reasonOf(error))
      if (wrong === undefined) status.waiting('broker away')
      else status.failed(wrong)
      if (isFirst) report(error)
    }
  })
  return { examine: async () => latest.map(examined), close: () => poll.close() }
})

function tell(
  reports: readonly LagReport[],
  threshold: Threshold,
  { metrics, status, send }: Context<typeof spec>
): void {
  for (const report of reports) send(outputsOf(report, threshold))
  for (const [name, value] of gaugesOf(reports)) metrics.gauges.set(name, value)
  const { fill, shape, text } = shownOf(reports, threshold.behind)
  status.set(fill, shape, text)
}
