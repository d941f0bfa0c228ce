import type { Admin } from '../../core/kafka/admin/admin.ts'
import {
  askOnce,
  describeCluster,
  KafkaCluster,
  listGroups,
  listTopics
} from '../../core/kafka/cluster.ts'
import { defineNode } from '../../core/node/define-node.ts'
import type { Asked } from '../../core/node/probe.ts'
import { tlsOptionsOf } from '../../core/tls.ts'
import { type ClusterOptions, settingsOf } from './logic.ts'
import { spec } from './spec.ts'

const ask =
  <T>(question: (admin: Admin) => Promise<T>) =>
  (options: ClusterOptions, { signal, tls }: Asked): Promise<T> =>
    askOnce(settingsOf(options, tls), signal, question)

export default defineNode(
  spec,
  ({ options, RED, node }) => {
    const settings = settingsOf(options, tlsOptionsOf(RED, options.tls))
    // A flow that came from elsewhere may name an address at which another cluster listens here.
    const cluster = new KafkaCluster(settings, sentence => node.log(sentence))
    return { provides: cluster, close: () => cluster.close() }
  },
  {
    test: ask(describeCluster),
    'kafka-topics': ask(listTopics),
    'kafka-groups': ask(listGroups)
  }
)
