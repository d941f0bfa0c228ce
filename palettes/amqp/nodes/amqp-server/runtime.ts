import { defineNode, tlsOptionsOf } from '@millrace/node-red-telemetry'
import type { AddressKind } from '../../core/address.ts'
import { describeServer } from '../../core/describe-server.ts'
import { listen } from '../../core/listen.ts'
import { queueNames } from '../../core/queue-names.ts'
import { withConnection } from '../../core/with-connection.ts'
import { serverOf, settingsOf } from './logic.ts'
import { spec } from './spec.ts'

export default defineNode(
  spec,
  ({ options, RED }) => ({ provides: serverOf(options, tlsOptionsOf(RED, options.tls)) }),
  {
    test: (options, { signal, tls }) => describeServer(settingsOf(options, tls), signal),
    'millrace-amqp-server:names': (options, { signal, tls }) =>
      withConnection(settingsOf(options, tls), signal, connection =>
        queueNames(connection, options.server)
      ),
    'millrace-amqp-server:messages': async (options, { signal, tls, query }) => {
      const { kind = 'queue', address = '' } = query
      const place = { kind: kind as AddressKind, address }
      const heard = await withConnection(settingsOf(options, tls), signal, connection =>
        listen(connection, options.server, place)
      )
      return heard.map(({ topic, bytes }) => ({
        seenMs: Date.now(),
        topic,
        bytes: bytes.toString('base64')
      }))
    }
  }
)
