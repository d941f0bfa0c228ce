import assert from 'node:assert/strict'
import { metricsFor } from '../../../core/node/metrics.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import timescaleDatabase from '../../../nodes/timescale-database/runtime.ts'
import timescaleSink from '../../../nodes/timescale-sink/runtime.ts'
import { makeTopics } from '../../kafka-topics.ts'
import type { FlowEntry } from '../../node-red.ts'
import { type KafkaFlow, startKafkaFlow } from '../../nodes/kafka-flow.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { databaseAt } from '../postgres/table-under-test.ts'

describe('the checks at deploy in Node-RED', function () {
  this.timeout(60_000)
  let flow: KafkaFlow
  let brokers = ''
  let url = ''
  let database: Database
  const topic = `advice-${process.pid}`
  const tables = ['bare', 'kept'].map(name => `advice_${name}_${process.pid}`)

  before(async () => {
    const { kafka, timescale } = await services('kafka', 'timescale')
    brokers = kafka.brokers
    url = timescale.url
    database = databaseAt(url)
    await makeTopics(brokers, { [topic]: 1 })
    await database.query(
      `CREATE TABLE ${tables[0]} (time timestamptz NOT NULL, device_id text, metric text, location text, value float8)`
    )
    flow = await startKafkaFlow(timescaleDatabase, timescaleSink)
  })
  after(async () => {
    await flow?.stop()
    for (const table of tables) await database?.query(`DROP TABLE IF EXISTS ${table}`)
    await database?.close()
  })

  const reader = (id: string, to: string): FlowEntry => ({
    id,
    type: 'millrace-kafka-consumer',
    cluster: 'cluster',
    topics: topic,
    groupId: topic,
    wires: [[to], ['letters']]
  })
  const store = (id: string, table: string, more: object = {}): FlowEntry => ({
    id,
    type: 'millrace-timescale-sink',
    database: 'database',
    table,
    wires: [[], []],
    ...more
  })
  const codes = (id: string, type = 'millrace-timescale-sink') =>
    metricsFor(id, type, '').findings.map(({ code }) => code)
  const deploy = (more: object = {}) =>
    flow.deploy(brokers, [
      { id: 'database', type: 'millrace-timescale-database', url, z: undefined } as never,
      reader('first', 'bare'),
      reader('second', 'bare'),
      store('bare', tables[0]!, more),
      store('kept', tables[1]!, { wires: [[], ['letters']] }),
      { id: 'letters', type: 'seen', wires: [] }
    ])
  const told = () => flow.nodeRed.logs.map(({ msg }) => String(msg))

  it('tell what they find in the log, once each, in the metrics and in the status', async () => {
    await deploy()
    await until('what is known of the table', () => codes('bare').length === 3, 20_000)
    assert.deepEqual(codes('bare'), ['REJECTED_UNWIRED', 'NO_RETENTION', 'NO_UNIQUE_KEY'])
    await until(
      'the policies of a table that the node has made',
      () => metricsFor('kept', 'millrace-timescale-sink', '').status?.healthy === true
    )
    assert.deepEqual(codes('kept'), [])
    for (const code of codes('bare'))
      assert.equal(told().filter(line => line.endsWith(`(${code})`)).length, 1, code)
    await until('the mark', () =>
      flow.statusOf('bare').some(text => text === '0 stored · ⚠' || / ⚠ rejected/.test(text))
    )
    assert.ok(told().some(line => /create_hypertable/.test(line)))
  })

  it('a member of a group that has no partition left says so', async () => {
    const idle = () =>
      ['first', 'second'].filter(id => codes(id, 'millrace-kafka-consumer').length > 0)
    await until('both to have joined', () => idle().length === 1, 30_000)
    assert.deepEqual(codes(idle()[0]!, 'millrace-kafka-consumer'), ['MEMBER_IDLE'])
  })

  it('are left out by their codes', async () => {
    flow.nodeRed.logs.length = 0
    await deploy({ checksOff: 'NO_RETENTION, NO_UNIQUE_KEY, REJECTED_UNWIRED' })
    await until(
      'the table',
      () => metricsFor('bare', 'millrace-timescale-sink', '').status?.healthy === true
    )
    await until('a member without a partition', () => told().some(line => /MEMBER_IDLE/.test(line)))
    assert.deepEqual(codes('bare'), [])
    assert.deepEqual(
      told().filter(line => /NO_RETENTION|NO_UNIQUE_KEY|REJECTED/.test(line)),
      []
    )
  })

  it('a code that is none is a wrong setting', async () => {
    await deploy({ checksOff: 'NO_RETENTON' })
    assert.ok(told().some(line => /there is no check "NO_RETENTON"/.test(line)))
  })
})
