import type { NodeAPI } from 'node-red'
import { askOnce, describeCluster, KafkaCluster, listGroups, listTopics } from '../../core/kafka/cluster.ts'
import { defineNode } from '../../core/node/define-node.ts'
import { tlsOptionsOf } from '../../core/tls.ts'
import { type ClusterOptions, settingsOf } from './logic.ts'
import { spec } from './spec.ts'

const settings = (options: ClusterOptions, RED: NodeAPI) => settingsOf(options, tlsOptionsOf(RED, options.tls))

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
