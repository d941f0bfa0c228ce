import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { MetricsReport } from '../../core/node/metrics.ts'
import { ensureTable } from '../../stack/table.ts'
import { endOf, makeTopics, readTopic } from '../kafka-topics.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { account, countRows, expectedOf, rowsOf } from '../pipeline/account.ts'
import { readings } from '../pipeline/readings.ts'
import { endSession, namesFor, pipeline } from '../pipeline/tabs.ts'
import { publish } from '../publish.ts'
import { kill, restart, services } from '../services.ts'
import { until } from '../until.ts'

const LONG = process.env.MILLRACE_CRASH === 'long'
const AWAY_S = LONG ? 600 : 8
/** More than the sources may take in that time: they have to stop reading. */
const PER_SECOND = LONG ? 200 : 1_000
const BOUNDS = { maxInFlight: 2_000, batches: 20 }

/** What the pipeline holds while a service is away, twice a second. */
interface Sample {
  readonly report: MetricsReport
  /** Resident memory of Node-RED, bytes. */
  readonly rss: number
}

const SOURCES = ['ingest-take', 'process-read', 'persist-read']
const countsOf = ({ report }: Sample, id: string) =>
  report.nodes.find(node => node.id === id)!.counts

describe(`an outage of ${AWAY_S} s under load: nothing piles up, nothing is lost`, function () {
  this.timeout((AWAY_S * 4 + 240) * 1000)

  /** Publishes while the service is away and until all is stored; gives what was seen meanwhile. */
  async function outage(service: 'kafka' | 'postgres'): Promise<Sample[]> {
    const { mqtt, kafka, postgres } = await services('mqtt', 'kafka', 'postgres')
    const names = namesFor(`outage-${service}-${process.pid}`)
    await makeTopics(kafka.brokers, { [names.raw]: 4, [names.clean]: 4, [names.deadLetter]: 2 })
    const flow = pipeline(['ingest', 'process', 'persist'], names, {
      'millrace-mqtt-ingest': { maxInFlight: BOUNDS.maxInFlight },
      'millrace-kafka-consumer': { maxInFlight: BOUNDS.batches }
    })
    await ensureTable(postgres.url)
    const environment = {
      MQTT_URL: mqtt.url,
      KAFKA_BROKERS: kafka.brokers,
      TIMESCALE_URL: postgres.url
    }
    const nodeRed = new NodeRedProcess({ flow, environment })
    const samples: Sample[] = []
    try {
      await nodeRed.start()
      for (const type of [
        'millrace-mqtt-ingest',
        'millrace-kafka-consumer',
        'millrace-timescale-sink'
      ])
        await nodeRed.healthy(type)
      const sent = readings(Math.round(PER_SECOND * AWAY_S * 1.2), Date.now())
      const expected = expectedOf(sent)
      const published = publish(mqtt.url, sent, { perSecond: PER_SECOND })
      await until(
        'rows',
        async () => (await countRows(postgres.url, names.table)) > PER_SECOND,
        30_000
      )
      await kill(service)
      for (
        const endMs = performance.now() + AWAY_S * 1000;
        performance.now() < endMs;
        await wait(500)
      ) {
        samples.push({ report: await nodeRed.metrics(), rss: nodeRed.residentBytes })
      }
      await restart(service)
      await published
      const arrived = async () =>
        (await countRows(postgres.url, names.table)) >= expected.rows &&
        (await endOf(kafka.brokers, names.deadLetter)) >= expected.letters
      await until('everything to arrive', arrived, (AWAY_S + 90) * 1000, 500)
      await until(
        'nothing in flight',
        async () => (await nodeRed.metrics()).nodes.every(({ counts }) => counts.inFlight === 0),
        20_000
      )
      samples.push({ report: await nodeRed.metrics(), rss: nodeRed.residentBytes })
      const found = account(
        sent,
        await rowsOf(postgres.url, names.table),
        await readTopic(kafka.brokers, names.deadLetter)
      )
      assert.deepEqual([found.lost, found.strange, found.rowsTwice], [[], [], 0])
      return samples
    } finally {
      await nodeRed.remove()
      await endSession(mqtt.url, names)
    }
  }

  /**
   * Taken = stored + rejected + filtered + duplicates + in flight, at every source and at every
   * moment.
   */
  function assertLedger(samples: readonly Sample[]): void {
    for (const sample of samples) {
      for (const source of SOURCES) {
        const {
          in: read,
          returned,
          stored,
          rejected,
          filtered,
          duplicates,
          inFlight
        } = countsOf(sample, source)
        assert.equal(read - returned, stored + rejected + filtered + duplicates + inFlight, source)
      }
    }
  }

  function assertBounded(samples: readonly Sample[], source: string, bound: number): void {
    const during = samples.slice(0, -1)
    const late = during.slice(during.length >> 1)
    assert.ok(
      Math.max(...during.map(sample => countsOf(sample, source).inFlight)) <= bound,
      'keeps to its bound'
    )
    assert.equal(
      countsOf(late.at(-1)!, source).in,
      countsOf(late[0]!, source).in,
      'has stopped reading'
    )
    const [before, after] = [late[0]!.rss, late.at(-1)!.rss].map(bytes => bytes / 2 ** 20) as [
      number,
      number
    ]
    assert.ok(
      after <= before * 1.15,
      `memory grew from ${Math.round(before)} to ${Math.round(after)} MB`
    )
  }

  it('of Kafka: mqtt ingest stops reading, the broker holds the rest', async () => {
    const samples = await outage('kafka')
    assertLedger(samples)
    assertBounded(samples, 'ingest-take', BOUNDS.maxInFlight)
    const producer = samples.at(-2)!.report.nodes.find(({ id }) => id === 'ingest-raw')
    assert.equal(producer?.status?.healthy, false)
    assert.match(producer?.status?.text ?? '', /waiting · broker away/)
  })

  it('of the database: the kafka consumer stops reading, Kafka holds the rest', async () => {
    const samples = await outage('postgres')
    assertLedger(samples)
    assertBounded(samples, 'persist-read', BOUNDS.batches * 500)
    const sink = samples.at(-2)!.report.nodes.find(({ id }) => id === 'persist-store')
    assert.equal(sink?.status?.healthy, false)
    assert.match(sink?.status?.text ?? '', /waiting.*database away/)
  })
})
