import { MillraceError, reasonOf } from '../../errors.ts'
import { type AdminConnection, answerOf, type KafkaClient } from '../port.ts'
import type { ClusterSettings } from '../settings.ts'
import type { Admin } from './admin.ts'

const IDLE_MS = 30_000
const DEADLINE_MS = 10_000

type Question<T> = (admin: Admin) => Promise<T>

/**
 * One connection for all questions to a cluster: opened at the first, closed when there were none
 * for a while.
 */
export class SharedAdmin {
  #connection: AdminConnection | undefined
  #users = 0
  #idle: NodeJS.Timeout | undefined
  #closed = false

  constructor(
    private readonly client: KafkaClient,
    /** The cluster has answered a question. */
    private readonly onAnswer: () => void = () => undefined
  ) {}

  /**
   * @throws MillraceError KAFKA_CONNECT_FAILED with the reason in words, also when there is no
   * answer within the deadline
   */
  async ask<T>(question: Question<T>, options: AskOptions = {}): Promise<T> {
    const isNew = this.#connection === undefined
    try {
      return await this.#ask(question, options)
    } catch (error) {
      // A client may ask for every topic that it was ever asked about, and fail with all of them
      // once one was deleted.
      if (isNew || answerOf(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
      return this.#ask(question, options)
    }
  }

  async #ask<T>(
    question: Question<T>,
    { deadlineMs = DEADLINE_MS, signal }: AskOptions
  ): Promise<T> {
    if (this.#closed) throw new MillraceError('CLOSED', 'The cluster configuration was closed.')
    clearTimeout(this.#idle)
    this.#users++
    this.#connection ??= this.client.admin()
    const connection = this.#connection
    try {
      const answer = connection.ready.then(() => question(connection))
      const found = await withDeadline(answer, this.client.settings, deadlineMs, signal)
      this.onAnswer()
      return found
    } catch (error) {
      void this.#discard(connection)
      if (error instanceof MillraceError) throw error
      throw new MillraceError('KAFKA_CONNECT_FAILED', reasonOf(error), { cause: error })
    } finally {
      this.#users--
      if (this.#users === 0)
        this.#idle = setTimeout(() => void this.#discard(this.#connection), IDLE_MS).unref()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idle)
    await this.#discard(this.#connection)
  }

  async #discard(connection: AdminConnection | undefined): Promise<void> {
    if (connection === undefined) return
    if (this.#connection === connection) this.#connection = undefined
    await connection.close()
  }
}

interface AskOptions {
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
}

async function withDeadline<T>(
  work: Promise<T>,
  { brokers }: ClusterSettings,
  deadlineMs: number,
  signal?: AbortSignal
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let giveUp: (() => void) | undefined
  const late = new Promise<never>((_resolve, refuse) => {
    giveUp = () =>
      refuse(
        new MillraceError(
          'KAFKA_CONNECT_FAILED',
          `${brokers.join(', ')} gave no answer within ${deadlineMs / 1000} s. Is it Kafka?`
        )
      )
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
