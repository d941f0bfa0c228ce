import type { Node } from 'node-red'
import { nodeMetrics } from '../../../core/node/metrics.ts'
import { type Collector, collectorOf } from '../../collector.ts'
import { unique } from '../../core/mqtt/rig.ts'
import type { RunningNodeRed } from '../../node-red.ts'

/** A node that publishes, and what leaves it. */
export interface Published {
  readonly org: string
  readonly node: Node
  readonly id: string
  readonly out: Collector
  readonly rejected: Collector
  counts(): ReturnType<typeof nodeMetrics>
}

export async function deployPublish(
  red: RunningNodeRed,
  url: string,
  options: Record<string, unknown> = {},
  server: Record<string, unknown> = {}
): Promise<Published> {
  const [org, tab, broker, id] = ['org', 'tab', 'server', 'publish'].map(unique) as [
    string,
    string,
    string,
    string
  ]
  const [out, rejected] = [unique('out'), unique('rejected')]
  await red.deploy([
    { id: tab, type: 'tab' },
    { id: broker, type: 'millrace-mqtt-broker', url, ...server },
    {
      id,
      z: tab,
      type: 'millrace-mqtt-publish',
      broker,
      topic: `${org}/{device_id}/alert`,
      wires: [[out], [rejected]],
      ...options
    },
    { id: out, z: tab, type: 'collect', wires: [] },
    { id: rejected, z: tab, type: 'collect', wires: [] }
  ])
  return {
    org,
    id,
    node: red.node<Node>(id),
    out: collectorOf(out),
    rejected: collectorOf(rejected),
    counts: () => nodeMetrics(id)
  }
}
