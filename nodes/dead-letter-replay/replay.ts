import { pause } from '../../core/backoff.ts'
import {
  type DeadLetter,
  isTruncated,
  type Original,
  originalOf,
  recordOf
} from '../../core/dead-letter/decode.ts'
import { MillraceError, reasonOf } from '../../core/errors.ts'
import type { Admin, PartitionEnds } from '../../core/kafka/admin/admin.ts'
import { readToEnd } from '../../core/kafka/consume/read-to-end.ts'
import { headersOf } from '../../core/kafka/headers.ts'
import type { KafkaClient, KafkaRecord, TransactionalProducer } from '../../core/kafka/port.ts'
import { hashOf } from '../../core/kafka/produce/murmur2.ts'
import {
  NO_KEY,
  type ProduceCallback,
  ProduceRecord
} from '../../core/kafka/produce/produce-record.ts'
import { TransactionScope } from '../../core/kafka/produce/transaction-scope.ts'
import type { Reason } from '../../core/record/record.ts'
import { type Filter, Ledger, matches, type Progress, ReplayPace } from './logic.ts'

export interface ReplayOptions {
  readonly client: KafkaClient
  readonly topic: string
  readonly ledgerTopic: string
  readonly ingestTopic: string
  readonly perSecond: number
  readonly filter: Filter
  readonly onProgress: (progress: Progress) => void
}

/**
 * A person waits for the answer: not half a minute of retries, as where records wait for the
 * broker.
 */
const RETRIES = 5

/**
 * One pass over a dead-letter topic. What is sent and the note that it was sent are one Kafka
 * transaction, under an id that belongs to the topic: a replay that died leaves neither, and a
 * second one at the same time fences the first.
 */
