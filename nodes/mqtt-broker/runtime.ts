import { describeServer } from '../../core/mqtt/describe-server.ts'
import { defineNode } from '../../core/node/define-node.ts'
import { tlsOptionsOf } from '../../core/tls.ts'
import { brokerOf } from './logic.ts'
import { spec } from './spec.ts'

export default defineNode(
  spec,
  ({ options, RED }) => ({ provides: brokerOf(options, tlsOptionsOf(RED, options.tls)) }),
  {
    test: (options, { signal, tls }) => {
      const broker = brokerOf(options, tls)
      return describeServer(
        broker.settingsFor({ nodeId: 'test', keepSession: false, receiveMaximum: 1 }),
        signal
      )
    }
  }
)
