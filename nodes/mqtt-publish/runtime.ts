import type { MqttBroker } from '../../core/mqtt/broker.ts'
import { Hops } from '../../core/mqtt/hops.ts'
import { OptionsError } from '../../core/options-error.ts'
import { further, leadsThrough, wayOfMessage } from '../../core/record/ways.ts'
import { defineSink } from '../../core/sink/define-sink.ts'
import { needsOfMqtt5 } from './logic.ts'
import { migrations } from './migrations.ts'
import { MqttSink } from './mqtt-sink.ts'
import { spec } from './spec.ts'

export default defineSink(
  spec,
  (context, port) => {
    const { id, node, options, provided, tracker, RED } = context
    const broker = provided<MqttBroker>('broker')
    const needs = broker.protocolVersion === 5 ? [] : needsOfMqtt5(options)
    if (needs.length > 0) throw new OptionsError(spec.label, needs)
    const log = (line: string, isProblem: boolean) => (isProblem ? node.warn(line) : node.log(line))
    const hops = new Hops(RED)
    return new MqttSink({
      broker,
      nodeId: id,
      options,
      port,
      log,
      hopOf(message) {
        const source = tracker.sourceOf(message)
        const isIngest = source && RED.nodes.getNode(source)?.type === 'millrace-mqtt-ingest'
        const way = wayOfMessage(message)
        if (!isIngest) return way
        const name = hops.nameOf(source)
        return leadsThrough(way, name) ? way : further(way, name)
      }
    })
  },
  { service: 'the MQTT server', drainMs: 5_000, migrations }
)
