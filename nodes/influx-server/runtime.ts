import { InfluxClient } from '../../core/influx/client.ts'
import { databaseNames, describeServer, measurementNames } from '../../core/influx/describe.ts'
import { serverOf } from '../../core/influx/settings.ts'
import { defineNode } from '../../core/node/define-node.ts'
import type { Asked } from '../../core/node/probe.ts'
import type { Options } from '../../core/node/spec.ts'
import { tlsOptionsOf } from '../../core/tls.ts'
import { settingsOf } from './logic.ts'
import { spec } from './spec.ts'

/** Below the deadline of a dialog, so that the answer can say which server it was. */
const ANSWER_MS = 8_000

/** For the dialog: with its unsaved values, and connections that are closed at the end. */
async function asked<T>(
  options: Options<typeof spec>,
  { signal, tls }: Asked,
  ask: (client: InfluxClient) => Promise<T>
): Promise<T> {
  const client = new InfluxClient({ ...settingsOf(options, tls), timeoutMs: ANSWER_MS })
  signal.addEventListener('abort', () => client.close())
  try {
    return await ask(client)
  } finally {
    client.close()
  }
}

export default defineNode(
  spec,
  ({ options, RED }) => ({
    provides: serverOf(settingsOf(options, tlsOptionsOf(RED, options.tls)))
  }),
  {
    test: (options, how) => asked(options, how, describeServer),
    'millrace-influx-server:database:names': (options, how) => asked(options, how, databaseNames),
    'millrace-influx-server:measurement:names': (options, how) =>
      asked(options, how, client => measurementNames(client, how.query.database ?? ''))
  }
)