export class Replay {
  readonly #progress: Progress = {
    replayed: 0,
    alreadyReplayed: 0,
    others: 0,
    truncated: 0,
    remaining: 0
  }
  readonly #ledger: Ledger
  /** The largest record batch that each topic takes. */
  readonly #limits = new Map<string, Promise<number>>()
  #stopped = false

  constructor(private readonly options: ReplayOptions) {
    this.#ledger = new Ledger(options.topic)
  }

  /** Ends after the batch that is under way. */
  stop(): void {
    this.#stopped = true
  }

  /**
   * Resolves with what was done when the end is reached or it was stopped. @throws MillraceError
   * with the reason in words
   */
  async run(): Promise<Progress> {
    const { client, topic, ledgerTopic } = this.options
    const admin = client.admin({ retries: RETRIES })
    const producer = client.transactional({ transactionalId: `millrace-replay-${topic}` })
    try {
      await admin.ready
      await ensureLedger(admin, ledgerTopic)
      // That fences whoever replays this topic and ends its transaction: the ledger read after that
      // is complete.
      await producer.connect()
      const ledgerEnds = await admin.listOffsets(ledgerTopic)
      await readToEnd(client, {
        topic: ledgerTopic,
        ends: ledgerEnds,
        retries: RETRIES,
        each: this.#readLedger
      })
      const ends = await admin.listOffsets(topic)
      this.#progress.remaining = ends.reduce((sum, { high, low }) => sum + Number(high - low), 0)
      await this.#replay(producer, ends)
      return this.#progress
    } catch (error) {
      if (error instanceof Stopped) return this.#progress
      if (error instanceof MillraceError) throw error
      throw new MillraceError('KAFKA_CONNECT_FAILED', reasonOf(error), { cause: error })
    } finally {
      await Promise.all([producer.close(), admin.close()])
    }
  }

  readonly #readLedger = async (
    _partition: number,
    messages: readonly KafkaRecord[]
  ): Promise<void> => {
    for (const { key, value } of messages)
      if (key !== null) this.#ledger.read(key.toString(), value?.toString() ?? '')
  }

  async #replay(producer: TransactionalProducer, ends: readonly PartitionEnds[]): Promise<void> {
    const pace = new ReplayPace(this.options.perSecond, performance.now())
    const each = async (
      partition: number,
      messages: readonly KafkaRecord[],
      beat: () => Promise<void>
    ) => {
      const chosen = messages
        .map(message => letterOf(partition, message))
        .filter(letter => this.#choose(letter))
      for (let start = 0; start < chosen.length; start += pace.batchSize) {
        const letters = chosen.slice(start, start + pace.batchSize)
        await this.#pause(pace.waitMs(letters.length, performance.now()), beat)
        await this.#send(producer, letters)
      }
      this.#progress.remaining = Math.max(0, this.#progress.remaining - messages.length)
      this.options.onProgress(this.#progress)
      if (this.#stopped) throw new Stopped()
      await beat()
    }
    const { client, topic } = this.options
    await readToEnd(client, { topic, ends, retries: RETRIES, each })
    this.#progress.remaining = 0
  }

  #choose(letter: DeadLetter): boolean {
    if (!matches(letter, this.options.filter)) this.#progress.others++
    else if (this.#ledger.has(letter)) this.#progress.alreadyReplayed++
    else if (isTruncated(letter)) this.#progress.truncated++
    else {
      // Before it is sent: the same record may be in this batch again, and if the send fails this
      // replay is over.
      this.#ledger.note(letter)
      return true
    }
    return false
  }

  async #pause(totalMs: number, beat: () => Promise<void>): Promise<void> {
    for (let leftMs = totalMs; leftMs > 0; leftMs -= 1000) {
      if (this.#stopped) throw new Stopped()
      await pause(Math.min(1000, leftMs))
      await beat()
    }
  }

  /** The originals and their notes, all or none. */
  async #send(producer: TransactionalProducer, letters: readonly DeadLetter[]): Promise<void> {
    const { client, ledgerTopic, ingestTopic } = this.options
    const sending = new Sending()
    const byTopic = new Map<string, ProduceRecord[]>()
    for (const letter of letters) {
      const { topic, key, value, headers } = originalOf(letter, ingestTopic)
      const records = byTopic.get(topic) ?? []
      byTopic.set(topic, records)
      records.push(sending.record(key, value, headers))
    }
    const notes = letters.map(letter =>
      sending.record(this.#ledger.key(letter), recordOf(letter) ?? '', {})
    )
    const transaction = await producer.begin()
    const [{ settings }, limits] = [client, this.#limits]
    const scope = new TransactionScope({ settings, producer, transaction, limits, oneByOne: false })
    try {
      for (const [topic, records] of byTopic) await scope.write(topic, 'none', records)
      await scope.write(ledgerTopic, 'none', notes)
      sending.requireAll()
      await transaction.commit()
    } catch (error) {
      await transaction.abort().catch(() => undefined)
      throw error
    }
    this.#progress.replayed += letters.length
    this.options.onProgress(this.#progress)
  }
}

/** What goes back in one transaction. */
class Sending implements ProduceCallback {
  open = 0
  #refusal: Reason | undefined

  record(
    key: Buffer | string | null,
    value: Buffer | string | null,
    headers: Original['headers']
  ): ProduceRecord {
    return new ProduceRecord(
      key,
      value,
      headers,
      undefined,
      key === null ? NO_KEY : hashOf(key),
      this,
      this.open++
    )
  }
  refused(_record: ProduceRecord, reason: Reason): void {
    this.#refusal ??= reason
  }
  finished(): void {}

  /** @throws MillraceError if a record cannot go back to its topic */
  requireAll(): void {
    if (this.#refusal)
      throw new MillraceError(
        'KAFKA_RECORD_REFUSED',
        `A dead letter cannot go back: ${this.#refusal.message}`
      )
  }
}

/** Not an error: how a replay that was stopped leaves the reader. */
class Stopped extends Error {}

const letterOf = (
  partition: number,
  { offset, timestamp, key, value, headers }: KafkaRecord
): DeadLetter => ({
  partition,
  offset,
  timestamp,
  key,
  value,
  headers: headersOf(headers)
})

async function ensureLedger(admin: Admin, topic: string): Promise<void> {
  if ((await admin.listTopics()).includes(topic)) return
  await admin.createTopics([{ topic, partitions: 1, settings: { 'cleanup.policy': 'compact' } }])
}
