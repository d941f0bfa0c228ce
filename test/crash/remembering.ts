/**
 * Records of a Kafka topic through a node that remembers into another topic, while Node-RED is
 * killed in the middle.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { committedBy } from '../kafka-groups.ts'
import { endOf, kafkaOf, makeTopics, readTopic } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

export interface Remembering {
  /** The node under test, without id and wires. */
  readonly node: { readonly type: string; readonly [option: string]: unknown }
  readonly records: readonly Readonly<Record<string, unknown>>[]
  readonly keyOf: (record: Readonly<Record<string, unknown>>) => string
  /** How often it is killed. */
  readonly kills: number
  /** Decides when. */
  readonly seed: number
}

const PARTITIONS = 3
let runs = 0

/** Everything that reached the topic behind the node, in no order; maybe some of it twice. */
export async function rowsOf({
  node,
  records,
  keyOf,
  kills,
  seed
}: Remembering): Promise<unknown[]> {
  const { kafka } = await services('kafka')
  const name = `remembering-${process.pid}-${++runs}`
  const [from, to] = [`${name}-in`, `${name}-out`]
  await makeTopics(kafka.brokers, { [from]: PARTITIONS, [to]: 1 })
  const nodeRed = new NodeRedProcess({ flow: flowOf(kafka.brokers, node, from, to) })
  try {
    await nodeRed.start()
    await nodeRed.healthy('millrace-kafka-consumer')
    const producer = kafkaOf(kafka.brokers).producer()
    await producer.connect()
    const parts = kills + 1
    for (let part = 0; part < parts; part++) {
      const share = records.slice(
        Math.floor((part * records.length) / parts),
        Math.floor(((part + 1) * records.length) / parts)
      )
      const messages = share.map(record => ({ key: keyOf(record), value: JSON.stringify(record) }))
      await producer.send({ topic: from, messages })
      if (part === kills) break
      // At another point each time: before, in and after a checkpoint or a commit.
      await wait((seed * 137 + part * 211) % 400)
      await nodeRed.end('SIGKILL')
      await nodeRed.start()
    }
    await producer.disconnect()
    await until(
      'every record to be dealt with',
      () => isDone(nodeRed, kafka.brokers, from, name),
      60_000
    )
    return (await readTopic(kafka.brokers, to)).map(({ value }) => JSON.parse(String(value)))
  } finally {
    await nodeRed.remove()
  }
}

/** The group has committed everything, so what came of it is stored. */
async function isDone(
  nodeRed: NodeRedProcess,
  brokers: string,
  topic: string,
  groupId: string
): Promise<boolean> {
  if (!nodeRed.isRunning) throw new Error(`Node-RED has ended: ${nodeRed.output.slice(-2000)}`)
  return (await committedBy(brokers, groupId, topic)) === (await endOf(brokers, topic))
}

function flowOf(brokers: string, node: Remembering['node'], from: string, to: string): FlowEntry[] {
  const groupId = from.replace(/-in$/, '')
  const cluster = 'cluster'
  return [
    { id: 'tab', type: 'tab', label: 'remembering' },
    { id: cluster, type: 'millrace-kafka-cluster', brokers },
    {
      id: 'read',
      type: 'millrace-kafka-consumer',
      z: 'tab',
      cluster,
      topics: from,
      groupId,
      wires: [['node'], []]
    },
    { ...node, id: 'node', z: 'tab', wires: [['write'], [], []] },
    { id: 'write', type: 'millrace-kafka-producer', z: 'tab', cluster, topic: to, wires: [[], []] }
  ]
}
