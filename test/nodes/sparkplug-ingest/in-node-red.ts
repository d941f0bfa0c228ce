/** The node in a running Node-RED, with a collector behind each output. */
import { report } from '../../../core/node/metrics.ts'
import simulator from '../../../nodes/device-simulator/runtime.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import ingest from '../../../nodes/sparkplug-ingest/runtime.ts'
import { collectorOf, registerCollect } from '../../collector.ts'
import { unique } from '../../core/mqtt/rig.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'

type Row = { device_id: string; metric: string; value: unknown; ts: number }

export function sceneOf(url: string, options: Record<string, unknown> = {}, fleet?: object) {
  const group = unique('group')
  const z = unique('tab')
  const ids = {
    server: unique('server'),
    ingest: unique('ingest'),
    taken: unique('taken'),
    rejected: unique('rejected')
  }
  const flow: FlowEntry[] = [
    { id: z, type: 'tab' },
    { id: ids.server, type: 'millrace-mqtt-broker', url },
    {
      id: ids.ingest,
      z,
      type: 'millrace-sparkplug-ingest',
      broker: ids.server,
      groups: group,
      reorderMs: 300,
      ...options,
      wires: [[ids.taken], [ids.rejected]]
    },
    { id: ids.taken, z, type: 'collect', wires: [] },
    { id: ids.rejected, z, type: 'collect', wires: [] }
  ]
  if (fleet !== undefined) {
    const type = 'millrace-device-simulator'
    const more = { broker: ids.server, group, target: 'sparkplug', wires: [[], []], ...fleet }
    flow.push({ id: unique('fleet'), z, type, ...more })
  }
  const rows = () => collectorOf(ids.taken).records as Row[]
  const lines = () =>
    rows().map(row => `${row.device_id.slice(group.length + 1)} ${row.metric} ${row.value}`)
  const mine = () => report().nodes.find(({ id }) => id === ids.ingest)
  const working = () => until('the subscription', () => mine()?.status?.healthy === true, 30_000)
  return { group, flow, rows, lines, mine, working, ids }
}

export let red: RunningNodeRed
/** What a test opens is ended after it. */
export const open: { end(): Promise<unknown> }[] = []
export function withNodeRed(): void {
  before(async function () {
    this.timeout(90_000)
    red = await startNodeRed({ nodes: [broker, simulator, ingest, registerCollect] })
  })
  after(() => red.stop())
  afterEach(async () => {
    await red.deploy([])
    await Promise.all(open.splice(0).map(client => client.end()))
  })
}
