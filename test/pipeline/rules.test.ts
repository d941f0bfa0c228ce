import assert from 'node:assert/strict'
import { ensureTable } from '../../stack/table.ts'
import { makeTopics, readTopic } from '../kafka-topics.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import { endSession, namesFor, pipeline } from './tabs.ts'

const hotAtSite1 = {
  match: 'all',
  conditions: [
    { field: 'value', operator: 'gt', value: 30 },
    { field: 'msg.topic', operator: 'topic_matches', value: 'acme/site-01/#' }
  ]
}
const never = { match: 'all', conditions: [{ field: 'value', operator: 'gt', value: 1000 }] }

describe('rules behind the clean topic of the shipped pipeline', function () {
  this.timeout(120_000)
  const names = namesFor(`rules-${process.pid}`)
  let nodeRed: NodeRedProcess
  let mqttUrl: string
  let brokers: string

  before(async () => {
    const { mqtt, kafka, timescale } = await services('mqtt', 'kafka', 'timescale')
    mqttUrl = mqtt.url
    brokers = kafka.brokers
    await makeTopics(brokers, { [names.raw]: 4, [names.clean]: 4, [names.deadLetter]: 1 })
    await ensureTable(timescale.url)
    const tab = { z: 'rules' }
    nodeRed = new NodeRedProcess({
      flow: [
        ...pipeline(['ingest', 'process'], names),
        { id: 'rules', type: 'tab' },
        {
          ...tab,
          id: 'rules-read',
          type: 'millrace-kafka-consumer',
          cluster: 'millrace-cluster',
          topics: names.clean,
          groupId: `rules-${names.suffix}`,
          wires: [['rules-route'], []]
        },
        {
          ...tab,
          id: 'rules-route',
          type: 'millrace-route',
          rules: [hotAtSite1, never],
          otherwise: false,
          outputs: 2,
          wires: [['rules-end'], []]
        },
        { ...tab, id: 'rules-end', type: 'debug', active: false, wires: [] }
      ],
      environment: { MQTT_URL: mqttUrl, KAFKA_BROKERS: brokers, TIMESCALE_URL: timescale.url }
    })
    await nodeRed.start()
    await nodeRed.healthy('millrace-mqtt-ingest')
  })
  after(async () => {
    await nodeRed?.remove()
    await endSession(mqttUrl, names)
  })

  const nodeOf = async (id: string) => (await nodeRed.metrics()).nodes.find(node => node.id === id)
  const reading = (site: string, value: number, last = 'reading') => ({
    topic: `acme/${site}/temperature/sensor-001/${last}`,
    payload: JSON.stringify({
      device_id: 'sensor-001',
      metric: 'temperature_c',
      value,
      ts: Date.now()
    })
  })

  it('"value > 30 at site-01" is met by the topic that the device published to, and a rule that nothing meets says so', async () => {
    await publish(mqttUrl, [reading('site-01', 35), reading('site-02', 35), reading('site-01', 20)])
    const counts = await until('the three', async () => {
      const route = await nodeOf('rules-route')
      return route?.counts.in === 3 ? route.counts : undefined
    })
    assert.deepEqual([counts.out, counts.filtered], [1, 2])
    await until('the status', async () =>
      (await nodeOf('rules-route'))?.status?.text.includes('rule 2 never met in 3')
    )
    const [first] = await readTopic(brokers, names.clean)
    assert.match(
      first?.headers['mqtt.topic'] ?? '',
      /^acme\/site-0\d\/temperature\/sensor-001\/reading$/
    )
    assert.match(first?.headers['millrace.time'] ?? '', /^\d{13}$/)
    assert.deepEqual(Object.keys(first?.headers ?? {}).sort(), ['millrace.time', 'mqtt.topic'])
  })

  it('an alert beside the readings is not for the ingest of readings, and no dead letter; a topic of no such place is one', async () => {
    const before = await nodeOf('ingest-take')
    await publish(mqttUrl, [
      reading('site-01', 99, 'alert'),
      { topic: 'acme/site-01/sensor-001/reading', payload: '{}' }
    ])
    const after = await until('both', async () => {
      const now = await nodeOf('ingest-take')
      return (now?.counts.in ?? 0) >= (before?.counts.in ?? 0) + 2 && now?.counts.inFlight === 0
        ? now
        : undefined
    })
    assert.deepEqual(
      [after.counts.filtered, after.counts.rejected],
      [(before?.counts.filtered ?? 0) + 1, (before?.counts.rejected ?? 0) + 1]
    )
    assert.equal(after.gauges['not for this node'], 1)
    await until('the status', async () =>
      (await nodeOf('ingest-take'))?.status?.text.includes('1 TOPIC_MISMATCH')
    )
    const letters = await until('the letter', async () => {
      const found = await readTopic(brokers, names.deadLetter)
      return found.length > 0 ? found : undefined
    })
    assert.deepEqual(
      letters.map(({ headers }) => [headers['millrace.reason.code'], headers['mqtt.topic']]),
      [['TOPIC_MISMATCH', 'acme/site-01/sensor-001/reading']]
    )
  })
})
