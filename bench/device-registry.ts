/**
 * Lane "device-registry": how many records a second pass a registry of many devices, what it writes
 * meanwhile, how long it takes to start, and what it holds in memory; in a Node-RED with this node,
 * on PostgreSQL.
 *
 *     npm run bench -- device-registry [--devices=100000] [--seconds=30] [--write-docs]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { conformanceNodes, FEED, feedOf } from '../core/conformance/nodes.ts'
import { nodeMetrics } from '../core/node/metrics.ts'
import type { Database } from '../core/postgres/pool.ts'
import deviceRegistry from '../nodes/device-registry/runtime.ts'
import timescaleDatabase from '../nodes/timescale-database/runtime.ts'
import { leaveServices } from '../stack/lifecycle.ts'
import { databaseAt } from '../test/core/postgres/table-under-test.ts'
import { startNodeRed } from '../test/node-red.ts'
import { services, testHome } from '../test/services.ts'
import { until } from '../test/until.ts'
import { writeBetween } from './docs.ts'
import { payloadOf, usualShape } from './fleet.ts'
import { machine } from './machine.ts'

const LIST = 500
const LISTS_ON_THEIR_WAY = 8
const NODE = 'list'
const LIMIT_MS = 240_000

interface Measured {
  readonly devices: number
  /** New devices a second, until the table has them. */
  readonly met: number
  /** Records a second of devices that are known. */
  readonly passed: number
  readonly seconds: number
  /** Rows of devices that were written in these seconds. */
  readonly written: number
  /** From a start until the list is read. */
  readonly openMs: number
  readonly heapMb: number
}

const flowOf = (url: string, table: string) => [
  { id: 'database', type: 'millrace-timescale-database', url },
  { id: 'tab', type: 'tab' },
  { id: 'feed', z: 'tab', type: FEED, mode: 'finished', wires: [[NODE]] },
  {
    id: NODE,
    z: 'tab',
    type: 'millrace-device-registry',
    database: 'database',
    table,
    timeField: 'ts',
    wires: [[], [], []]
  }
]

/** Sends until it is over, with some lists on their way; gives how many records. */
async function send(devices: number, isOver: (sent: number) => boolean): Promise<number> {
  const open = new Set<Promise<void>>()
  let sent = 0
  for (; !isOver(sent); sent += LIST) {
    const first = sent
    const list = () =>
      Array.from({ length: LIST }, (_, index) => ({
        ...(JSON.parse(payloadOf(first + index, Date.now(), usualShape)) as object),
        device_id: `device-${(first + index) % devices}`,
        ts: Date.now()
      }))
    const one = feedOf('feed').send(LIST, list).acknowledged
    open.add(one)
    void one.then(() => open.delete(one))
    if (open.size >= LISTS_ON_THEIR_WAY) await Promise.race(open)
  }
  await Promise.all(open)
  return sent
}

setFlagsFromString('--expose-gc')
/** Without what is only waiting to be collected, the heap says what is held. */
const collect = runInNewContext('gc') as () => void

const gauge = (name: string) => nodeMetrics(NODE)?.gauges.get(name)

async function measure(
  nodeRed: Awaited<ReturnType<typeof startNodeRed>>,
  url: string,
  devices: number,
  seconds: number
): Promise<Measured> {
  const table = `bench_devices_${process.pid}`
  const database = databaseAt(url)
  const updates = () => updatesOf(database, table)
  collect()
  const heap = process.memoryUsage().heapUsed
  await nodeRed.deploy(flowOf(url, table))
  const metMs = performance.now()
  await send(devices, sent => sent >= devices)
  await until(
    'every device in the table',
    async () => (await countIn(database, table)) === devices,
    LIMIT_MS,
    50
  )
  const met = (devices / (performance.now() - metMs)) * 1000
  const before = await updates()
  const beganMs = performance.now()
  const sent = await send(devices, () => performance.now() - beganMs > seconds * 1000)
  const passed = (sent / (performance.now() - beganMs)) * 1000
  const written = (await updates()) - before
  nodeMetrics(NODE)?.gauges.delete('devices')
  await nodeRed.deploy([])
  collect()
  const deployMs = performance.now()
  await nodeRed.deploy(flowOf(url, table))
  await until('the list', () => (gauge('devices') ?? 0) >= devices, LIMIT_MS, 10)
  const openMs = performance.now() - deployMs
  collect()
  const heapMb = (process.memoryUsage().heapUsed - heap) / (1 << 20)
  await nodeRed.deploy([])
  for (const name of [table, `${table}_events`, `${table}_readers`])
    await database.query(`DROP TABLE IF EXISTS ${name}`)
  await database.close()
  return { devices, met, passed, seconds, written, openMs, heapMb }
}

const countIn = async (database: Database, table: string) =>
  (await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]?.n

/** As the server counts them; it does so a second late. */
async function updatesOf(database: Database, table: string): Promise<number> {
  const { rows } = await database.query<{ n: number }>(
    `SELECT n_tup_upd::float8 AS n FROM pg_stat_user_tables
     WHERE relid = to_regclass($1) AND pg_stat_clear_snapshot() IS NOT NULL`,
    [table]
  )
  return rows[0]?.n ?? 0
}

function sentenceOf(one: Measured): string {
  const whole = (value: number) => Math.round(value).toLocaleString('en')
  return [
    '| devices | new ones listed, devices/s | known ones passed, records/s | rows written meanwhile, rows/s | read at a start in s | heap MB |',
    '|---:|---:|---:|---:|---:|---:|',
    `| ${[
      whole(one.devices),
      whole(one.met),
      whole(one.passed),
      whole(one.written / one.seconds),
      (one.openMs / 1000).toFixed(1),
      whole(one.heapMb)
    ].join(' | ')} |`
  ].join('\n')
}

export async function benchDeviceRegistry(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      devices: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '30' },
      'write-docs': { type: 'boolean', default: false }
    }
  })
  const { postgres } = await services('postgres')
  const userDir = mkdtempSync(join(tmpdir(), 'millrace-bench-registry-'))
  const nodes = [conformanceNodes, timescaleDatabase, deviceRegistry]
  const nodeRed = await startNodeRed({ userDir, nodes })
  try {
    const seconds = Number(values.seconds)
    const measured = await measure(nodeRed, postgres.url, Number(values.devices), seconds)
    const { cpu, cores, node } = machine(process.execPath)
    const date = new Date().toISOString().slice(0, 10)
    const said = `${sentenceOf(measured)}\n\nMeasured on ${date}, ${cores} cores of ${cpu}, Node ${node}, with the database on the same machine; ${seconds} s of records in lists of ${LIST}, which are made in the same process.`
    console.log(said)
    if (values['write-docs']) writeBetween('device-registry', `\n${said}\n`)
  } finally {
    await nodeRed.stop()
    rmSync(userDir, { recursive: true, force: true })
    await leaveServices(testHome)
  }
}
