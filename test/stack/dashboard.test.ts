import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allMetrics, forgetMetrics } from '../../core/node/metrics.ts'
import type { Database } from '../../core/postgres/pool.ts'
import timescaleDatabase from '../../nodes/timescale-database/runtime.ts'
import timescaleSink from '../../nodes/timescale-sink/runtime.ts'
import { repository } from '../../stack/services.ts'
import { countRows, databaseAt } from '../core/postgres/table-under-test.ts'
import { endOf, kafkaOf, makeTopics } from '../kafka-topics.ts'
import { type KafkaFlow, startKafkaFlow } from '../nodes/kafka-flow.ts'
import type { OwnServer } from '../servers/own-server.ts'
import { missing, prometheusOf, promtool } from '../servers/prometheus.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

interface Panel {
  readonly title: string
  readonly targets: readonly { readonly expr?: string }[]
}

/** Of EMQX, or of nodes that are not in this flow. */
const ELSEWHERE = /emqx_|mqtt-ingest"}/

const folder = join(repository, 'stack', 'compose')
const dashboard = JSON.parse(readFileSync(join(folder, 'pipeline-dashboard.json'), 'utf8')) as {
  panels: Panel[]
}
const queries = dashboard.panels.flatMap(({ title, targets }) =>
  targets.flatMap(({ expr }) => (expr === undefined ? [] : [{ title, expr }]))
)

if (missing === undefined)
  describe('the dashboard and the rules', function () {
    this.timeout(60_000)
    let flow: KafkaFlow
    let server: OwnServer
    let prometheus = ''
    let database: Database
    let brokers = ''
    const topic = `dashboard-${process.pid}`
    const table = `dashboard_${process.pid}`

    before(async () => {
      // Files of a folder share a process, and with it what nodes of others have counted.
      for (const { id } of allMetrics()) forgetMetrics(id)
      const found = await services('kafka', 'timescale')
      brokers = found.kafka.brokers
      database = databaseAt(found.timescale.url)
      await makeTopics(brokers, { [topic]: 2 })
      flow = await startKafkaFlow(timescaleDatabase, timescaleSink)
      const config = {
        id: 'database',
        type: 'millrace-timescale-database',
        url: found.timescale.url,
        z: undefined
      }
      await flow.deploy(brokers, [
        config as never,
        {
          id: 'read',
          type: 'millrace-kafka-consumer',
          name: 'reader',
          topics: topic,
          groupId: topic,
          wires: [['store'], ['letters']]
        },
        {
          id: 'store',
          type: 'millrace-timescale-sink',
          name: 'store',
          database: 'database',
          table,
          wires: [[], ['letters']]
        },
        { id: 'letters', type: 'seen', wires: [] }
      ])
      const made = prometheusOf(new URL(flow.nodeRed.url).host)
      server = made.server
      prometheus = await made.url()
    })
    after(async () => {
      await server?.end()
      await flow?.stop()
      await database?.query(`DROP TABLE IF EXISTS ${table}`)
      await database?.close()
    })

    const ask = async (query: string): Promise<number[]> => {
      const answer = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`)
      const { status, data, error } = (await answer.json()) as {
        status: string
        error?: string
        data?: { result: { value: [number, string] }[] }
      }
      assert.equal(status, 'success', `${query}: ${error}`)
      return data!.result.map(({ value }) => Number(value[1]))
    }
    let sent = 0
    const send = async (value: unknown) => {
      const producer = kafkaOf(brokers).producer()
      await producer.connect()
      for (let n = 0; n < 20; n++, sent++) {
        const record = { device_id: `d${sent}`, metric: 'm', ts_utc: new Date().toISOString() }
        const text = JSON.stringify({ ...record, value })
        await producer.send({ topic, messages: [{ key: `d${sent}`, value: text }] })
      }
      await producer.disconnect()
    }

    it('promtool finds nothing wrong with the metrics', async () => {
      const text = await (await fetch(`${flow.nodeRed.url}/millrace/metrics/prometheus`)).text()
      const checked = spawnSync(promtool!, ['check', 'metrics'], { input: text, encoding: 'utf8' })
      assert.deepEqual([checked.stdout + checked.stderr, checked.status], ['', 0])
    })

    it('the alerts come when they should, and only then', () => {
      const tested = spawnSync(promtool!, ['test', 'rules', join(folder, 'rules.test.yml')], {
        cwd: folder,
        encoding: 'utf8'
      })
      assert.equal(tested.status, 0, tested.stdout + tested.stderr)
    })

    it('every query gets data of a run in which some records are rejected', async () => {
      await send(1)
      await until('the first look', async () => (await ask('millrace_records_in_total')).length > 0)
      await send(2)
      await send('no number')
      // A counter that appears has no rate yet.
      const refused = 'millrace_records_refused_total{name="store"}'
      await until('the first refusals', async () => (await ask(refused))[0] === 20)
      await send('no number')
      await until(
        'the counts at Prometheus',
        async () =>
          (await ask('millrace_records_in_total{name="store"}'))[0] === sent &&
          (await ask('sum(rate(millrace_records_refused_total[1m]))')).some(rate => rate > 0)
      )
      for (const { title, expr } of queries.filter(({ expr }) => !ELSEWHERE.test(expr))) {
        const values = await ask(expr)
        assert.ok(values.length > 0, `${title}: ${expr} gets nothing`)
        assert.ok(values.every(Number.isFinite), `${title}: ${expr} gets ${values}`)
      }
      for (const { expr } of queries) await ask(expr)
    })

    it('and they agree with what is in the database and at the brokers', async () => {
      await until('everything to be dealt with', async () =>
        (await ask('sum(millrace_consumer_lag_records)')).every(lag => lag === 0)
      )
      const rows = await countRows(database, table)
      assert.deepEqual(await ask('millrace_records_stored_total{name="store"}'), [rows])
      assert.deepEqual(await ask('millrace_records_in_total{name="reader"}'), [
        await endOf(brokers, topic)
      ])
      assert.deepEqual(await ask('millrace_records_rejected_total{name="store"}'), [sent - rows])
      assert.deepEqual(await ask('sum(millrace_batch_records_sum)'), [sent])
      assert.deepEqual(await ask('count(millrace_consumer_lag_records)'), [2])
    })
  })
else console.log(`⚠ not run: the dashboard and the rules at a real Prometheus: ${missing}`)
