import type { MillraceError } from '../../core/errors.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import type { ConsumerGroup } from '../../core/kafka/consume/consumer-group.ts'
import { isTopicName, parseNames } from '../../core/kafka/settings.ts'
import { shortReason } from '../../core/kafka/short-reason.ts'
import { type Context, defineNode } from '../../core/node/define-node.ts'
import { compact, SILENT_MS, STALLED_MS, stalledText } from '../../core/node/status.ts'
import { OptionsError } from '../../core/options-error.ts'
import { Rate } from '../../core/rate.ts'
import { DeliverySource } from '../../core/source/source.ts'
import { Trials, userDirOf } from '../../core/source/trials.ts'
import { UNWIRED } from '../../core/source/unwired.ts'
import { Intake, REJECTED } from './intake.ts'
import { SHAPES } from './logic.ts'
import { spec } from './spec.ts'

/** What a fetch may bring of a partition at once: some 2,000 records, a few batches. */
const FETCH_BYTES = 262_144

/** What is in flight when the node is stopped may still be stored and committed for so long; the rest comes again. */
const DRAIN_MS = 2_000

class ConsumerNode {
  readonly #source: DeliverySource
  readonly #intake: Intake
  readonly #trials: Trials
  readonly #group: ConsumerGroup
  readonly #ticker: NodeJS.Timeout
  readonly #rate = new Rate()
  #away: { reason: MillraceError; sinceMs: number } | undefined
  #stopped = false

  constructor(
    private readonly context: Context<typeof spec>,
    cluster: KafkaCluster
  ) {
    const { RED, node, metrics, options, status } = context
    const { maxInFlight, retries } = options
    const inTransaction = options.offsets === 'transaction' && options.acknowledge !== 'received'
    const timeoutMs = options.timeoutS * 1000
    this.#source = new DeliverySource({
      RED,
      node,
      metrics,
      mode: options.acknowledge,
      maxInFlight,
      retries,
      timeoutMs,
      outputs: spec.outputs.length,
      deadLetterOutput: REJECTED,
      isWired: context.isWired,
      onCapacity: () => this.#intake.refill()
    })
    const warn = (sentence: string) => node.warn(sentence)
    // What is acknowledged at once does not come again.
    this.#trials = new Trials({ nodeId: node.id, userDir: options.acknowledge === 'received' ? undefined : userDirOf(RED), warn })
    this.#intake = new Intake(this.#source, {
      trials: this.#trials,
      warn,
      shape: SHAPES[options.output],
      batchSize: options.batchSize,
      maxInFlight,
      perPartition: options.order === 'strict' || inTransaction ? 1 : options.perPartition,
      transactionOf: inTransaction ? (topic, partition) => this.#group.transaction(topic, partition, timeoutMs + 30_000) : undefined,
      pause: (topic, partition) => this.#group.pause(topic, partition),
      resume: (topic, partition) => this.#group.resume(topic, partition)
    })
    this.#group = this.#member(cluster, inTransaction)
    this.#ticker = setInterval(() => this.#show(), 1000).unref()
    status.waiting('connecting')
    if (options.acknowledge !== 'received' && !context.isWired(REJECTED)) node.warn(UNWIRED[options.acknowledge])
    this.#group.start()
  }

  async close(): Promise<void> {
    clearInterval(this.#ticker)
    this.#intake.stop()
    this.#trials.end()
    await this.#source.drained(DRAIN_MS)
    await Promise.all([this.#intake.close(), this.#group.close()])
    await this.#source.close()
  }

  #member(cluster: KafkaCluster, inTransaction: boolean): ConsumerGroup {
    const { id, options, node, report, status } = this.context
    const { groupId, startFrom, outOfRange } = options
    return cluster.consumer(
      {
        groupId: groupId || `millrace-${id}`,
        topics: topicsOf(options.topics),
        startFrom,
        outOfRange,
        readUncommitted: options.isolation === 'uncommitted',
        maxBytesPerPartition: FETCH_BYTES,
        commits: inTransaction ? 'elsewhere' : 'here'
      },
      {
        batch: batch => this.#intake.take(batch),
        assigned: (_assignments, isKept) => this.#intake.keep(isKept),
        up: () => this.#up(),
        away: reason => {
          this.#away = { reason, sinceMs: performance.now() }
          node.warn(`${reason.message} The node keeps trying.`)
          this.#show()
        },
        notice: sentence => node.warn(sentence),
        stopped: error => {
          this.#stopped = true
          report(error)
          status.failed(error.code)
        }
      }
    )
  }

  #up(): void {
    if (this.#away) this.context.node.log(`Kafka is back after ${Math.round((performance.now() - this.#away.sinceMs) / 1000)} s`)
    this.#away = undefined
    this.#show()
  }

  #show(): void {
    const { status, metrics } = this.context
    if (this.#stopped) return
    const { lag } = this.#group
    metrics.gauges.set('lag', lag)
    const { messages, retrying, reason, stalledMs } = this.#source.waiting
    const { silentMs, isReady } = this.#group
    const why = this.#away?.reason.message ?? (retrying > 0 ? reason : undefined)
    const wrong = shortReason(why ?? '')
    if (wrong !== undefined) status.failed(wrong)
    else if (this.#away?.reason.code === 'KAFKA_TOPIC_MISSING') status.failed('topic missing')
    else if (this.#away) status.waiting('broker away')
    else if (!isReady) status.waiting('joining the group')
    else if (silentMs >= SILENT_MS) status.waiting(`broker silent for ${Math.round(silentMs / 1000)} s`)
    else if (retrying > 0) status.waiting(`${messages} in flight · ${retrying} to retry · lag ${compact(lag)}`)
    else if (stalledMs >= STALLED_MS) status.waiting(stalledText(messages, stalledMs))
    else status.healthy(`${compact(this.#rate.of(metrics.in))}/s · lag ${compact(lag)}`)
  }
}

/** @throws OptionsError that names what is no topic */
function topicsOf(text: string): string[] {
  const topics = parseNames(text)
  const wrong = topics.filter(topic => !isTopicName(topic)).map(topic => `${spec.fields.topics.label}: "${topic}" is no name of a topic`)
  if (wrong.length > 0) throw new OptionsError(spec.label, wrong)
  return topics
}

export default defineNode(spec, context => {
  const consumer = new ConsumerNode(context, context.provided<KafkaCluster>('cluster'))
  return { close: () => consumer.close() }
})
