// Mostly waits.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { MqttClient } from 'mqtt'
import { conformanceNodes } from '../../core/conformance/nodes.ts'
import { type SourceSubject, sourceChecks } from '../../core/conformance/source-checks.ts'
import httpIngest from '../../nodes/http-ingest/runtime.ts'
import kafkaCluster from '../../nodes/kafka-cluster/runtime.ts'
import kafkaConsumer from '../../nodes/kafka-consumer/runtime.ts'
import mqttBroker from '../../nodes/mqtt-broker/runtime.ts'
import mqttIngest from '../../nodes/mqtt-ingest/runtime.ts'
import sparkplugIngest from '../../nodes/sparkplug-ingest/runtime.ts'
import { makes } from '../brokers.ts'
import { kafkaRig, type Rig } from '../core/kafka/kafka-rig.ts'
import { device, unique } from '../core/mqtt/rig.ts'
import { type RunningNodeRed, startNodeRed } from '../node-red.ts'
import { httpSubject } from '../nodes/http-ingest/subject.ts'
import { sparkplugSubject } from '../nodes/sparkplug-ingest/subject.ts'

describe('conformance of the sources, each fed by its own protocol', function () {
  this.timeout(90_000)
  let nodeRed: RunningNodeRed
  let rig: Rig
  const make = makes.at(-1)!
  let publisher: MqttClient
  let mqttUrl: string

  before(async function () {
    this.timeout(180_000)
    rig = await kafkaRig()
    // Artemis 2.55 lets two messages of one device change places now and then, on a busy machine.
    mqttUrl = await make.start()
    publisher = await device(mqttUrl)
    nodeRed = await startNodeRed({
      nodes: [
        conformanceNodes,
        mqttBroker,
        mqttIngest,
        sparkplugIngest,
        kafkaCluster,
        kafkaConsumer,
        httpIngest
      ]
    })
  })
  after(async () => {
    await nodeRed.stop()
    await publisher.endAsync()
    await rig.close()
    await make.stop()
  })

  const kafka = (config: object): SourceSubject => ({
    type: 'millrace-kafka-consumer',
    async place() {
      const topic = await rig.topic(3)
      return {
        config: {
          cluster: 'cluster',
          topics: topic,
          groupId: `g-${randomUUID()}`,
          acknowledge: 'stored',
          ...config
        },
        around: [{ id: 'cluster', type: 'millrace-kafka-cluster', brokers: rig.brokers }],
        async feed(bodies, lane) {
          const messages = bodies.map(value => ({ partition: lane, key: String(lane), value }))
          await rig.feed.send({ topic, messages })
        }
      }
    }
  })

  const mqtt = (config: object): SourceSubject => ({
    type: 'millrace-mqtt-ingest',
    async place() {
      const org = unique('org')
      return {
        config: {
          broker: 'broker',
          topic: `${org}/{device_id}`,
          acknowledge: 'stored',
          clientId: org,
          ...config
        },
        around: [{ id: 'broker', type: 'millrace-mqtt-broker', url: mqttUrl }],
        async feed(bodies, lane) {
          for (const body of bodies)
            await publisher.publishAsync(`${org}/d${lane}`, body, { qos: 1 })
        }
      }
    }
  })

  const subjects: Readonly<Record<string, SourceSubject>> = {
    'kafka-consumer': kafka({}),
    'kafka-consumer, a record a message': kafka({
      batchSize: 1,
      maxInFlight: 1000,
      specVersion: 2
    }),
    'mqtt-ingest': mqtt({}),
    'mqtt-ingest with QoS 2, in small batches': mqtt({ qos: '2', batchSize: 7 }),
    'sparkplug-ingest': sparkplugSubject(() => ({ url: mqttUrl, publisher })),
    'http-ingest': httpSubject(() => nodeRed.url)
  }
  for (const [name, subject] of Object.entries(subjects)) {
    describe(name, () => {
      for (const check of sourceChecks) it(check.name, () => check.run(nodeRed, subject))
    })
  }

  describe('finds what is wrong with a source', () => {
    const fails = (name: string, subject: SourceSubject, sentence: RegExp) => {
      const check = sourceChecks.find(each => each.name.startsWith(name)) ?? assert.fail(name)
      return assert.rejects(check.run(nodeRed, subject), sentence)
    }
    it('that acknowledges before anything is stored', () =>
      fails(
        'gives back',
        kafka({ acknowledge: 'received' }),
        /What the flow has not stored is in flight/
      ))
    it('that lets through what is no record', () =>
      fails(
        'accounts',
        kafka({ output: 'messages' }),
        /Each record has left once|leaves by the output "rejected"/
      ))
  })
})
