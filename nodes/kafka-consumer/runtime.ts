import type { MillraceError } from '../../core/errors.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import type { ConsumerGroup } from '../../core/kafka/consume/consumer-group.ts'
import type { GroupEvents } from '../../core/kafka/consume/group-options.ts'
import { Outage } from '../../core/node/outage.ts'
import {
  defineSource,
  type SourceContext,
  type SourceTrouble
} from '../../core/source/define-source.ts'
import { Dispatcher } from './dispatcher.ts'
import { topicsOf } from './logic.ts'
import { migrations } from './migrations.ts'
import { type Shaping, shapingOf } from './shapes.ts'
import { spec } from './spec.ts'
import { lagText, troubleOf, workingText } from './status.ts'

/** What a fetch may bring of a partition at once: some 2,000 records, a few batches. */
const FETCH_BYTES = 262_144

type Consumer = SourceContext<typeof spec>

const isInTransaction = ({ options, mode }: Consumer) =>
  options.offsets === 'transaction' && mode !== 'received'

function groupOptions(consumer: Consumer): Parameters<KafkaCluster['consumer']>[0] {
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

function dispatcherFor(
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

export default defineSource(
  spec,
  consumer => {
    const { metrics, source, show, report } = consumer
    const outage = new Outage('Kafka', consumer.node)
    let stopped: SourceTrouble | undefined
    const shaping = shapingOf(consumer.options)
    const dispatcher = dispatcherFor(consumer, shaping, () => group)
    const events: GroupEvents = {
      batch: batch => dispatcher.take(batch),
      assigned: (_assignments, isKept) => dispatcher.keep(isKept),
      up() {
        outage.end()
        show()
      },
      away(reason: MillraceError) {
        outage.begin(reason)
        show()
      },
      notice: sentence => consumer.node.warn(sentence),
      stopped(error: MillraceError) {
        report(error)
        stopped = { words: error.code, mend: true }
        show()
      }
    }
    const group: ConsumerGroup = consumer
      .provided<KafkaCluster>('cluster')
      .consumer(groupOptions(consumer), events)
    return {
      ready: shaping.ready,
      start: () => group.start(),
      resume: () => dispatcher.refill(),
      tick: () => void metrics.gauges.set('lag', group.lag),
      stop: () => dispatcher.stop(),
      async close() {
        await Promise.all([dispatcher.close(), group.close()])
      },
      trouble: () => stopped ?? troubleOf(group, outage.problem, source.waiting),
      working: perSecond => workingText(perSecond, group.lag),
      vital: () => lagText(group.lag)
    }
  },
  { migrations }
)
