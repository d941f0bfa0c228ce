// Mostly waits.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Node } from 'node-red'
import { kafkajs } from '../../../core/kafka/kafkajs/kafkajs.ts'
import lagMonitor from '../../../nodes/lag-monitor/runtime.ts'
import { KafkaCluster } from '../../../stack/kafka/cluster.ts'
import { kafkaOf, makeTopics, readTopic } from '../../kafka-topics.ts'
import { testHome } from '../../services.ts'
import { until } from '../../until.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs()

describe('a user of Kafka who lacks rights', function () {
  this.timeout(90_000)
  let cluster: KafkaCluster
  let admin: ReturnType<ReturnType<typeof kafkaOf>['admin']>
  let flow: KafkaFlow
  /** What each node shows, with its colour. */
  const shown = new Map<string, string[]>()

  before(async () => {
    const folder = join(testHome, 'rights')
    cluster = await KafkaCluster.start({ folder, nodes: 1, minInSync: 1, authorizer: true })
    admin = kafkaOf(cluster.brokers).admin()
    await admin.connect()
    flow = await startKafkaFlow(lagMonitor)
    const events = flow.nodeRed.RED.events as NodeJS.EventEmitter
    events.on('node-status', ({ id, status }: { id: string; status?: Record<string, string> }) =>
      shown.set(id, [...(shown.get(id) ?? []), `${status?.fill} ${status?.text}`])
    )
  })
  after(async () => {
    await flow?.stop()
    await admin?.disconnect()
    await cluster?.remove()
  })

  async function give(
    resource: 'TOPIC' | 'GROUP' | 'TRANSACTIONAL_ID',
    resourceName: string,
    ...operations: ('READ' | 'WRITE')[]
  ): Promise<void> {
    const acl = operations.map(operation => ({
      resourceType: AclResourceTypes[resource],
      resourceName,
      resourcePatternType: ResourcePatternTypes.PREFIXED,
      principal: `User:${cluster.sasl.user}`,
      host: '*',
      operation: AclOperationTypes[operation],
      permissionType: AclPermissionTypes.ALLOW
    }))
    await admin.createAcls({ acl })
  }
  const shows = (id: string, text: RegExp) =>
    until(
      `${id} to show ${text}, after ${shown.get(id)?.join(', ')}`,
      () => text.test(shown.get(id)?.at(-1) ?? ''),
      20_000
    )
  async function deploy(offsets: string): Promise<void> {
    const { brokers, user, password } = cluster.sasl
    const nodes = [
      { id: 'write', type: 'millrace-kafka-producer', topic: 'out', wires: [['sent'], []] },
      {
        id: 'read',
        type: 'millrace-kafka-consumer',
        topics: 'out',
        groupId: 'readers',
        startFrom: 'earliest',
        offsets,
        wires: [['again'], []]
      },
      { id: 'again', type: 'millrace-kafka-producer', topic: 'copies', wires: [['copied'], []] },
      { id: 'lag', type: 'millrace-lag-monitor', groups: 'readers', intervalS: 1, wires: [[], []] },
      ...['sent', 'copied'].map(id => ({ id, type: 'seen' }))
    ]
    const login = { sasl: 'plain', username: user, credentials: { password } }
    await flow.nodeRed.deploy([
      { id: 'cluster', type: 'millrace-kafka-cluster', brokers, ...login },
      { id: 'tab', type: 'tab' },
      ...nodes.map(node => ({ wires: [], ...node, z: 'tab', cluster: 'cluster' }))
    ])
  }
  const valuesOf = async (topic: string) =>
    (await readTopic(cluster.brokers, topic)).map(({ value }) => String(value))

  it('is told by each node which right it is, in red; nothing is lost, and all go on when it is given', async () => {
    await makeTopics(cluster.brokers, { out: 1, copies: 1 })
    await deploy('later')
    flow.nodeRed.node<Node>('write').receive({ payload: { device_id: 'a' } })
    await shows('write', /^red 1 waiting · no right to write$/)
    await shows('read', /^red no right to the (topic|group)$/)
    await shows('lag', /^red no right to the group$/)

    await give('TOPIC', 'copies', 'WRITE')
    await shows('write', /^red no right to the topic/)
    await give('TOPIC', 'out', 'READ', 'WRITE')
    await until('the record', async () => (await valuesOf('out')).length === 1)
    await shows('write', /^green/)
    await shows('read', /^red no right to the group$/)
    await give('GROUP', 'readers', 'READ')
    await until('its copy', async () => (await valuesOf('copies')).length === 1)
    await shows('read', /^green/)
    await shows('lag', /^green/)
  })

  it('and to transactions', async () => {
    await deploy('transaction')
    flow.nodeRed.node<Node>('write').receive({ payload: { device_id: 'b' } })
    await shows('read', /^red no right to transactions$/)
    assert.equal((await valuesOf('copies')).length, 1)
    await give('TRANSACTIONAL_ID', 'millrace-', 'WRITE')
    await until('its copy', async () => (await valuesOf('copies')).length === 2)
    await shows('read', /^green/)
    assert.deepEqual(await valuesOf('copies'), ['{"device_id":"a"}', '{"device_id":"b"}'])
  })
})
