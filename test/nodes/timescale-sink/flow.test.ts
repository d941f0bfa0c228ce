import assert from 'node:assert/strict'
import type { Node, NodeAPI } from 'node-red'
import { trackerOf } from '../../../core/delivery/tracker.ts'
import type { MillraceError } from '../../../core/errors.ts'
import { metricsFor } from '../../../core/node/metrics.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import { PROVENANCE, Provenance, type Rejection } from '../../../core/record/record.ts'
import timescaleDatabase from '../../../nodes/timescale-database/runtime.ts'
import timescaleSink from '../../../nodes/timescale-sink/runtime.ts'
import { countRows, databaseAt, reading, readings } from '../../core/postgres/table-under-test.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { kill, restart, services } from '../../services.ts'
import { until } from '../../until.ts'

interface Shown {
  readonly fill: string
  readonly text: string
}
interface Arrived {
  readonly payload: unknown
  readonly stored?: unknown
}

describe('the sink in Node-RED', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let url = ''
  let database: Database
  let table = ''
  let tables = 0
  const shown: Shown[] = []
  const completed: object[] = []
  const failed: { message: object; reason: unknown }[] = []
  const arrived: Record<'stored' | 'rejected', Arrived[]> = { stored: [], rejected: [] }

  before(async function () {
    this.timeout(120_000)
    url = (await services('postgres')).postgres.url
    database = databaseAt(url)
    nodeRed = await startNodeRed({ nodes: [timescaleDatabase, timescaleSink] })
    const events = nodeRed.RED.events as NodeJS.EventEmitter
    events.on(
      'node-status',
      ({ id, status }: { id: string; status: Shown }) => id === 'sink' && shown.push(status)
    )
    nodeRed.RED.hooks.add('onComplete.test', (event: unknown) => {
      const { node, msg, error } = event as { node: { id: string }; msg: object; error?: unknown }
      if (node.id !== 'sink') return
      if (error) failed.push({ message: msg, reason: error })
      else completed.push(msg)
    })
  })
  beforeEach(() => {
    table = `flow_${tables++}`
    for (const list of [shown, completed, failed, arrived.stored, arrived.rejected, nodeRed.logs])
      list.length = 0
  })
  afterEach(async () => {
    await nodeRed.deploy([])
    await database.query(`DROP TABLE IF EXISTS ${table}`)
  })
  after(async () => {
    nodeRed.RED.hooks.remove('*.test')
    await nodeRed.stop()
    await database.close()
  })

  const flow = (
    sink: object = {},
    config: object = {},
    wires = [['stored'], ['rejected']]
  ): FlowEntry[] => [
    { id: 'database', type: 'millrace-timescale-database', url, ...config },
    { id: 'tab', type: 'tab' },
    {
      id: 'sink',
      type: 'millrace-timescale-sink',
      z: 'tab',
      database: 'database',
      table,
      wires,
      ...sink
    },
    { id: 'stored', type: 'junction', z: 'tab', wires: [[]] },
    { id: 'rejected', type: 'junction', z: 'tab', wires: [[]] }
  ]
  async function deploy(...parts: Parameters<typeof flow>): Promise<Node> {
    await nodeRed.deploy(flow(...parts))
    for (const output of ['stored', 'rejected'] as const) {
      nodeRed.node<Node>(output)?.on('input', (message, _send, done) => {
        arrived[output].push(message as Arrived)
        done()
      })
    }
    return nodeRed.node<Node>('sink')
  }

  it('stores records, tells what became of them, and completes the message after the commit', async () => {
    const sink = await deploy()
    sink.receive({ payload: readings(0, 10) })
    sink.receive({ payload: reading(10) })
    sink.receive({ payload: readings(5, 10) })
    await until('three messages', () => completed.length === 3)
    assert.equal(await countRows(database, table), 15)
    assert.deepEqual(
      arrived.stored
        .map(message => message.stored)
        .map(one => Object.values(one as object).reduce((sum, n) => sum + n, 0)),
      [10, 1, 10]
    )
    const { stored, duplicates, rejected } = metricsFor('sink', 'millrace-timescale-sink', '')
    assert.deepEqual([stored, duplicates, rejected], [15, 6, 0])
    await until('the status', () => /15 stored/.test(shown.at(-1)?.text ?? ''))
    assert.deepEqual(
      nodeRed.logs.map(({ msg }) => msg),
      [
        `TimescaleDB is not installed in this database: ${table} is a plain table, without chunks, compression and retention, and will become slow and large. Install TimescaleDB, or delete old rows with a job of your own. (NO_RETENTION)`
      ]
    )
  })

  it('sends what cannot be stored to the second output, with where it came from', async () => {
    const sink = await deploy()
    const origin = { kind: 'simulator' as const, topic: 'a/b' }
    const taken = { origin, key: null, headers: {}, raw: Buffer.from('bytes') }
    const bad = {
      ...reading(1),
      value: 'n/a',
      [PROVENANCE]: new Provenance({ at: () => taken }, 0)
    }
    sink.receive({ payload: [reading(0), bad, reading(2)] })
    await until('the message', () => completed.length === 1)
    const [rejection] = arrived.rejected[0]!.payload as Rejection[]
    assert.deepEqual(
      [
        rejection!.reason.code,
        rejection!.reason.path,
        rejection!.stage,
        rejection!.origin,
        rejection!.raw?.toString()
      ],
      ['COLUMN_TYPE', 'value', 'timescale-sink', origin, 'bytes']
    )
    assert.equal((arrived.stored[0]!.payload as unknown[]).length, 2)
  })

  it('warns when rejected records have nowhere to go', async () => {
    const sink = await deploy({}, {}, [[], []])
    for (let n = 0; n < 3; n++) sink.receive({ payload: [{}] })
    await until('the messages', () => completed.length === 3)
    const warnings = nodeRed.logs
      .map(({ msg }) => String(msg))
      .filter(text => /rejected/.test(text))
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]!, /no wire leaves the output "rejected".*"ts_utc" is missing/)
  })

  it('waits while the database is away, says so once, and goes on', async () => {
    const sink = await deploy()
    sink.receive({ payload: readings(0, 10) })
    await until('the first message', () => completed.length === 1)
    await kill('postgres')
    for (let n = 1; n < 4; n++) sink.receive({ payload: readings(n * 10, 10) })
    await until('the status', () =>
      shown.some(({ fill, text }) => fill === 'yellow' && text === '30 waiting · database away')
    )
    await restart('postgres')
    await until('the rest', () => completed.length === 4)
    assert.equal(await countRows(database, table), 40)
    const lines = nodeRed.logs
      .map(({ msg }) => String(msg))
      .filter(text => !/not installed/.test(text))
    assert.equal(lines.length, 1, lines.join('\n'))
  })

  it('refuses what it cannot slow down when too much waits, and takes what a source waits for', async () => {
    const sink = await deploy()
    sink.receive({ payload: readings(0, 10) })
    await until('the first message', () => completed.length === 1)
    await kill('postgres')
    for (let n = 0; n < 20; n++) sink.receive({ payload: readings(n * 5000, 5000) })
    for (let n = 0; n < 3; n++) sink.receive({ payload: readings(n, 7) })
    const followed = { payload: readings(200_000, 10) }
    const tracker = trackerOf(nodeRed.RED as unknown as NodeAPI)
    const options = { mode: 'stored', records: 10, timeoutMs: 60_000, onSettled() {} } as const
    const delivery = tracker.open(followed, 'tab', options)
    sink.receive(followed)
    await until('three to be refused', () => failed.length === 3)
    assert.deepEqual(
      new Set(failed.map(({ reason }) => (reason as MillraceError).code)),
      new Set(['QUEUE_FULL'])
    )
    const warnings = nodeRed.logs
      .map(({ msg }) => String(msg))
      .filter(text => /refused: /.test(text))
    assert.equal(warnings.length, 1, warnings.join('\n'))
    assert.match(
      warnings[0]!,
      /More than 100000 records wait for the database.*Records that were refused: 7\./
    )
    await restart('postgres')
    await until('the rest', () => completed.length === 22, 30_000)
    assert.equal(await countRows(database, table), 100_010)
    sink.receive({ payload: readings(300_000, 10) })
    await until('one more, now that nothing waits', () => completed.length === 23)
    delivery.abandon()
  })

  const settings: [string, object, object, RegExp, RegExp][] = [
    [
      'a missing table',
      { create: 'off' },
      {},
      /table missing/,
      /There is no table flow_\d+\. Create it/
    ],
    [
      'a wrong password',
      {},
      { connection: 'fields', user: 'postgres', credentials: { password: 'x' } },
      /wrong password/,
      /refused the password/
    ],
    [
      'an unknown database',
      {},
      { connection: 'fields', user: 'postgres', database: 'nowhere' },
      /no such database/,
      /no database "nowhere"/
    ]
  ]
  for (const [name, sink, config, status, log] of settings) {
    it(`tells ${name} in words, once, and in red`, async () => {
      const { hostname, port, password } = new URL(url)
      const place =
        'connection' in config
          ? { host: hostname, port: Number(port), credentials: { password }, ...config }
          : config
      const node = await deploy(sink, place)
      node.receive({ payload: readings(0, 3) })
      await until('the status', () =>
        shown.some(({ fill, text }) => fill === 'red' && status.test(text))
      )
      await until('the record to wait', () => shown.some(({ text }) => /^3 waiting/.test(text)))
      const lines = nodeRed.logs.map(({ msg }) => String(msg))
      assert.equal(lines.length, 1, lines.join('\n'))
      assert.match(lines[0]!, log)
    })
  }

  it('gives messages back when it is stopped while they wait', async () => {
    const sink = await deploy({ create: 'off' })
    sink.receive({ payload: readings(0, 3) })
    await until('the status', () => shown.some(({ fill }) => fill === 'red'))
    const startMs = performance.now()
    await nodeRed.deploy([])
    assert.ok(performance.now() - startMs < 10_000)
    assert.equal((failed[0]?.reason as { code?: string } | undefined)?.code, 'CLOSED')
    assert.equal(completed.length, 0)
  })

  it('refuses to start with wrong settings, and names them all', async () => {
    await deploy({ table: 'a b', columns: [] })
    assert.match(
      String(nodeRed.logs[0]?.msg),
      /timescale sink: Table: "a b" is not .*; Columns: there must be at least one/
    )
    assert.deepEqual(
      [shown.at(-1)?.fill, shown.at(-1)?.text],
      ['red', `Table: "a b" is not a table's…`]
    )
  })

  it('answers the buttons of the dialog', async () => {
    await database.query(`CREATE TABLE ${table} (time timestamptz, odd text)`)
    const ask = async (body: object) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${nodeRed.url}/millrace/probe/millrace-timescale-database`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body)
      })
      return (await answer.json()) as { ok: boolean; message?: string; items?: string[] }
    }
    assert.match(
      (await ask({ action: 'test', values: { url } })).message ?? '',
      /^PostgreSQL 18\.\d+, no TimescaleDB/
    )
    assert.ok((await ask({ action: 'tables', values: { url } })).items?.includes(table))
    assert.deepEqual((await ask({ action: 'columns', values: { url }, query: { table } })).items, [
      'time',
      'odd'
    ])
    const refused = await ask({ action: 'test', values: { url, password: 'wrong' } })
    assert.deepEqual(
      [refused.ok, /refused the password/.test(refused.message ?? '')],
      [false, true]
    )
  })
})
