import { defineNode } from '../../core/node/define-node.ts'
import type { Asked } from '../../core/node/probe.ts'
import {
  describeDatabase,
  describeServer,
  describeTable,
  listColumns,
  listTables
} from '../../core/postgres/describe.ts'
import { Database } from '../../core/postgres/pool.ts'
import { tlsOptionsOf } from '../../core/tls.ts'
import { examined } from './examine.ts'
import { type DatabaseNodeOptions, settingsOf } from './logic.ts'
import { spec } from './spec.ts'

/** Below the deadline of a dialog, so that the answer can say which server it was. */
const CONNECT_TIMEOUT_MS = 8_000

/** For the dialog: with its unsaved values, and one connection that is closed at the end. */
async function asked<T>(
  options: DatabaseNodeOptions,
  { signal, tls }: Asked,
  ask: (database: Database) => Promise<T>
): Promise<T> {
  const settings = settingsOf(options, tls, 'millrace dialog')
  const database = new Database({
    ...settings,
    maxConnections: 1,
    connectTimeoutMs: CONNECT_TIMEOUT_MS
  })
  // Whoever waits for the answer does not wait for the goodbye, which a dead server never gives.
  signal.addEventListener('abort', () => void database.close())
  return ask(database)
}

export default defineNode(
  spec,
  ({ options, RED, node }) => {
    const settings = settingsOf(options, tlsOptionsOf(RED, options.tls))
    // A flow that came from elsewhere may name an address at which another server listens here.
    const database = new Database(settings, async (session, place) =>
      node.log(await describeServer(session, place))
    )
    return {
      provides: database,
      examine: async signal => [await examined(database, signal)],
      close: () => database.retire()
    }
  },
  {
    test: (options, how) => asked(options, how, describeDatabase),
    tables: (options, how) => asked(options, how, listTables),
    columns: (options, how) =>
      asked(options, how, database => listColumns(database, how.query.table ?? '')),
    'millrace-timescale-database:state': (options, how) =>
      asked(options, how, database => describeTable(database, how.query.table ?? ''))
  }
)
