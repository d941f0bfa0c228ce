import type { MillraceError } from '../../core/errors.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import type { ConsumerGroup } from '../../core/kafka/consume/consumer-group.ts'
import type { GroupEvents } from '../../core/kafka/consume/group-options.ts'
import { Outage } from '../../core/node/outage.ts'
import type { SchemaRegistry } from '../../core/registry/schema-registry.ts'
import { registryTrouble } from '../../core/registry/trouble.ts'
import { defineSource, type SourceTrouble } from '../../core/source/define-source.ts'
import { dispatcherFor, groupOptions } from './consumer.ts'
import { examined } from './examine.ts'
import { ReadTimes, tellLag } from './lag-metrics.ts'
import { learn } from './learn.ts'
import { migrations } from './migrations.ts'
import { previewed } from './preview.ts'
import { shapingOf } from './shapes.ts'
import { spec } from './spec.ts'
import { lagText, troubleOf, workingText } from './status.ts'

/** From a message to a row: what Learn proposes to put behind, each where it is needed. */
const BEHIND = ['millrace-reshape', 'millrace-normalize', 'millrace-timescale-sink']

const lanesOf = (assignments: Parameters<GroupEvents['assigned']>[0]): string[] =>
  assignments.flatMap(({ topic, partitions }) => partitions.map(each => `${topic}/${each}`))

export default defineSource(
  spec,
  consumer => {
    const { metrics, source, show, report } = consumer
    const outage = new Outage('Kafka', consumer.node)
    let stopped: SourceTrouble | undefined
    const registry =
      consumer.options.output === 'registered'
        ? consumer.provided<SchemaRegistry>('registry')
        : undefined
    const shaping = shapingOf(consumer.options, () => registry!)
    const dispatcher = dispatcherFor(consumer, shaping, () => group)
    const events: GroupEvents = {
      batch: batch => dispatcher.take(ages.see(batch)),
      assigned(assignments, isKept) {
        dispatcher.keep(isKept)
        const lanes = lanesOf(assignments)
        source.assignLanes(lanes)
        consumer.learnt({ partitions: lanes.length, group: own.groupId })
      },
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
    const ages = new ReadTimes()
    const cluster = consumer.provided<KafkaCluster>('cluster')
    const own = groupOptions(consumer)
    const group: ConsumerGroup = cluster.consumer(own, events)
    return {
      ready: shaping.ready,
      start: () => group.start(),
      resume: () => dispatcher.refill(),
      isBlocked: () => dispatcher.isBlocked,
      readAgain: () => void group.readAgain(),
      tick: () => tellLag(metrics, own.groupId, group, ages),
      stop: () => dispatcher.stop(),
      async close() {
        await Promise.all([dispatcher.close(), group.close()])
      },
      examine: () => examined(cluster, own.groupId, own.topics),
      trouble: () =>
        stopped ??
        troubleOf(group, outage.problem, source.waiting) ??
        registryTrouble(dispatcher.isUnready ? registry?.problem : undefined),
      working: perSecond => workingText(perSecond, group.lag, group.still),
      vital: () => lagText(group.lag)
    }
  },
  { migrations, preview: { make: previewed, learn, behind: BEHIND, takes: 'kafka' } }
)
