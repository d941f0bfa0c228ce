/**
 * A tab that is disabled while its messages wait for a topic that is missing: all of them get
 * there.
 */
import assert from 'node:assert/strict'
import { report } from '../../core/node/metrics.ts'
import kafkaCluster from '../../nodes/kafka-cluster/runtime.ts'
import kafkaProducer from '../../nodes/kafka-producer/runtime.ts'
import mqttBroker from '../../nodes/mqtt-broker/runtime.ts'
import mqttIngest from '../../nodes/mqtt-ingest/runtime.ts'
import { device, unique } from '../core/mqtt/rig.ts'
import { endOf, makeTopics, readTopic } from '../kafka-topics.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../node-red.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const COUNT = 200

describe('a backlog of a tab that is disabled', function () {
  this.timeout(120_000)
  let red: RunningNodeRed
  before(async () => {
    red = await startNodeRed({ nodes: [mqttBroker, mqttIngest, kafkaCluster, kafkaProducer] })
  })
  after(() => red.stop())

  it('gets where it was to get once the tab is enabled', async () => {
    const { mqtt, kafka } = await services('mqtt', 'kafka')
    const [org, topic, ingest] = [unique('org'), unique('late'), unique('ingest')]
    const flow = (disabled: boolean): FlowEntry[] => [
      { id: 'tab', type: 'tab', disabled },
      { id: 'server', type: 'millrace-mqtt-broker', url: mqtt.url },
      { id: 'cluster', type: 'millrace-kafka-cluster', brokers: kafka.brokers },
      {
        id: ingest,
        z: 'tab',
        type: 'millrace-mqtt-ingest',
        broker: 'server',
        topic: `${org}/{device_id}/reading`,
        output: 'messages',
        wires: [['producer'], []]
      },
      {
        id: 'producer',
        z: 'tab',
        type: 'millrace-kafka-producer',
        cluster: 'cluster',
        topic,
        wires: [[], []]
      }
    ]
    const numbers = ({ id }: { id: string }) => report().nodes.find(node => node.id === id)
    await red.deploy(flow(false))
    await until('the subscription', () => numbers({ id: ingest })?.status?.healthy, 20_000)
    const publisher = await device(mqtt.url)
    for (let i = 0; i < COUNT; i++)
      await publisher.publishAsync(`${org}/d1/reading`, `{"i":${i}}`, { qos: 1 })
    await until('all in the flow', () => numbers({ id: ingest })?.counts.inFlight === COUNT, 20_000)
    await red.deploy(flow(true))
    await makeTopics(kafka.brokers, { [topic]: 1 })
    await red.deploy(flow(false))
    await until(
      'all in the topic',
      async () => (await endOf(kafka.brokers, topic)) >= COUNT,
      60_000,
      200
    )
    const found = await until(
      'a look at the topic',
      () => readTopic(kafka.brokers, topic),
      30_000,
      500
    )
    const values = found.map(({ value }) => JSON.parse(value!.toString()) as { i: number })
    assert.deepEqual(
      [...new Set(values.map(({ i }) => i))].sort((a, b) => a - b),
      Array.from({ length: COUNT }, (_, i) => i)
    )
    await red.deploy([])
    await publisher.endAsync()
  })
})
