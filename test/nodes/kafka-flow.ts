/** A Node-RED with the Kafka nodes and a node that shows what reaches it and does as it is told. */
import type { Node, NodeAPI, NodeDef } from 'node-red'
import kafkaCluster from '../../nodes/kafka-cluster/runtime.ts'
import kafkaConsumer from '../../nodes/kafka-consumer/runtime.ts'
import kafkaProducer from '../../nodes/kafka-producer/runtime.ts'
import schemaRegistry from '../../nodes/schema-registry/runtime.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../node-red.ts'

export interface Arrived {
  readonly message: { payload?: unknown; topic?: unknown }
  done(error?: Error): void
}

/** What reached the node of this id; `holds` keeps messages from being finished. */
export class Seen {
  readonly arrived: Arrived[] = []
  holds = false
  /** How many of the next messages fail. */
  fails = 0

  get records(): unknown[] {
    return this.arrived.flatMap(({ message: { payload } }) =>
      Array.isArray(payload) ? payload : [payload]
    )
  }
  take(arrived: Arrived): void {
    this.arrived.push(arrived)
    if (this.fails-- > 0) arrived.done(new Error('told to fail'))
    else if (!this.holds) arrived.done()
  }
}

export interface KafkaFlow {
  readonly nodeRed: RunningNodeRed
  /** What a `seen` node of this id gets. */
  seen(id: string): Seen
  /** Deploys these nodes on one tab, with a cluster node of id `cluster`. */
  deploy(brokers: string, nodes: readonly FlowEntry[], type?: 'full' | 'nodes'): Promise<void>
  /** The texts of the status of a node, oldest first. */
  statusOf(id: string): string[]
  stop(): Promise<void>
}

export async function startKafkaFlow(
  ...more: readonly ((RED: NodeAPI) => void)[]
): Promise<KafkaFlow> {
  const seen = new Map<string, Seen>()
  const of = (id: string): Seen => {
    const known = seen.get(id) ?? new Seen()
    seen.set(id, known)
    return known
  }
  const register = (RED: NodeAPI): void => {
    function construct(this: Node, config: NodeDef): void {
      RED.nodes.createNode(this, config)
      this.on('input', (message, _send, done) => of(this.id).take({ message, done }))
    }
    RED.nodes.registerType('seen', construct)
  }
  const nodeRed = await startNodeRed({
    nodes: [kafkaCluster, schemaRegistry, kafkaConsumer, kafkaProducer, register, ...more]
  })
  const statuses = new Map<string, string[]>()
  ;(nodeRed.RED.events as NodeJS.EventEmitter).on(
    'node-status',
    ({ id, status }: { id: string; status?: { text?: string } }) => {
      statuses.set(id, [...(statuses.get(id) ?? []), status?.text ?? ''])
    }
  )
  return {
    nodeRed,
    seen: of,
    deploy: (brokers, nodes, type = 'full') =>
      nodeRed.deploy(
        [
          { id: 'cluster', type: 'millrace-kafka-cluster', brokers },
          { id: 'tab', type: 'tab' },
          ...nodes.map(node => ({
            z: 'tab',
            wires: [],
            ...node,
            ...(needsCluster(node.type) ? { cluster: 'cluster' } : {})
          }))
        ],
        type
      ),
    statusOf: id => statuses.get(id) ?? [],
    async stop() {
      seen.clear()
      await nodeRed.stop()
    }
  }
}

const needsCluster = (type: string) => type.startsWith('millrace-')
