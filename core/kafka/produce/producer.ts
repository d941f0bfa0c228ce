import { pause } from '../../backoff.ts'
import type { MillraceError } from '../../errors.ts'
import { Health, type HealthEvents } from '../health.ts'
import type { KafkaClient, ProducerOptions } from '../port.ts'
import { IdleWatch } from './idle-watch.ts'
import type { ProduceRecord } from './produce-record.ts'
import { SendQueue, type SendQueueOptions } from './send-queue.ts'

export interface ProducerSettings extends Omit<ProducerOptions, 'trouble'> {
  readonly client: KafkaClient
  readonly lingerMs: number
  /** Connections that send side by side; records of one key always take the same. */
  readonly lanes: number
  /** See `IdleWatchOptions`; without it an idle producer asks nothing. */
  readonly ask?: () => Promise<void>
  /** See `SendQueueOptions.unsent`. */
  readonly unsent?: SendQueueOptions['unsent']
}

/** Sends records to one topic, by one queue or several. Never drops one and never gives up. */
export class KafkaProducer {
  readonly #queues: SendQueue[]
  #keyless = 0
  readonly #health: Health
  readonly #watch: IdleWatch | undefined

  constructor(settings: ProducerSettings, events: HealthEvents) {
    const health = new Health(events)
    this.#health = health
    const { client, topic, compression } = settings
    const connect = async () => {
      const producer = await client.producer({
        topic,
        compression,
        trouble: error => health.trouble(error)
      })
      health.works()
      return producer
    }
    const { lingerMs, unsent } = settings
    const told = {
      onSent: () => health.works(),
      onFailed: (error: MillraceError) => health.fails(error)
    }
    const queue = () => new SendQueue({ connect, lingerMs, ...told, ...(unsent && { unsent }) })
    this.#queues = Array.from({ length: settings.lanes }, queue)
    const isBusy = () => this.#queues.some(({ isIdle }) => !isIdle)
    const { ask } = settings
    this.#watch = ask && new IdleWatch({ ask, isBusy, health })
  }

  /** Connects, however long that takes; records may be added meanwhile. */
  start(): void {
    for (const queue of this.#queues) void queue.start()
    this.#watch?.start()
  }

  /** Takes a record; its callback is told what becomes of it. */
  add(record: ProduceRecord): void {
    const { length } = this.#queues
    this.#queues[
      length === 1 ? 0 : (record.isKeyless ? this.#keyless++ : record.hash) % length
    ]!.add(record)
  }

  /** Sends what is there for up to `graceMs`, if the broker answers, and ends within 3 s more. */
  async close(graceMs: number): Promise<void> {
    const patienceMs = this.#health.isUp ? graceMs : 0
    this.#health.close()
    this.#watch?.close()
    await Promise.race([
      Promise.all(this.#queues.map(queue => queue.close(patienceMs))),
      pause(patienceMs + 4_000, { unref: true })
    ])
  }
}
