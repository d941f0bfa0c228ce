import type { MqttClient } from 'mqtt'
import type { SourceSubject } from '../../../core/conformance/source-checks.ts'
import { unique } from '../../core/mqtt/rig.ts'
import { Edge, type Sent } from './edge.ts'

/**
 * Edge nodes that publish with QoS 1, so that a server which keeps the session brings again what
 * was not stored; each lane is one of them, and a body is the text of a metric.
 */
export function sparkplugSubject(
  at: () => { readonly url: string; readonly publisher: MqttClient }
): SourceSubject {
  return {
    type: 'millrace-sparkplug-ingest',
    read: record => JSON.parse((record as { value: string }).value) as unknown,
    async place() {
      const { url, publisher } = at()
      const group = unique('group')
      const edges = new Map<number, Edge>()
      const send = ({ topic, payload }: Sent) => publisher.publishAsync(topic, payload, { qos: 1 })
      publisher.on('message', topic => {
        for (const edge of edges.values())
          if (topic === `spBv1.0/${group}/NCMD/${edge.name}`) edge.births().forEach(send)
      })
      await publisher.subscribeAsync(`spBv1.0/${group}/NCMD/+`, { qos: 1 })
      const edgeOf = async (lane: number) => {
        const known = edges.get(lane)
        if (known !== undefined) return known
        const edge = new Edge(group, `E${lane}`)
        edge.metrics.set('', [{ name: 'body', datatype: 12, string_value: '' }])
        edges.set(lane, edge)
        await Promise.all(edge.births().map(send))
        return edge
      }
      return {
        config: {
          broker: 'broker',
          groups: group,
          clientId: group,
          session: 'kept',
          acknowledge: 'stored',
          birthValues: false,
          statusMetric: '',
          reorderMs: 200
        },
        around: [{ id: 'broker', type: 'millrace-mqtt-broker', url }],
        async feed(bodies, lane) {
          const edge = await edgeOf(lane)
          for (const body of bodies) {
            const topic = `spBv1.0/${group}/NDATA/${edge.name}`
            const metric = { alias: edge.aliasOf('', 'body'), string_value: body }
            await send(
              body.startsWith('{')
                ? edge.raw('NDATA', undefined, [metric])
                : { topic, payload: Buffer.from(body) }
            )
          }
        }
      }
    }
  }
}
