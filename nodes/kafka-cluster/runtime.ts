import type { ConnectionOptions } from 'node:tls'
import type { Node, NodeAPI } from 'node-red'
import { defineNode } from '../../core/define-node.ts'
import { askOnce, describeCluster, KafkaCluster, listGroups, listTopics } from '../../core/kafka/cluster.ts'
import { type ClusterOptions, settingsOf } from './logic.ts'
import { spec } from './spec.ts'

type TlsNode = Node & { valid?: boolean; addTLSOptions?(options: ConnectionOptions): ConnectionOptions }

function settings(options: ClusterOptions, RED: NodeAPI) {
  const node = options.tls === '' ? undefined : (RED.nodes.getNode(options.tls) as TlsNode | null)
  return settingsOf(options, node?.valid === false ? undefined : node?.addTLSOptions?.({}))
}

export default defineNode(
  spec,
  ({ options, RED }) => {
    const cluster = new KafkaCluster(settings(options, RED))
    return { provides: cluster, close: () => cluster.close() }
  },
  {
    test: (options, signal, RED) => askOnce(settings(options, RED), signal, describeCluster),
    'kafka-topics': (options, signal, _query, RED) => askOnce(settings(options, RED), signal, listTopics),
    'kafka-groups': (options, signal, _query, RED) => askOnce(settings(options, RED), signal, listGroups)
  }
)
