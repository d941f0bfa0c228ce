import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { metricsFor } from '../../core/node/metrics.ts'
import { ensureTable } from '../../stack/table.ts'
import { ROOT } from '../house/sources.ts'
import { endOf, makeTopics, readTopic } from '../kafka-topics.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import { account, countRows, expectedOf, rowsOf } from './account.ts'
import { readings } from './readings.ts'
import { namesFor, pipeline } from './tabs.ts'

const READINGS = 20_000

/** What its command publishes, as a shell makes it of the words there. */
function readmeReading(): { topic: string; payload: string } {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const [, topic, message] = /npx mqtt publish [^\n]* -t (\S+) \\\n\s+-m (.+)\n/.exec(readme) ?? []
  const payload = execFileSync('sh', ['-c', `printf %s ${message}`], { encoding: 'utf8' })
  return { topic: topic!, payload }
}

describe('the whole pipeline, on real services', function () {
  this.timeout(180_000)

  const names = namesFor(`e2e-${process.pid}`)
  let nodeRed: NodeRedProcess
  let mqttUrl: string
  let brokers: string
  let database: string

  before(async () => {
    const { mqtt, kafka, timescale } = await services('mqtt', 'kafka', 'timescale')
    mqttUrl = mqtt.url
    brokers = kafka.brokers
    database = timescale.url
    await makeTopics(brokers, { [names.raw]: 8, [names.clean]: 8, [names.deadLetter]: 4 })
    await ensureTable(database)
    nodeRed = new NodeRedProcess({
      flow: pipeline(['ingest', 'process', 'persist', 'monitor'], names),
      environment: { MQTT_URL: mqttUrl, KAFKA_BROKERS: brokers, TIMESCALE_URL: database }
    })
    await nodeRed.start()
    await nodeRed.healthy('millrace-mqtt-ingest')
  })
  after(() => nodeRed?.remove())

  it(`puts each of ${READINGS} readings into the table once or into the dead-letter topic with its reason`, async () => {
    const sent = readings(READINGS, Date.now())
    const expected = expectedOf(sent)
    await publish(mqttUrl, sent)
    await until(
      `${expected.rows} rows`,
      async () => (await countRows(database, names.table)) >= expected.rows,
      120_000,
      500
    )
    await until(
      `${expected.letters} dead letters`,
      async () => (await endOf(brokers, names.deadLetter)) >= expected.letters,
      30_000,
      500
    )
    const letters = await readTopic(brokers, names.deadLetter)
    const found = account(sent, await rowsOf(database, names.table), letters)
    assert.deepEqual({ lost: found.lost, strange: found.strange }, { lost: [], strange: [] })
    assert.deepEqual(
      [found.stored, found.deadLetters, found.rowsTwice],
      [expected.rows, expected.letters, 0]
    )
    for (const { headers } of letters)
      assert.ok(
        headers['millrace.reason.message'] && headers['millrace.stage'],
        JSON.stringify(headers)
      )
  })

  it('counts so that everything adds up, at every source and from node to node', async () => {
    const report = await until(
      'nothing in flight',
      async () => {
        const { nodes } = await nodeRed.metrics()
        return nodes.every(({ counts }) => counts.inFlight === 0) ? nodes : undefined
      },
      20_000
    )
    const of = (id: string) =>
      report.find(node => node.id === id)?.counts ?? metricsFor('none', 'none', '').counts()
    for (const source of ['ingest-take', 'process-read', 'persist-read']) {
      const { in: taken, stored, rejected, filtered, duplicates } = of(source)
      assert.ok(taken > 0, source)
      assert.equal(
        taken,
        stored + rejected + filtered + duplicates,
        `${source}: ${JSON.stringify(of(source))}`
      )
    }
    assert.equal(of('ingest-take').in, READINGS)
    assert.equal(of('ingest-raw').stored, await endOf(brokers, names.raw))
    assert.equal(of('process-clean').stored, await endOf(brokers, names.clean))
    assert.equal(of('persist-store').stored, await countRows(database, names.table))
    const lettersWritten = ['ingest', 'process', 'persist'].reduce(
      (sum, tab) => sum + of(`${tab}-dead-letters`).rejected,
      0
    )
    assert.equal(lettersWritten, await endOf(brokers, names.deadLetter))
    for (const step of ['validate', 'normalize', 'enrich']) {
      const { in: received, out } = of(`process-${step}`)
      assert.equal(received, out, step)
    }
  })

  it('stores what devices send that nobody has named, and counts them', async () => {
    const { nodes } = await nodeRed.metrics()
    const enrich = nodes.find(({ id }) => id === 'process-enrich')!
    const strangers = new Set(
      readings(READINGS, 0).flatMap(({ kind, payload }) =>
        kind === 'unknown device' ? String(payload) : []
      )
    )
    const future = readings(READINGS, 0).filter(({ kind }) => kind === 'clock in the future').length
    assert.ok(strangers.size > 10 && future > 10)
    assert.equal(enrich.gauges['new devices'], strangers.size)
    assert.match(nodeRed.output, /New device/)
    assert.deepEqual(enrich.refused, {})
    assert.equal(nodes.find(({ id }) => id === 'process-normalize')?.refused.TS_FUTURE, future)
  })

  it('stores the reading of the README within a second', async () => {
    const before = await countRows(database, names.table)
    await publish(mqttUrl, [readmeReading()])
    const acknowledgedMs = performance.now()
    await until(
      'its row',
      async () => (await countRows(database, names.table)) === before + 1,
      5_000,
      20
    )
    const tookMs = performance.now() - acknowledgedMs
    assert.ok(tookMs < 1000, `it took ${Math.round(tookMs)} ms`)
  })
})
