import type { Admin } from '../../core/kafka/admin/admin.ts'
import {
  askOnce,
  describeCluster,
  KafkaCluster,
  listAllGroups,
  listGroups,
  listTopics,
  readLast
} from '../../core/kafka/cluster.ts'
import type { LastMessage } from '../../core/kafka/consume/last-messages.ts'
import { headersOf } from '../../core/kafka/headers.ts'
import { parseNames } from '../../core/kafka/settings.ts'
import { defineNode } from '../../core/node/define-node.ts'
import type { Asked, Heard } from '../../core/node/probe.ts'
import { Writer } from '../../core/node/samples/written.ts'
import { tlsOptionsOf } from '../../core/tls.ts'
import { type ClusterOptions, settingsOf } from './logic.ts'
import { spec } from './spec.ts'

/** Bytes of what is said of one message. */
const MAX_NOTES = 16_000

const ask =
  <T>(question: (admin: Admin) => Promise<T>) =>
  (options: ClusterOptions, { signal, tls }: Asked): Promise<T> =>
    askOnce(settingsOf(options, tls), signal, question)

function heardOf({ topic, partition, record }: LastMessage): Heard {
  const { key, value, timestamp, offset, headers } = record
  const origin = { kind: 'kafka', topic, partition, offset, timestamp }
  return {
    seenMs: Number(timestamp),
    topic,
    bytes: (value ?? Buffer.alloc(0)).toString('base64'),
    taken: new Writer(MAX_NOTES).write([{ origin, key, headers: headersOf(headers) }])
  }
}

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
    // The lag monitor watches several, of any kind; a consumer is a member of one.
    'kafka-groups': (options, asked) =>
      ask('groups' in asked.query ? listAllGroups : listGroups)(options, asked),
    'kafka-messages': async (options, { signal, tls, query: { topics = '', topic = topics } }) => {
      const found = await readLast(settingsOf(options, tls), parseNames(topic), signal)
      return found.map(heardOf)
    }
  }
)
