import { defineNode } from '../../core/define-node.ts'
import type { MqttBroker } from '../../core/mqtt/broker.ts'
import type { Qos } from '../../core/mqtt/settings.ts'
import { compact, Rate } from '../../core/status.ts'
import { fleetOf, Simulation } from './logic.ts'
import { flowOutlet, mqttOutlet } from './outlet.ts'
import { spec } from './spec.ts'

const TICK_MS = 20
const PROGRESS_MS = 1000

export default defineNode(spec, ({ node, id, options, metrics, status, provided, send, report }) => {
  const fleet = fleetOf(options)
  const outlet =
    options.target === 'flow'
      ? flowOutlet(records => send([{ payload: records }, null]))
      : mqttOutlet({
          broker: provided<MqttBroker>('broker'),
          nodeId: id,
          qos: Number(options.qos) as Qos,
          log: (line, isProblem) => (isProblem ? node.warn(line) : node.log(line)),
          refused: report
        })
  const simulation = new Simulation(fleet, options, outlet.send)
  const rate = new Rate()
  let ticker: NodeJS.Timeout | undefined
  let reporter: NodeJS.Timeout | undefined
  const tick = () => {
    if (outlet.connected) simulation.tick(performance.timeOrigin + performance.now())
    outlet.flush()
    if (simulation.finished && outlet.counts.inFlight === 0) stop()
  }
  const progress = () => {
    const { counts } = outlet
    metrics.out = counts.published
    metrics.inFlight = counts.inFlight
    const perSecond = rate.of(counts.published)
    const finished = simulation.finished && counts.inFlight === 0
    send([null, { payload: { ...simulation.progress, ...counts, perSecond: Math.round(perSecond), finished } }])
    if (finished) status.set('grey', 'dot', `finished, ${compact(counts.acknowledged)} sent`)
    else if (outlet.connected) status.healthy(`${compact(perSecond)}/s · ${compact(counts.acknowledged)} sent`)
    else status.waiting('waiting for the server')
  }
  const start = () => {
    if (ticker !== undefined) return
    simulation.again()
    ticker = setInterval(tick, TICK_MS)
    reporter = setInterval(progress, PROGRESS_MS)
  }
  const stop = () => {
    if (ticker === undefined) return
    clearInterval(ticker)
    clearInterval(reporter)
    ticker = reporter = undefined
    progress()
  }
  if (options.startOnDeploy) start()
  else status.set('grey', 'ring', 'stopped')
  return {
    transform({ payload }) {
      if (payload === false) {
        stop()
        status.set('grey', 'ring', 'stopped')
      } else start()
      return [null, null]
    },
    async close() {
      clearInterval(ticker)
      clearInterval(reporter)
      await outlet.close()
    }
  }
})
