import assert from 'node:assert/strict'
import { device, unique } from '../core/mqtt/rig.ts'
import { makeTopics, readTopic } from '../kafka-topics.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

describe('a Node-RED that is started in safe mode', function () {
  this.timeout(120_000)

  it('starts no flow and ends no session; what devices sent meanwhile arrives after the deploy', async () => {
    const { mqtt, kafka } = await services('mqtt', 'kafka')
    const [org, topic, clientId] = [unique('org'), unique('safe'), unique('client')]
    await makeTopics(kafka.brokers, { [topic]: 1 })
    const flow = [
      { id: 'tab', type: 'tab' },
      { id: 'server', type: 'millrace-mqtt-broker', url: mqtt.url, clientId },
      { id: 'cluster', type: 'millrace-kafka-cluster', brokers: kafka.brokers },
      {
        id: 'ingest',
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
    const nodeRed = new NodeRedProcess({ flow })
    const publisher = await device(mqtt.url)
    const publish = (...values: string[]) =>
      Promise.all(
        values.map(value => publisher.publishAsync(`${org}/d/reading`, value, { qos: 1 }))
      )
    const found = async () =>
      (await readTopic(kafka.brokers, topic)).map(({ value }) => String(value)).sort()
    try {
      await nodeRed.start()
      await nodeRed.healthy('millrace-mqtt-ingest')
      await publish('1', '2')
      await until('the first', async () => (await found()).length === 2)
      await nodeRed.end('SIGTERM')
      await publish('3', '4')
      await nodeRed.launch('--safe')
      const report = await until('the palette', () => nodeRed.metrics(), 60_000, 100)
      assert.deepEqual(report.nodes, [])
      await publish('5', '6')
      await nodeRed.end('SIGTERM')
      await nodeRed.launch('--safe')
      await until('the palette', () => nodeRed.metrics(), 60_000, 100)
      await nodeRed.redeploy()
      await nodeRed.healthy('millrace-mqtt-ingest')
      await publish('7')
      await until('all', async () => (await found()).length >= 7)
      assert.deepEqual(await found(), ['1', '2', '3', '4', '5', '6', '7'])
    } finally {
      await publisher.endAsync()
      await nodeRed.remove()
    }
  })
})
