import { loadWire } from '../../core/sparkplug/wire.ts'
import { type EdgeNodeOptions, SimulatedEdgeNode } from './edge-node.ts'
import type { ReadingOutput } from './reading-output.ts'

export interface SparkplugOutputOptions extends Omit<EdgeNodeOptions, 'name' | 'devices'> {
  /** The devices of each edge node. */
  readonly sites: ReadonlyMap<string, readonly string[]>
}

/** Publishes readings as Sparkplug B: an edge node a site, with a connection of its own. */
export function sparkplugOutput({ sites, ...shared }: SparkplugOutputOptions): ReadingOutput {
  const edges = new Map<string, SimulatedEdgeNode>()
  let isClosed = false
  const start = () => {
    if (isClosed) return
    for (const [name, devices] of sites)
      edges.set(name, new SimulatedEdgeNode({ ...shared, name, devices }))
    for (const edge of edges.values()) edge.start()
  }
  void loadWire().then(start)
  const all = () => [...edges.values()]
  return {
    get connected() {
      return edges.size > 0 && all().every(edge => edge.connected)
    },
    get problem() {
      return all().find(edge => edge.problem !== undefined)?.problem
    },
    silentMs: () => Math.max(0, ...all().map(edge => edge.beat())),
    get counts() {
      const published = all().reduce((sum, edge) => sum + edge.published, 0)
      return { published, acknowledged: published, refused: 0, inFlight: 0 }
    },
    send: reading => edges.get(reading.site)?.send(reading) ?? false,
    flush: () => {},
    async close() {
      isClosed = true
      await Promise.all(all().map(edge => edge.close()))
    }
  }
}
