import assert from 'node:assert/strict'
import { policyStatements } from '../../../core/postgres/bootstrap.ts'
import { describeTable } from '../../../core/postgres/describe.ts'
import { parseTableName } from '../../../core/postgres/identifier.ts'
import { policiesOf } from '../../../core/postgres/policies.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import type { Mapping } from '../../../core/postgres/rows.ts'
import { type JobState, tableState } from '../../../core/postgres/table-state.ts'
import { sizeText, stateRows } from '../../../core/postgres/table-state-rows.ts'
import { services } from '../../services.ts'
import { databaseAt, wishFor } from './table-under-test.ts'

describe('how a table stands, in lines', () => {
  const job = (more: Partial<JobState>): JobState => ({
    job: 'policy_retention',
    of: 't',
    config: { drop_after: '365 days' },
    lastRunMs: null,
    lastStatus: null,
    failures: 0,
    nextMs: null,
    lastError: null,
    ...more
  })
  const NOW = Date.UTC(2026, 5, 1)
  const lineOf = (more: Partial<JobState>) =>
    stateRows({ bytes: 0, hasTimescale: true, chunks: CHUNKS, jobs: [job(more)] }, NOW).at(-1)
  const CHUNKS = { count: 0, compressed: 0, fromMs: null, untilMs: null }

  const lines: [more: Partial<JobState>, what: string, how: string][] = [
    [{}, 'Deletes after 365 days', 'has not run yet'],
    [
      { lastRunMs: NOW - 7_500_000, lastStatus: 'Success', nextMs: NOW + 86_400_000 },
      'Deletes after 365 days',
      'ran 2 h ago, next in 1 d'
    ],
    [
      {
        job: 'policy_compression',
        config: { compress_after: '7 days' },
        lastRunMs: NOW - 90_000,
        failures: 2
      },
      'Compresses after 7 days',
      'ran 1 min ago; failed 2 times before'
    ],
    [
      {
        job: 'policy_refresh_continuous_aggregate',
        of: 't_1h',
        lastRunMs: NOW,
        lastStatus: 'Failed',
        failures: 1,
        nextMs: NOW - 5,
        lastError: 'no room'
      },
      'Refreshes t_1h',
      'failed 0 s ago, next in 0 s: no room'
    ],
    [{ job: 'mine' }, 'mine of t', 'has not run yet']
  ]
  for (const [more, what, how] of lines)
    it(`${what}: ${how}`, () => assert.deepEqual(lineOf(more), [what, how]))

  it('sizes are short', () =>
    assert.deepEqual([0, 999, 999_600, 12_345_678, 4e12].map(sizeText), [
      '0.0 kB',
      '1.0 kB',
      '1.0 MB',
      '12 MB',
      '4.0 TB'
    ]))
})

describe('how a table stands, in the database', function () {
  this.timeout(120_000)
  let hyper: Database
  let plain: Database
  const TABLE = `stands_${process.pid}`

  before(async () => {
    const { timescale, postgres } = await services('timescale', 'postgres')
    hyper = databaseAt(timescale.url)
    plain = databaseAt(postgres.url)
  })
  after(async () => {
    await hyper.query(`DROP TABLE IF EXISTS ${TABLE} CASCADE`)
    await plain.query(`DROP TABLE IF EXISTS ${TABLE}`)
    await Promise.all([hyper.close(), plain.close()])
  })

  it('of a hypertable with chunks, compression, policies and an aggregate', async () => {
    for (const statement of [
      `CREATE TABLE ${TABLE} (time timestamptz NOT NULL, device text, value float8)`,
      `SELECT create_hypertable('${TABLE}', 'time', chunk_time_interval => INTERVAL '1 day')`,
      `ALTER TABLE ${TABLE} SET (timescaledb.compress, timescaledb.compress_segmentby = 'device')`,
      `SELECT add_compression_policy('${TABLE}', INTERVAL '30000 days')`,
      `SELECT add_retention_policy('${TABLE}', INTERVAL '36500 days')`,
      `CREATE MATERIALIZED VIEW ${TABLE}_1h WITH (timescaledb.continuous) AS SELECT time_bucket('1 hour', time) AS bucket, avg(value) FROM ${TABLE} GROUP BY 1 WITH NO DATA`,
      `SELECT add_continuous_aggregate_policy('${TABLE}_1h', INTERVAL '7 days', INTERVAL '1 hour', INTERVAL '1 hour')`,
      `INSERT INTO ${TABLE} SELECT '2024-02-01'::timestamptz + i * INTERVAL '1 minute', 'd' || i % 5, i FROM generate_series(0, 4000) i`,
      `SELECT compress_chunk(c) FROM show_chunks('${TABLE}', older_than => '2024-02-03'::timestamptz) c`
    ])
      await hyper.query(statement)
    const state = await hyper.with(session => tableState(session, parseTableName(TABLE)!))
    assert.deepEqual(state?.chunks, {
      count: 3,
      compressed: 2,
      fromMs: Date.UTC(2024, 1, 1),
      untilMs: Date.UTC(2024, 1, 4)
    })
    assert.ok(state.bytes > 100_000 && state.compression!.bytesAfter > 0)
    const rows = await describeTable(hyper, TABLE)
    assert.deepEqual(
      rows.map(([what]) => what),
      [
        'Size',
        'Chunks',
        'Times',
        'Compression',
        'Compresses after 30000 days',
        'Deletes after 36500 days',
        `Refreshes ${TABLE}_1h`
      ]
    )
    assert.match(rows[3]![1], /^\d+\.\d : 1 \(\d+ kB became \d+ kB\)$/)
    assert.deepEqual(rows[2], ['Times', '2024-02-01 to 2024-02-04'])
  })

  it('gets retention and compression by what the checks at deploy say', async () => {
    const mappings: readonly Mapping[] = [
      { column: 'At', from: 'at', type: 'timestamptz', key: true, required: true },
      { column: "the device's id", from: 'd', type: 'text', key: true, required: true }
    ]
    const wish = wishFor(`odd_${process.pid}."My Table"`, mappings, 0)
    const { sql } = wish.table
    await hyper.query(`CREATE SCHEMA odd_${process.pid}`)
    await hyper.query(`CREATE TABLE ${sql} ("At" timestamptz NOT NULL, "the device's id" text)`)
    const policies = () => policiesOf(hyper, wish.table)
    const { timescale } = await policies()
    const statements = policyStatements({ ...wish, retainDays: 0 }, timescale!)
    assert.match(statements.retention, /INTERVAL '365 days'/)
    for (const statement of Object.values(statements)) await hyper.query(statement)
    assert.deepEqual(await policies(), {
      hasTimescale: true,
      timescale,
      isPlain: false,
      hasRetention: true,
      hasCompression: true
    })
    await hyper.query(`DROP SCHEMA odd_${process.pid} CASCADE`)
  })

  it('of a plain table, and of none', async () => {
    await plain.query(`CREATE TABLE ${TABLE} (a int)`)
    assert.deepEqual(await describeTable(plain, TABLE), [
      ['Size', '0.0 kB'],
      ['Hypertable', 'no, TimescaleDB is not installed']
    ])
    await assert.rejects(
      describeTable(plain, 'nowhere'),
      /^Error: There is no table nowhere yet\.$/
    )
    await assert.rejects(describeTable(plain, 'a b'), /is not a table's name/)
  })

  it('reads only, and leaves the connection as it was', async () => {
    await plain.with(async session => {
      await tableState(session, parseTableName(TABLE)!)
      const { rows } = await session.query('SHOW statement_timeout')
      assert.equal(rows[0]!.statement_timeout, '20s')
    })
  })
})
