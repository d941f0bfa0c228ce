import { ensureTable } from '../../stack/table.ts'
import { makeTopics } from '../kafka-topics.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import { endSession, namesFor, pipeline } from './tabs.ts'

const MB = 1024 * 1024
/** A Node-RED without any palette needs 85 to 95. */
const IDLE_MB = 125
/** The engine gives back what the start has taken some ten to twenty seconds after it. */
const CALM_LIMIT_MS = 60_000

describe('memory of the whole pipeline', function () {
  this.timeout(180_000)

  const names = namesFor(`memory-${process.pid}`)
  let nodeRed: NodeRedProcess
  let mqttUrl = ''

  before(async () => {
    const { mqtt, kafka, timescale } = await services('mqtt', 'kafka', 'timescale')
    mqttUrl = mqtt.url
    await makeTopics(kafka.brokers, { [names.raw]: 4, [names.clean]: 4, [names.deadLetter]: 2 })
    await ensureTable(timescale.url)
    nodeRed = new NodeRedProcess({
      flow: pipeline(['ingest', 'process', 'persist'], names),
      environment: {
        MQTT_URL: mqttUrl,
        KAFKA_BROKERS: kafka.brokers,
        TIMESCALE_URL: timescale.url
      }
    })
    await nodeRed.start()
    for (const type of ['mqtt-ingest', 'kafka-consumer', 'timescale-sink'])
      await nodeRed.healthy(`millrace-${type}`)
  })
  after(async () => {
    await nodeRed?.remove()
    await endSession(mqttUrl, names)
  })

  it(`is at most ${IDLE_MB} MB while nothing comes`, () =>
    until(
      `${Math.round(nodeRed.residentBytes / MB)} MB to become at most ${IDLE_MB}`,
      async () => nodeRed.residentBytes <= IDLE_MB * MB,
      CALM_LIMIT_MS,
      500
    ))
})
