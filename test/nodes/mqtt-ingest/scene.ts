import type { MqttClient } from 'mqtt'
import { report } from '../../../core/node/metrics.ts'
import { type Collector, collectorOf } from '../../collector.ts'
import { unique } from '../../core/mqtt/rig.ts'
import type { FlowEntry } from '../../node-red.ts'
import { until } from '../../until.ts'

/** Ids and topics of one test: nothing is shared with another. */
export interface Scene {
  readonly org: string
  readonly ingest: string
  readonly taken: Collector
  readonly rejected: Collector
  readonly flow: FlowEntry[]
}

export function sceneOf(
  url: string,
  options: Record<string, unknown> = {},
  server: Record<string, unknown> = {}
): Scene {
  const org = unique('org')
  const ids = {
    tab: unique('tab'),
    server: unique('server'),
    ingest: unique('ingest'),
    taken: unique('taken'),
    rejected: unique('rejected')
  }
  const z = ids.tab
  const topic = `${org}/{site}/{device_type}/{device_id}/reading`
  return {
    org,
    ingest: ids.ingest,
    taken: collectorOf(ids.taken),
    rejected: collectorOf(ids.rejected),
    flow: [
      { id: ids.tab, type: 'tab' },
      { id: ids.server, type: 'millrace-mqtt-broker', url, ...server },
      {
        id: ids.ingest,
        z,
        type: 'millrace-mqtt-ingest',
        broker: ids.server,
        topic,
        wires: [[ids.taken], [ids.rejected]],
        ...options
      },
      { id: ids.taken, z, type: 'collect', wires: [] },
      { id: ids.rejected, z, type: 'collect', wires: [] }
    ]
  }
}

export const countsOf = (scene: Scene) =>
  report().nodes.find(({ id }) => id === scene.ingest)!.counts
export const topicOf = ({ org }: Scene, deviceId = 'd1') =>
  `${org}/site-01/temperature/${deviceId}/reading`

/**
 * Publishes greetings until one arrives, so that the subscription stands; then waits until nothing
 * of them is left.
 */
export async function greeted(scene: Scene, publisher: MqttClient): Promise<void> {
  const topic = `${scene.org}/hello/world/hello/reading`
  let greeting = 0
  const arrived = () =>
    scene.taken.got
      .map(({ message }) => JSON.stringify(message.payload))
      .join()
      .includes(`hello ${greeting}"`)
  const greet = async () => {
    await publisher.publishAsync(topic, `{"greeting":"hello ${++greeting}"}`, { qos: 1 })
    await until('the greeting', arrived, 300, 10)
    return true
  }
  await until('the subscription', greet, 15_000, 10)
  await until('settlement', () => countsOf(scene).inFlight === 0)
  scene.taken.got.length = 0
}
