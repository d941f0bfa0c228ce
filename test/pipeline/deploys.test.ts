import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { ensureTable } from '../../stack/table.ts'
import { endOf, makeTopics, readTopic } from '../kafka-topics.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { type Publication, publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import { countRows } from './account.ts'
import { deviceId } from './readings.ts'
import { namesFor, pipeline } from './tabs.ts'

const PER_SECOND = 1_000
const DEPLOYS = 6
/**
 * Someone who changes and deploys all the time; the group needs a moment to come together again
 * after each.
 */
const BETWEEN_MS = 1_500
/** One in so many is no JSON. */
const BAD = 5

/** Each unlike any other, so that whatever is there twice was written twice. */
function publications(from: number, count: number): Publication[] {
  const nowMs = Date.now()
  return Array.from({ length: count }, (_, index) => {
    const device_id = deviceId(index)
    const text = JSON.stringify({
      device_id,
      metric: 'temperature_c',
      value: from + index,
      ts: nowMs - index
    })
    return {
      topic: `acme/site-01/temperature/${device_id}/reading`,
      payload: index % BAD === 0 ? text.slice(0, -1) : text
    }
  })
}

describe('full deploys of the whole pipeline under load', function () {
  this.timeout(180_000)

  const names = namesFor(`deploys-${process.pid}`)
  let nodeRed: NodeRedProcess
  let [mqttUrl, brokers, database] = ['', '', '']

  before(async () => {
    const { mqtt, kafka, timescale } = await services('mqtt', 'kafka', 'timescale')
    mqttUrl = mqtt.url
    brokers = kafka.brokers
    database = timescale.url
    await makeTopics(brokers, { [names.raw]: 4, [names.clean]: 4, [names.deadLetter]: 2 })
    await ensureTable(database)
    nodeRed = new NodeRedProcess({
      flow: pipeline(['ingest', 'process', 'persist'], names),
      environment: { MQTT_URL: mqttUrl, KAFKA_BROKERS: brokers, TIMESCALE_URL: database }
    })
    await nodeRed.start()
    await nodeRed.healthy('millrace-mqtt-ingest')
  })
  after(() => nodeRed?.remove())

  /** A second's worth after the other. */
  async function publishUntil(isOver: () => boolean): Promise<Publication[]> {
    const sent: Publication[] = []
    while (!isOver()) {
      const next = publications(sent.length, PER_SECOND)
      await publish(mqttUrl, next, { perSecond: PER_SECOND })
      sent.push(...next)
    }
    return sent
  }

  it(`${DEPLOYS} deploys write nothing twice and lose nothing`, async () => {
    let isOver = false
    const publishing = publishUntil(() => isOver)
    for (let count = 0; count < DEPLOYS; count++) {
      await wait(BETWEEN_MS)
      await nodeRed.redeploy()
    }
    await wait(BETWEEN_MS)
    isOver = true
    const sent = await publishing
    const bad = sent.filter((_, index) => index % BAD === 0).length
    await until(
      `${sent.length - bad} rows`,
      async () => (await countRows(database, names.table)) >= sent.length - bad,
      60_000,
      200
    )
    await until(
      `${bad} dead letters`,
      async () => (await endOf(brokers, names.deadLetter)) >= bad,
      30_000,
      200
    )
    const twice: Record<string, number> = {}
    for (const topic of ['raw', 'clean', 'deadLetter'] as const) {
      const values = (await readTopic(brokers, names[topic])).map(({ value }) => String(value))
      twice[topic] = values.length - new Set(values).size
    }
    const rows = await countRows(database, names.table)
    assert.deepEqual(
      { ...twice, rows },
      { raw: 0, clean: 0, deadLetter: 0, rows: sent.length - bad }
    )
  })
})
