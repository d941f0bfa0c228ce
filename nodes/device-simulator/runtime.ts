import type { MqttBroker } from '../../core/mqtt/broker.ts'
import { shownProblem } from '../../core/mqtt/connect-errors.ts'
import { SILENT_MS, silentText } from '../../core/mqtt/pulse.ts'
import type { Qos } from '../../core/mqtt/settings.ts'
import { type Context, defineNode } from '../../core/node/define-node.ts'
import { compact, type Status } from '../../core/node/status.ts'
import type { Fleet } from './fleet.ts'
import { fleetOf, Simulation } from './logic.ts'
import { flowOutput, mqttOutput, type ReadingOutput } from './reading-output.ts'
import { SimulationRun } from './run.ts'
import { sparkplugOutput } from './sparkplug-output.ts'
import { spec } from './spec.ts'

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

function showConnection(output: ReadingOutput, status: Status, healthy: string): void {
  const silentMs = output.silentMs()
  const { short, needsPerson } = shownProblem(output.problem)
  if (output.connected && output.problem === undefined) {
    if (silentMs >= SILENT_MS) status.waiting(silentText(silentMs))
    else status.healthy(healthy)
  } else if (needsPerson) status.failed(short)
  else status.waiting(short)
}

export default defineNode(spec, context => {
  const { options, metrics, status, send } = context
  const fleet = fleetOf(options)
  const output = outputOf(context, fleet)
  const run = new SimulationRun(new Simulation(fleet, options, output.send), output, summary => {
    const { published, acknowledged, inFlight, perSecond, finished } = summary
    metrics.out = published
    metrics.inFlight = inFlight
    if (finished) status.set('grey', 'dot', `finished, ${compact(acknowledged)} sent`)
    else showConnection(output, status, `${compact(perSecond)}/s · ${compact(acknowledged)} sent`)
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
