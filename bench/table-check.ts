/**
 * What the sink's look at its table costs, which goes with every batch: batches with and without
 * it in turns, over one connection, in one process.
 *
 *     node bootstrap.mjs bench/table-check.ts [--pairs 1000] [--rows 500,2450,5000] [--insert]
 *         [--write-docs]
 *
 * A pair is a batch with the look and one of the same size without; which is first changes from
 * pair to pair. Counted are the time of the processor of the server's process for the connection
 * and of this one, and the time from the call to the commit. Rows are copied, or inserted as they
 * are where duplicates come. Needs Linux.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { BulkInsert } from '../core/postgres/bulk-insert.ts'
import { parseTableName } from '../core/postgres/identifier.ts'
import { Database, type Session } from '../core/postgres/pool.ts'
import { planOf, Rows } from '../core/postgres/rows.ts'
import { fromUrl } from '../core/postgres/settings.ts'
import { inspectTable } from '../core/postgres/table.ts'
import { Work } from '../core/postgres/work.ts'
import { startServices, stopServices } from '../stack/lifecycle.ts'
import { writeBetween } from './docs.ts'
import { benchHome } from './field.ts'
import { machine } from './machine.ts'

/** The table of lane C. */
const TABLE = parseTableName('bench_table_check')!
const PLAN = planOf([
  { column: 'time', from: 'ts_utc', type: 'timestamptz', key: true, required: true },
  { column: 'device_id', from: 'device_id', type: 'text', key: true, required: true },
  { column: 'location', from: 'location', type: 'text', key: false, required: false },
  { column: 'metric', from: 'metric', type: 'text', key: true, required: true },
  { column: 'value', from: 'value', type: 'double precision', key: false, required: true }
])
const CREATE = `CREATE TABLE ${TABLE.sql} (time timestamptz NOT NULL, device_id text NOT NULL,
  location text, metric text NOT NULL, value double precision, UNIQUE (time, device_id, metric))`
const METRICS = ['temperature', 'pressure', 'flow', 'vibration']
const WARM_UP_PAIRS = 50
/** Then the table is emptied, so that it does not outgrow the disk. */
const ROWS_KEPT = 2_000_000

interface Cost {
  /** Of the processor, in microseconds. */
  readonly server: number
  readonly client: number
  readonly elapsed: number
}
type Part = keyof Cost

/** One batch after the other over one connection. */
class Bench {
  readonly #rows: Rows
  #sent = 0
  #kept = 0

  constructor(
    private readonly session: Session,
    private readonly insert: BulkInsert,
    private readonly size: number
  ) {
    this.#rows = new Rows(PLAN, size)
  }

  async pairs(count: number): Promise<{ with: Cost[]; without: Cost[] }> {
    const found = { with: [] as Cost[], without: [] as Cost[] }
    const bare = unlooked(this.session)
    for (let pair = -WARM_UP_PAIRS; pair < count; pair++) {
      const [first, second] = pair % 2 === 0 ? [true, false] : [false, true]
      for (const looks of [first, second]) {
        const cost = await this.#store(looks ? this.session : bare)
        if (pair >= 0) found[looks ? 'with' : 'without'].push(cost)
      }
      if (this.#kept > ROWS_KEPT) await this.#empty()
    }
    return found
  }

  /** What the server does after its answer, such as statistics, belongs to the batch. */
  async #store(session: Session): Promise<Cost> {
    const work = this.#batch()
    const server = serverMicros(this.session.processId)
    const client = process.cpuUsage()
    const beginMs = performance.now()
    await this.insert.write(session, work)
    const elapsed = (performance.now() - beginMs) * 1000
    const { user, system } = process.cpuUsage(client)
    if (work.stored !== this.size) throw new Error(`${work.stored} of ${this.size} rows stored`)
    await new Promise(resolve => setTimeout(resolve, 1))
    return {
      server: serverMicros(this.session.processId) - server,
      client: user + system,
      elapsed
    }
  }

