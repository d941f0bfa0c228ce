import type { NodeAPI } from 'node-red'
import { defineNode } from '../../core/node/define-node.ts'
import { describeDatabase, listColumns, listTables } from '../../core/postgres/describe.ts'
import { Database } from '../../core/postgres/pool.ts'
import { tlsOptionsOf } from '../../core/tls.ts'
import { type DatabaseNodeOptions, settingsOf } from './logic.ts'
import { spec } from './spec.ts'

/** For the dialog: with its unsaved values, and one connection that is closed at once. */
async function asked<T>(options: DatabaseNodeOptions, RED: NodeAPI, ask: (database: Database) => Promise<T>): Promise<T> {
  const database = new Database({ ...settingsOf(options, tlsOptionsOf(RED, options.tls), 'millrace dialog'), maxConnections: 1 })
  try {
    return await ask(database)
  } finally {
    await database.close()
  }
}

export default defineNode(
  spec,
  ({ options, RED }) => {
    const database = new Database(settingsOf(options, tlsOptionsOf(RED, options.tls)))
    return { provides: database, close: () => database.retire() }
  },
  {
    test: (options, _signal, RED) => asked(options, RED, describeDatabase),
    tables: (options, _signal, _query, RED) => asked(options, RED, listTables),
    columns: (options, _signal, query, RED) => asked(options, RED, database => listColumns(database, query.table ?? ''))
  }
)
