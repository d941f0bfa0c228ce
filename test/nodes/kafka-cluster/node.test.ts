import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Node } from 'node-red'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { readTopic } from '../../kafka-topics.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'

describe('kafka-cluster in Node-RED', function () {
  this.timeout(60_000)
  let rig: Rig
  let flow: KafkaFlow

  before(async () => {
    rig = await kafkaRig()
    flow = await startKafkaFlow()
  })
  after(async () => {
    await flow.stop()
    await rig.close()
  })

  /** As the dialog asks, with values that are not saved. */
  async function ask(
    action: string,
    values: object
  ): Promise<{ ok: boolean; message?: string; items?: string[] }> {
    const response = await fetch(`${flow.nodeRed.url}/millrace/probe/millrace-kafka-cluster`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action, id: '', values })
    })
    return (await response.json()) as { ok: boolean; message?: string; items?: string[] }
  }

  it('tests the connection from the dialog', async () => {
    const answer = await ask('test', { brokers: rig.brokers })
    assert.ok(answer.ok)
    assert.match(answer.message ?? '', /^Connected: 1 broker/)
  })

  it('says in the dialog why it cannot connect', async () => {
    const answer = await ask('test', { brokers: '127.0.0.1:1' })
    assert.deepEqual(answer, {
      ok: false,
      message:
        'Nothing listens at 127.0.0.1:1 (connection refused). Is Kafka running, and is the port right?'
    })
    assert.match((await ask('test', { brokers: 'kafka://x' })).message ?? '', /is a URL/)
  })

  it('lists topics and groups to pick from', async () => {
    const [topic, group] = [await rig.topic(1), `g-${randomUUID()}`]
    await rig.commit(group, topic, 0)
    const topics = await ask('kafka-topics', { brokers: rig.brokers })
    assert.ok(topics.items?.includes(topic))
    assert.ok(topics.items?.every(name => !name.startsWith('__')))
    assert.ok((await ask('kafka-groups', { brokers: rig.brokers })).items?.includes(group))
  })

  it('connects by client certificate, through the TLS node of Node-RED', async () => {
    const { mtls } = (await services('kafka')).kafka
    assert.ok(mtls, 'this test needs the Kafka of stack/')
    const topic = await rig.topic(1)
    await flow.nodeRed.deploy([
      {
        id: 'tls',
        type: 'tls-config',
        cert: mtls.clientCert,
        key: mtls.clientKey,
        ca: mtls.ca,
        verifyservercert: true
      },
      { id: 'cluster', type: 'millrace-kafka-cluster', brokers: mtls.brokers, tls: 'tls' },
      { id: 'tab', type: 'tab' },
      {
        id: 'write',
        type: 'millrace-kafka-producer',
        z: 'tab',
        cluster: 'cluster',
        topic,
        wires: [[], []]
      }
    ])
    flow.nodeRed.node<Node>('write').receive({ payload: { device_id: 'd' } })
    await until('the record', async () => (await readTopic(rig.brokers, topic)).length === 1)
  })

  it('says once in the log which cluster it met, whatever needs it first', async () => {
    const lines: string[] = []
    const cluster = () => flow.nodeRed.node<Node>('cluster')
    const topic = await rig.topic(1)
    await flow.deploy(rig.brokers, [
      { id: 'write', type: 'millrace-kafka-producer', topic, wires: [[], []] }
    ])
    const { log } = cluster()
    cluster().log = line => {
      lines.push(String(line))
      log.call(cluster(), line)
    }
    const write = () => flow.nodeRed.node<Node>('write').receive({ payload: { device_id: 'd' } })
    write()
    await until('the word about it', () => lines.length > 0)
    write()
    await until('the records', async () => (await readTopic(rig.brokers, topic)).length === 2)
    assert.equal(lines.length, 1)
    assert.match(lines[0]!, /^Kafka 4\.3 at 127\.0\.0\.1:\d+, cluster id \S+$/)
  })

  it('logs in with the credentials of the flow', async () => {
    const { sasl } = (await services('kafka')).kafka
    assert.ok(sasl, 'this test needs the Kafka of stack/')
    const topic = await rig.topic(1)
    await flow.nodeRed.deploy([
      {
        id: 'cluster',
        type: 'millrace-kafka-cluster',
        brokers: sasl.brokers,
        sasl: 'scram-sha-512',
        username: sasl.user,
        credentials: { password: sasl.password }
      },
      { id: 'tab', type: 'tab' },
      {
        id: 'write',
        type: 'millrace-kafka-producer',
        z: 'tab',
        cluster: 'cluster',
        topic,
        wires: [[], []]
      }
    ])
    flow.nodeRed.node<Node>('write').receive({ payload: { device_id: 'd' } })
    await until('the record', async () => (await readTopic(rig.brokers, topic)).length === 1)
  })
})
