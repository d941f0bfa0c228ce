/** A table in a real database, with what writes to it, for the tests of this folder. */

import type { DatabaseFailure } from '../../../core/postgres/attempts.ts'
import { BatchWriter, type BatchWriterOptions } from '../../../core/postgres/batch-writer.ts'
import { parseTableName } from '../../../core/postgres/identifier.ts'
import type { OnConflict } from '../../../core/postgres/insert-statement.ts'
import { PendingMessage } from '../../../core/postgres/pending-message.ts'
import { Database } from '../../../core/postgres/pool.ts'
import { ReadyTable } from '../../../core/postgres/ready-table.ts'
import type { Mapping } from '../../../core/postgres/rows.ts'
import { planOf } from '../../../core/postgres/rows.ts'
import { fromUrl } from '../../../core/postgres/settings.ts'
import type { Reason } from '../../../core/record/record.ts'

export const TELEMETRY: readonly Mapping[] = [
  { column: 'time', from: 'ts_utc', type: 'timestamptz', key: true, required: true },
  { column: 'device_id', from: 'device_id', type: 'text', key: true, required: true },
  { column: 'location', from: 'location', type: 'text', key: false, required: false },
  { column: 'metric', from: 'metric', type: 'text', key: true, required: true },
  { column: 'value', from: 'value', type: 'double precision', key: false, required: true }
]

export function databaseAt(url: string, more: Partial<Database['settings']> = {}): Database {
  const given = fromUrl(url)
  return new Database({
    ...given,
    tls: given.tls,
    maxConnections: 8,
    statementTimeoutMs: 20_000,
    connectTimeoutMs: 5000,
    applicationName: 'millrace test',
    ...more
  })
}

// policies that the embedded server runs at once must leave these readings alone
export const wishFor = (
  name: string,
  mappings: readonly Mapping[] = TELEMETRY,
  compressAfterDays = 30_000,
  keepsNewest = false
) => ({
  table: parseTableName(name)!,
  plan: planOf(mappings, keepsNewest),
  chunkDays: 1,
  compressAfterDays,
  retainDays: 36_500
})

export interface TestWriterOptions extends Partial<BatchWriterOptions> {
  readonly mappings?: readonly Mapping[]
  readonly onConflict?: OnConflict
  readonly create?: boolean
  /** 0: the columns of a hypertable can change their types. */
  readonly compressAfterDays?: number
  readonly offsets?: { readonly group: string; readonly sink: string }
}

/** What became of the records of a message. */
export interface Outcome {
  readonly open: number
  readonly stored: number
  readonly duplicates: number
  readonly rejections: readonly { readonly record: unknown; readonly reason: Reason }[]
}

const outcomeOf = ({ open, stored, duplicates, refused, records }: PendingMessage): Outcome => ({
  open,
  stored,
  duplicates,
  rejections: [...refused].map(([index, reason]) => ({ record: records[index], reason }))
})

/** Writes records into a table and tells what became of them. */
export class TestWriter {
  readonly warnings: string[] = []
  readonly troubles: (DatabaseFailure | undefined)[] = []
  retried = 0
  readonly writer: BatchWriter<{
    resolve: (outcome: Outcome) => void
    reject: (error: Error) => void
  }>

  constructor(
    database: Database,
    table: string,
    {
      mappings,
      onConflict = 'ignore',
      create = true,
      offsets,
      compressAfterDays,
      ...more
    }: TestWriterOptions = {}
  ) {
    const wish = wishFor(table, mappings, compressAfterDays, onConflict === 'newest')
    const target = new ReadyTable(database, wish, {
      create,
      onConflict,
      offsets,
      warn: warning => this.warnings.push(warning),
      unprotected: sentence => this.warnings.push(sentence)
    })
    this.writer = new BatchWriter(
      {
        get plan() {
          return target.plan
        },
        prepare: () => target.prepare(),
        write: work => target.write(work),
        finished: (load, error) =>
          error ? load.message.reject(error) : load.message.resolve(outcomeOf(load)),
        troubled: trouble => this.troubles.push(trouble),
        retried: () => {
          this.retried++
        }
      },
      { maxRows: 5000, lingerMs: 5, connections: 4, ...more }
    )
  }

  /** Resolves when the records are in the table or rejected. */
  put(records: readonly unknown[]): Promise<Outcome> {
    return new Promise((resolve, reject) =>
      this.writer.add(new PendingMessage({ resolve, reject }, records))
    )
  }

  close(): Promise<void> {
    return this.writer.close(2000)
  }
}

export interface Reading {
  readonly device_id: string
  readonly metric: string
  readonly value: number
  readonly ts_utc: string
  readonly location?: string
}

const START_MS = Date.UTC(2024, 1, 23)

/** The n-th of a row of readings that all have keys of their own. */
export const reading = (n: number, more: object = {}): Reading => ({
  device_id: `d${n % 7}`,
  metric: 'temperature_c',
  value: n / 4,
  ts_utc: new Date(START_MS + n * 1000).toISOString(),
  ...more
})

export const readings = (from: number, count: number): Reading[] =>
  Array.from({ length: count }, (_, index) => reading(from + index))

export async function countRows(database: Database, table: string): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${table}`
  )
  return rows[0]!.count
}
