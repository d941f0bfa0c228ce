import type { Node, NodeAPI } from 'node-red'
import { defineNode } from '../../core/define-node.ts'
import { describeServer } from '../../core/mqtt/describe-server.ts'
import type { TlsOptions } from '../../core/mqtt/settings.ts'
import { brokerOf } from './logic.ts'
import { spec } from './spec.ts'

type TlsNode = Node & { valid?: boolean; addTLSOptions?(options: TlsOptions): TlsOptions }

function tlsOf(RED: NodeAPI, id: string): TlsOptions | undefined {
  const node = id === '' ? undefined : (RED.nodes.getNode(id) as TlsNode | null)
  return node?.valid === false ? undefined : node?.addTLSOptions?.({})
}

export default defineNode(spec, ({ options, RED }) => ({ provides: brokerOf(options, tlsOf(RED, options.tls)) }), {
  test: (options, signal, RED) => {
    const broker = brokerOf(options, tlsOf(RED, options.tls))
    return describeServer(broker.settingsFor({ nodeId: 'test', keepSession: false, receiveMaximum: 1 }), signal)
  }
})
