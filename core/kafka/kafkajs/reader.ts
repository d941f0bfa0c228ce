import { randomUUID } from 'node:crypto'
import type { Consumer, EachBatchPayload } from 'kafkajs'
import { pause } from '../../backoff.ts'
import type { KafkaReader, KafkaReaderOptions, ReaderEvents } from '../port.ts'
import type { ClusterSettings } from '../settings.ts'
import { orTopicMissing } from '../topic-missing.ts'
import { AdminOfKafkajs } from './admin.ts'
import { registerCodecs } from './compression.ts'
import { KafkajsInstance, RETRY } from './instance.ts'

const MAX_WAIT_MS = 500
const SESSION_TIMEOUT_MS = 30_000
const METADATA_MAX_AGE_MS = 10_000
/** For the end of its group. */
const FORGET_MS = 1_000

/**
 * kafkajs has no consumer without a group, so this is alone in one of its own that commits nothing
 * and is deleted at the end.
 */
export class ReaderOfKafkajs implements KafkaReader {
  readonly #groupId = `millrace-reader-${randomUUID()}`
  readonly #instance: KafkajsInstance
  readonly #consumer: Consumer
  #hasJoined = false
  #ended = false

  constructor(
    private readonly settings: ClusterSettings,
    private readonly options: KafkaReaderOptions,
    private readonly events: ReaderEvents
  ) {
    registerCodecs()
    this.#instance = new KafkajsInstance(settings, { trouble: error => events.trouble?.(error) })
    this.#consumer = this.#instance.kafka.consumer({
      groupId: this.#groupId,
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      maxWaitTimeInMs: options.maxWaitMs ?? MAX_WAIT_MS,
      sessionTimeout: options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
      retry: {
        ...RETRY,
        retries: options.retries ?? RETRY.retries,
        restartOnFailure: async () => false
      }
    })
    this.#listen()
  }

  start(): void {
    this.#run().catch(error => this.#crashed(error))
  }

  async #run(): Promise<void> {
    const consumer = this.#consumer
    await consumer.connect()
    await consumer.subscribe({ topics: [this.options.topic], fromBeginning: true })
    await consumer.run({ autoCommit: false, eachBatch: payload => this.#take(payload) })
  }

  #listen(): void {
    const consumer = this.#consumer
    const { GROUP_JOIN, FETCH, CRASH, END_BATCH_PROCESS } = consumer.events
    consumer.on(GROUP_JOIN, () => {
      this.#hasJoined = true
      const { topic } = this.options
      for (const [partition, offset] of this.options.positions()) {
        consumer.seek({ topic, partition, offset: String(offset) })
      }
    })
    consumer.on(FETCH, () => {
      if (!this.#ended) this.events.answered?.()
    })
    // Also told for batches of nothing but transaction markers and aborted records, which never
    // reach eachBatch.
    consumer.on(END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
      if (!this.#ended) this.events.passed(partition, BigInt(lastOffset) + 1n)
    })
    consumer.on(CRASH, ({ payload }) => this.#crashed(payload.error))
  }

  /** An error must not leave it: kafkajs would run the batch again. */
  async #take({ batch, heartbeat }: EachBatchPayload): Promise<void> {
    // kafkajs goes on with the next partition after an error.
    if (this.#ended) return
    const { topic, partition, messages } = batch
    const nextOffset = BigInt(batch.lastOffset()) + 1n
    const end = BigInt(batch.highWatermark)
    try {
      await this.events.batch({ topic, partition, messages, nextOffset, end }, heartbeat)
    } catch (error) {
      this.#crashed(error)
    }
  }

  async close(graceMs: number): Promise<void> {
    this.#ended = true
    let hasLeft = false
    await this.#instance.close(async () => {
      await this.#consumer.disconnect()
      hasLeft = true
    }, graceMs)
    if (this.#hasJoined && hasLeft)
      await Promise.race([this.#forgetGroup(), pause(FORGET_MS, { unref: true })])
  }

  /** Left alone it would vanish by itself, but stand in the list of groups until then. */
  async #forgetGroup(): Promise<void> {
    const admin = new AdminOfKafkajs(this.settings, 1)
    await admin.ready.then(() => admin.deleteGroups([this.#groupId])).catch(() => undefined)
    await admin.close(0)
  }

  #crashed(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.events.ended(orTopicMissing(this.#instance.explain(error), [this.options.topic]))
  }
}