  #batch(): Work {
    this.#rows.clear()
    for (let index = 0; index < this.size; index++) {
      const n = this.#sent++
      this.#rows.append({
        ts_utc: new Date(1_750_000_000_000 + n).toISOString(),
        device_id: `device-${n % 5000}`,
        location: `hall ${n % 20}`,
        metric: METRICS[n % 4],
        value: n
      })
    }
    this.#kept += this.size
    return new Work(this.#rows)
  }

  async #empty(): Promise<void> {
    await this.session.query(`TRUNCATE ${TABLE.sql}`)
    this.#kept = 0
  }
}

/** The same connection, that leaves out what looks at the table. */
function unlooked(session: Session): Session {
  const bare = {
    prepare: (name: string, statement: string) => session.prepare(name, statement),
    copyIn: (text: string, messages: Buffer) =>
      session.copyIn(text.slice(0, text.indexOf(';')), messages),
    query: (text: string, values: readonly unknown[]) =>
      session.query(text.replace(/ WHERE CASE .* END(?= ON CONFLICT)/s, ''), values)
  }
  return bare as unknown as Session
}

/** Nanoseconds on a processor stand first in schedstat (Linux, Documentation/scheduler). */
const serverMicros = (pid: number) =>
  Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1000

/** The median, and how far it may be off by chance, 19 times of 20. */
function middle(values: readonly number[]): { median: number; off: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  const reach = 0.98 * Math.sqrt(sorted.length)
  const at = (index: number) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(index)))]!
  return { median: at(half), off: (at(half + reach) - at(half - reach)) / 2 }
}

const sumOf = (cost: Cost, parts: readonly Part[]) =>
  parts.reduce((sum, part) => sum + cost[part], 0)

/** By how much more a batch with the look costs, as a text. */
function more(found: { with: Cost[]; without: Cost[] }, parts: readonly Part[]): string {
  const apart = found.with.map(
    (cost, index) => sumOf(cost, parts) - sumOf(found.without[index]!, parts)
  )
  const { median, off } = middle(apart)
  const base = middle(found.without.map(cost => sumOf(cost, parts))).median
  const percent = (micros: number) => ((micros / base) * 100).toFixed(2)
  return `${Math.round(base).toLocaleString('en')} | ${Math.round(median)} | ${percent(median)} ± ${percent(off)} %`
}

async function measure(
  url: string,
  { sizes, pairs, copies }: { sizes: readonly number[]; pairs: number; copies: boolean }
): Promise<string> {
  const given = fromUrl(url)
  const limits = { maxConnections: 1, statementTimeoutMs: 60_000, connectTimeoutMs: 5_000 }
  const database = new Database({
    ...given,
    tls: given.tls,
    ...limits,
    applicationName: 'millrace bench'
  })
  const lines = [
    '| rows a batch | CPU, us | more | | time to the commit, us | more | |',
    '|---:|---:|---:|---:|---:|---:|---:|'
  ]
  await database.query(`DROP TABLE IF EXISTS ${TABLE.sql}`)
  await database.query(CREATE)
  try {
    for (const size of sizes) {
      const line = await database.with(async session => {
        await session.query(`TRUNCATE ${TABLE.sql}`)
        const facts = await inspectTable(session, TABLE, PLAN.mappings)
        const insert = new BulkInsert(PLAN, TABLE, 'ignore', copies, facts!)
        const found = await new Bench(session, insert, size).pairs(pairs)
        return `| ${size.toLocaleString('en')} | ${more(found, ['server', 'client'])} | ${more(found, ['elapsed'])} |`
      })
      console.error(line)
      lines.push(line)
    }
  } finally {
    await database.query(`DROP TABLE ${TABLE.sql}`)
    await database.close()
  }
  return lines.join('\n')
}

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '1000' },
    rows: { type: 'string', default: '500,2450,5000' },
    insert: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false }
  }
})
const { postgres } = await startServices(['postgres'], { home: benchHome, freePorts: true })
try {
  const sizes = values.rows.split(',').map(Number)
  const pairs = Number(values.pairs)
  const table = await measure(postgres.url, { sizes, pairs, copies: !values.insert })
  console.log(table)
  const { cpu, node, versions } = machine(process.execPath)
  const where = `${cpu}, Node ${node}, ${versions.PostgreSQL}.`
  if (values['write-docs']) writeBetween('table-check', `\n${where}\n\n${table}\n`)
} finally {
  await stopServices(benchHome)
}
