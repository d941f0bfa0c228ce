/** QuestDB for the lane `influx`, with an empty table that keeps each point once. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { questDbCommand } from '../stack/influx/questdb.ts'
import { anyFree } from '../stack/ports.ts'
import { end, isAlive, launch } from '../stack/process.ts'
import type { Count, Window } from './arrivals.ts'

const READY_MS = 60_000

export interface TimeSeries {
  readonly url: string
  readonly pid: number
  query(sql: string): Promise<unknown[][]>
  stop(): Promise<void>
}

/** @throws Error when it does not start */
export async function startQuestDb(folder: string): Promise<TimeSeries> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const port = await anyFree(new Set())
  const command = await questDbCommand({ folder, port, otherPort: 0 })
  // For measuring, the Java compiler does all it can.
  const args = command.args.filter(arg => arg !== '-XX:TieredStopAtLevel=1')
  const log = join(folder, 'server.log')
  const server = await launch({ ...command, args }, log)
  const url = `http://127.0.0.1:${port}`
  const limit = performance.now() + READY_MS
  const answers = () =>
    fetch(`${url}/ping`).then(
      ({ ok }) => ok,
      () => false
    )
  while (!(await answers())) {
    if (!isAlive(server) || performance.now() > limit)
      throw new Error(`QuestDB did not start; see ${log}.`)
    await wait(50)
  }
  return {
    url,
    pid: server.pid,
    async query(sql) {
      const response = await fetch(`${url}/exec?${new URLSearchParams({ query: sql })}`)
      const { dataset = [], error } = (await response.json()) as {
        dataset?: unknown[][]
        error?: string
      }
      if (error !== undefined) throw new Error(error)
      return dataset
    },
    stop: async () => {
      await end(server, 'SIGTERM', 10_000)
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** Points of a table, and when they came: seen by counting, since the server keeps no times. */
export class PointCount {
  readonly #seen: { readonly atMs: number; readonly count: number }[] = []

  constructor(
    private readonly server: TimeSeries,
    private readonly table: string
  ) {}

  async create(): Promise<void> {
    await this.server.query(
      `CREATE TABLE ${this.table} (device_id SYMBOL CAPACITY 8192, metric SYMBOL, location SYMBOL, value DOUBLE, timestamp TIMESTAMP) TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, device_id, metric)`
    )
  }

  async size(): Promise<number> {
    const [[count] = []] = await this.server.query(`SELECT count() FROM ${this.table}`)
    this.#seen.push({ atMs: Date.now(), count: Number(count) })
    return Number(count)
  }

  /** From when this share was there to the last. */
  window(afterShare: number): Window {
    const all = this.#seen.at(-1)?.count ?? 0
    const from = this.#seen.find(({ count }) => count >= all * afterShare)
    const to = this.#seen.find(({ count }) => count === all)
    return {
      fromMs: from?.atMs ?? 0,
      toMs: to?.atMs ?? 0,
      records: all - (from?.count ?? 0)
    }
  }

  async count(records: number): Promise<Count> {
    const sql = `SELECT count(), count_distinct(value::long) FROM ${this.table} WHERE value >= 0`
    const [[all, distinct] = []] = await this.server.query(sql)
    return { missing: records - Number(distinct), doubled: Number(all) - Number(distinct) }
  }
}
