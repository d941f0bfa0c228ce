import type { NodeMetrics } from '../../core/node/metrics.ts'
import { Poll } from '../../core/node/poll.ts'
import type { TableName } from '../../core/postgres/identifier.ts'
import type { Database } from '../../core/postgres/pool.ts'
import { hasFailed, ratioOf, type TableState, tableState } from '../../core/postgres/table-state.ts'

/** Size and chunks change slowly, and the question reads the catalogue. */
const EVERY_MS = 300_000

const GAUGES: Readonly<Record<string, (state: TableState) => number | undefined>> = {
  table_bytes: ({ bytes }) => bytes,
  table_chunks: ({ chunks }) => chunks?.count,
  table_compressed_chunks: ({ chunks }) => chunks?.compressed,
  table_compression_ratio: ({ compression }) => compression && ratioOf(compression),
  table_failed_jobs: ({ chunks, jobs }) => chunks && jobs.filter(hasFailed).length
}

/** Tells in the metrics how the table stands, asked every five minutes. */
export class TableGauges {
  readonly #poll: Poll<TableState | undefined>

  constructor(
    database: Database,
    table: TableName,
    private readonly metrics: NodeMetrics
  ) {
    this.#poll = new Poll({
      everyMs: EVERY_MS,
      ask: () => askedAside(database, table),
      answered: state => this.#show(state),
      silent: () => {},
      // What is not known is not told.
      failed: () => this.#show(undefined)
    })
  }

  #show(state: TableState | undefined): void {
    const { gauges } = this.metrics
    for (const [name, of] of Object.entries(GAUGES)) {
      const value = state && of(state)
      if (value === undefined) gauges.delete(name)
      else gauges.set(name, value)
    }
  }

  close(): void {
    this.#poll.close()
    this.#show(undefined)
  }
}

async function askedAside(database: Database, table: TableName): Promise<TableState | undefined> {
  const aside = database.aside()
  try {
    return await aside.with(session => tableState(session, table))
  } finally {
    await aside.close()
  }
}
