import type { Admin } from 'kafkajs'
import { MillraceError } from '../../errors.ts'
import { KafkaClient } from '../kafkajs/client.ts'
import { protocolErrorOf } from '../kafkajs/connect-errors.ts'
import { LogReader } from '../kafkajs/log-reader.ts'
import type { ClusterSettings } from '../settings.ts'

const IDLE_MS = 30_000
const DEADLINE_MS = 10_000

type Question<T> = (admin: Admin, log: LogReader) => Promise<T>

interface Connection {
  readonly client: KafkaClient
  readonly admin: Admin
  readonly log: LogReader
  readonly ready: Promise<void>
}

/** One connection for all questions to a cluster: opened at the first, closed when there were none for a while. */
export class SharedAdmin {
  #connection: Connection | undefined
  #users = 0
  #idle: NodeJS.Timeout | undefined
  #closed = false

  constructor(private readonly settings: ClusterSettings) {}

  /** @throws MillraceError KAFKA_CONNECT_FAILED with the reason in words, also when there is no answer within the deadline */
  async ask<T>(question: Question<T>, options: AskOptions = {}): Promise<T> {
    const isNew = this.#connection === undefined
    try {
      return await this.#ask(question, options)
    } catch (error) {
      // kafkajs asks for every topic that it was ever asked about, and fails with all of them once one was deleted.
      if (isNew || protocolErrorOf(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
      return this.#ask(question, options)
    }
  }

  async #ask<T>(question: Question<T>, { deadlineMs = DEADLINE_MS, signal }: AskOptions): Promise<T> {
    if (this.#closed) throw new MillraceError('CLOSED', 'The cluster configuration was closed.')
    clearTimeout(this.#idle)
    this.#users++
    this.#connection ??= this.#connect()
    const connection = this.#connection
    const { admin, client, log, ready } = connection
    try {
      return await withDeadline(
        ready.then(() => question(admin, log)),
        this.settings,
        deadlineMs,
        signal
      )
    } catch (error) {
      void this.#discard(connection)
      throw client.explain(error)
    } finally {
      this.#users--
      if (this.#users === 0) this.#idle = setTimeout(() => void this.#discard(this.#connection), IDLE_MS).unref()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idle)
    await this.#discard(this.#connection)
  }

  #connect(): Connection {
    const client = new KafkaClient(this.settings, {}, { retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 2 } })
    const admin = client.kafka.admin()
    const ready = admin.connect()
    ready.catch(() => undefined)
    return { client, admin, log: new LogReader(client.kafka), ready }
  }

  async #discard(connection: Connection | undefined): Promise<void> {
    if (connection === undefined) return
    if (this.#connection === connection) this.#connection = undefined
    await connection.client.close(() => connection.admin.disconnect())
  }
}

interface AskOptions {
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
}

async function withDeadline<T>(work: Promise<T>, { brokers }: ClusterSettings, deadlineMs: number, signal?: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let giveUp: (() => void) | undefined
  const late = new Promise<never>((_resolve, refuse) => {
    giveUp = () =>
      refuse(new MillraceError('KAFKA_CONNECT_FAILED', `${brokers.join(', ')} gave no answer within ${deadlineMs / 1000} s. Is it Kafka?`))
    timer = setTimeout(giveUp, deadlineMs)
    signal?.addEventListener('abort', giveUp, { once: true })
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
    if (giveUp) signal?.removeEventListener('abort', giveUp)
  }
}
