import type { MqttBroker } from '../../core/mqtt/broker.ts'
import type { Qos } from '../../core/mqtt/settings.ts'
import { type Context, defineNode } from '../../core/node/define-node.ts'
import type { Fleet } from './fleet.ts'
import { fleetOf, Simulation } from './logic.ts'
import { flowOutput, mqttOutput, type ReadingOutput } from './reading-output.ts'
import { SimulationRun } from './run.ts'
import { sparkplugOutput } from './sparkplug-output.ts'
import { spec } from './spec.ts'
import { show } from './status.ts'

function outputOf(context: Context<typeof spec>, fleet: Fleet): ReadingOutput {
  const { id, node, options, provided, send, report } = context
  if (options.target === 'flow') return flowOutput(records => send([{ payload: records }, null]))
  const broker = provided<MqttBroker>('broker')
  const log = (line: string, isProblem: boolean) => (isProblem ? node.warn(line) : node.log(line))
  if (options.target === 'sparkplug') {
    const { group, metrics } = options
    return sparkplugOutput({ broker, nodeId: id, group, metrics, sites: fleet.sites(), log })
  }
  const qos = Number(options.qos) as Qos
  return mqttOutput({ broker, nodeId: id, qos, log, refused: report })
}

export default defineNode(spec, context => {
  const { options, metrics, status, send } = context
  const fleet = fleetOf(options)
  const output = outputOf(context, fleet)
  const run = new SimulationRun(new Simulation(fleet, options, output.send), output, summary => {
    metrics.out = summary.published
    metrics.inFlight = summary.inFlight
    show(status, output, summary)
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
