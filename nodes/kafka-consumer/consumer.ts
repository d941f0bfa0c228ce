import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import type { ConsumerGroup } from '../../core/kafka/consume/consumer-group.ts'
import type { SourceContext } from '../../core/source/define-source.ts'
import { Dispatcher } from './dispatcher.ts'
import { topicsOf } from './logic.ts'
import type { Shaping } from './shapes.ts'
import type { spec } from './spec.ts'

/** What a fetch may bring of a partition at once: some 2,000 records, a few batches. */
const FETCH_BYTES = 262_144

export type Consumer = SourceContext<typeof spec>

const isInTransaction = ({ options, mode }: Consumer) =>
  options.offsets === 'transaction' && mode !== 'received'

/** Of its group: what it reads, and who commits. */
export function groupOptions(consumer: Consumer): Parameters<KafkaCluster['consumer']>[0] {
  const { id, options } = consumer
  return {
    groupId: options.groupId || `millrace-${id}`,
    topics: topicsOf(options.topics),
    startFrom: options.startFrom,
    outOfRange: options.outOfRange,
    readUncommitted: options.isolation === 'uncommitted',
    maxBytesPerPartition: FETCH_BYTES,
    pace: options.pace,
    commits: isInTransaction(consumer) ? 'elsewhere' : 'here'
  }
}

/** What hands the records of the group to the flow. */
export function dispatcherFor(
  consumer: Consumer,
  shaping: Shaping,
  group: () => ConsumerGroup
): Dispatcher {
  const { options, source, trials, node, metrics } = consumer
  const inTransaction = isInTransaction(consumer)
  const timeoutMs = options.timeoutS * 1000 + 30_000
  return new Dispatcher(source, {
    trials,
    warn: sentence => node.warn(sentence),
    shaping,
    onNone() {
      metrics.in++
      metrics.filtered++
    },
    batchSize: Math.min(options.batchSize, options.maxInFlight),
    isSingle: options.batchSize === 1,
    maxInFlight: options.maxInFlight,
    perPartition: options.order === 'strict' || inTransaction ? 1 : options.perPartition,
    transactionOf: inTransaction
      ? (topic, partition) => group().transaction(topic, partition, timeoutMs)
      : undefined,
    pause: (topic, partition) => group().pause(topic, partition),
    resume: (topic, partition) => group().resume(topic, partition)
  })
}
