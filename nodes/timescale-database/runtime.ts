import type { Node, NodeAPI } from 'node-red'
import { defineNode } from '../../core/define-node.ts'
import { describeDatabase, listColumns, listTables } from '../../core/postgres/describe.ts'
import { Database } from '../../core/postgres/pool.ts'
import type { TlsOptions } from '../../core/postgres/settings.ts'
import { type DatabaseNodeOptions, settingsOf } from './logic.ts'
import { spec } from './spec.ts'

type TlsNode = Node & { valid?: boolean; addTLSOptions?(options: TlsOptions): TlsOptions }

function tlsOf(RED: NodeAPI, id: string): TlsOptions | undefined {
  const node = id === '' ? undefined : (RED.nodes.getNode(id) as TlsNode | null)
  return node?.valid === false ? undefined : node?.addTLSOptions?.({})
}

/** For the dialog: with its unsaved values, and one connection that is closed at once. */
async function asked<T>(options: DatabaseNodeOptions, RED: NodeAPI, ask: (database: Database) => Promise<T>): Promise<T> {
  const database = new Database({ ...settingsOf(options, tlsOf(RED, options.tls), 'millrace dialog'), maxConnections: 1 })
  try {
    return await ask(database)
  } finally {
    await database.close()
  }
}

export default defineNode(
  spec,
  ({ options, RED }) => {
    const database = new Database(settingsOf(options, tlsOf(RED, options.tls)))
    return { provides: database, close: () => database.retire() }
  },
  {
    test: (options, _signal, RED) => asked(options, RED, describeDatabase),
    tables: (options, _signal, _query, RED) => asked(options, RED, listTables),
    columns: (options, _signal, query, RED) => asked(options, RED, database => listColumns(database, query.table ?? ''))
  }
)
