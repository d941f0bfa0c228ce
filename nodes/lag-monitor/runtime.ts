import { type GroupLag, readLag } from '../../core/kafka/admin/lag.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import { parseNames } from '../../core/kafka/settings.ts'
import { type Context, defineNode } from '../../core/node/define-node.ts'
import { compact } from '../../core/node/status.ts'
import { alertText, Threshold, Trend } from './logic.ts'
import { spec } from './spec.ts'

export default defineNode(spec, context => {
  const { options, status, report } = context
  const { admin } = context.provided<KafkaCluster>('cluster')
  const groups = parseNames(options.groups)
  const topics = new Set(parseNames(options.topics))
  const wanted = (topic: string) => topics.size === 0 || topics.has(topic)
  const tell = teller(context, new Trend(), new Threshold(options.threshold))
  let closed = false
  let away = false
  let timer: NodeJS.Timeout | undefined

  const poll = async () => {
    try {
      const lags = await admin.ask(asked => readLag(asked, groups, wanted))
      if (!closed) tell(lags)
      away = false
    } catch (error) {
      if (closed) return
      status.waiting('broker away')
      if (!away) report(error)
      away = true
    }
    if (!closed) timer = setTimeout(poll, options.intervalS * 1000)
  }
  status.waiting('connecting')
  void poll()

  return {
    close() {
      closed = true
      clearTimeout(timer)
    }
  }
})

function teller({ metrics, status, send }: Context<typeof spec>, trend: Trend, threshold: Threshold) {
  return (lags: readonly GroupLag[]): void => {
    let total = 0
    for (const lag of lags) {
      const report = trend.of(lag, Date.now())
      const change = threshold.change(lag)
      total += lag.total
      if (lags.length > 1) metrics.gauges.set(`lag ${lag.group}`, lag.total)
      const alert = change && { payload: { ...report, change }, topic: lag.group, text: alertText(report, change) }
      send([{ payload: report, topic: lag.group }, alert ?? null])
    }
    metrics.gauges.set('lag', total)
    const text = `lag ${compact(total)}`
    if (threshold.behind > 0) status.set('red', 'dot', `${text} · ${threshold.behind} behind`)
    else status.healthy(text)
  }
}
