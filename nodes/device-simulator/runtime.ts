import type { MqttBroker } from '../../core/mqtt/broker.ts'
import type { Qos } from '../../core/mqtt/settings.ts'
import { type Context, defineNode } from '../../core/node/define-node.ts'
import { compact } from '../../core/node/status.ts'
import { fleetOf, Simulation } from './logic.ts'
import { flowOutlet, mqttOutlet, type Outlet } from './outlet.ts'
import { Run } from './run.ts'
import { spec } from './spec.ts'

function outletOf({ id, node, options, provided, send, report }: Context<typeof spec>): Outlet {
  if (options.target === 'flow') return flowOutlet(records => send([{ payload: records }, null]))
  return mqttOutlet({
    broker: provided<MqttBroker>('broker'),
    nodeId: id,
    qos: Number(options.qos) as Qos,
    log: (line, isProblem) => (isProblem ? node.warn(line) : node.log(line)),
    refused: report
  })
}

export default defineNode(spec, context => {
  const { options, metrics, status, send } = context
  const fleet = fleetOf(options)
  const outlet = outletOf(context)
  const run = new Run(new Simulation(fleet, options, outlet.send), outlet, summary => {
    const { published, acknowledged, inFlight, perSecond, finished } = summary
    metrics.out = published
    metrics.inFlight = inFlight
    if (finished) status.set('grey', 'dot', `finished, ${compact(acknowledged)} sent`)
    else if (outlet.connected) status.healthy(`${compact(perSecond)}/s · ${compact(acknowledged)} sent`)
    else status.waiting('waiting for the server')
    send([null, { payload: summary }])
  })
  const stopped = () => status.set('grey', 'ring', 'stopped')
  if (options.startOnDeploy) run.start()
  else stopped()
  return {
    transform({ payload }) {
      if (payload === false) {
        run.stop()
        stopped()
      } else run.start()
      return [null, null]
    },
    close: () => run.close()
  }
})
