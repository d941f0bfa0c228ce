import { defineNode, tlsOptionsOf } from '@millrace/node-red-telemetry'
import { describeServer } from '../../core/describe-server.ts'
import { serverOf, settingsOf } from './logic.ts'
import { spec } from './spec.ts'

export default defineNode(
  spec,
  ({ options, RED }) => ({ provides: serverOf(options, tlsOptionsOf(RED, options.tls)) }),
  { test: (options, { signal, tls }) => describeServer(settingsOf(options, tls), signal) }
)
