import { MillraceError, reasonOf } from '../../core/errors.ts'
import type { LoadingReader } from '../../core/format/reader.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import type { TopicFollower } from '../../core/kafka/consume/topic-follower.ts'
import type { KafkaRecord } from '../../core/kafka/port.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import type { KeyRefusal } from './answer.ts'
import type { MetadataRow } from './metadata.ts'
import { TopicRows, type TopicRowsOptions } from './topic-rows.ts'

export interface TopicTableOptions extends Omit<TopicRowsOptions, 'reader'> {
  readonly cluster: Pick<KafkaCluster, 'follower' | 'admin'>
  readonly loading: LoadingReader
}

/** Who uses a table is told what is the matter with it. */
export interface TableUser {
  /** The topic cannot be read, while what is known goes on; undefined: it can. */
  onProblem(problem: unknown): void
  warn(sentence: string): void
  log(sentence: string): void
}

/** A topic that was made anew without records says nothing by itself. */
const LOOK_EVERY_MS = 15_000

/**
 * A table that follows a topic: of each device the newest record. It is ready once it was read to
 * the end that the topic had at the start, and stays so whatever becomes of the broker. A topic
 * that was deleted and made anew takes its place as soon as it was read to its end.
 */
export class TopicTable {
  readonly #follower: TopicFollower
  readonly #users = new Set<TableUser>()
  #rows: TopicRows | undefined
  /** What is being read for the first time, or anew. */
  #building: TopicRows | undefined
  #problem: unknown
  #warnings: string[] = []
  readonly #waiting = new Set<() => void>()
  readonly #unreadable: ThrottledNotice
  readonly #timer: NodeJS.Timeout
  #isClosed = false
  #isLooking = false

  constructor(private readonly options: TopicTableOptions) {
    const { cluster, topic } = options
    this.#building = this.#begun()
    this.#unreadable = new ThrottledNotice((records, why) => this.#warn(unread(records, why)))
    this.#follower = cluster.follower(
      { topic, sinceMs: 0 },
      {
        up: () => this.#tell(undefined),
        away: error => this.#tell(error),
        read: (messages, partition) => this.#read(messages, partition),
        anew: () => this.#beginAnew()
      }
    )
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref()
    void this.#start()
  }

  /** Whether all was read that the topic held at the start. */
  get isReady(): boolean {
    return this.#rows !== undefined
  }
  /** What is there, or else has come so far. */
  get rows(): TopicRows {
    return this.#rows ?? this.#building!
  }

  /** Undefined while the topic is being read; null: there is no such device. */
  find(device: string): MetadataRow | KeyRefusal | null | undefined {
    return this.#rows?.find(device)
  }

  /** Resolves once the table is ready. @throws why it is not, after this time; 0: never */
  ready(limitMs: number, signal: AbortSignal): Promise<void> {
    if (this.isReady) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const end = (how: () => void) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', close)
        this.#waiting.delete(done)
        how()
      }
      const done = () => end(resolve)
      const close = () => end(() => reject(new MillraceError('CLOSED', 'The node was stopped.')))
      const late = () => end(() => reject(this.#why()))
      const timer = limitMs === 0 ? undefined : setTimeout(late, limitMs)
      this.#waiting.add(done)
      if (signal.aborted) close()
      else signal.addEventListener('abort', close)
    })
  }

  /** From now on it is told, first of all what is the matter already. */
  join(user: TableUser): void {
    this.#users.add(user)
    for (const warning of this.#warnings) user.warn(warning)
    const { unreadable, why, isFull } = this.rows
    if (unreadable > 0) user.warn(unread(unreadable, why))
    if (isFull) user.warn(this.#fullWarning())
    if (this.#problem !== undefined) user.onProblem(this.#problem)
  }

  /** True if nobody is left. */
  leave(user: TableUser): boolean {
    this.#users.delete(user)
    return this.#users.size === 0
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#users.clear()
    this.#unreadable.end()
    await this.#follower.close()
  }

  async #start(): Promise<void> {
    try {
      await this.options.loading.ready
    } catch (error) {
      // Of the schema: nothing of the topic can be read until it is mended.
      this.#tell(error)
      return
    }
    if (this.#isClosed) return
    this.#follower.start()
    await this.#catchUp()
    await this.#askWhetherCompacted()
  }

  async #catchUp(): Promise<void> {
    while (this.#building !== undefined) {
      const read = this.#building
      const isOpen = await this.#follower.caughtUp().then(
        () => true,
        () => false
      )
      if (!isOpen) return
      // It may have begun anew meanwhile.
      if (this.#building === read) this.#use(read)
    }
  }

  #use(read: TopicRows): void {
    const { topic } = this.options
    this.#building = undefined
    this.#rows = read
    read.wasReadToEnd()
    const count = read.size === 1 ? '1 device' : `${read.size} devices`
    for (const { log } of this.#users) log(`The topic "${topic}" was read to its end: ${count}.`)
    for (const done of [...this.#waiting]) done()
  }

  #read(messages: readonly KafkaRecord[], partition: number): void {
    const rows = this.#building ?? this.#rows!
    const { isFull, unreadable } = rows
    for (const message of messages) rows.take(message, partition)
    if (rows.unreadable > unreadable) this.#unreadable.add(rows.unreadable - unreadable, rows.why)
    if (rows.isFull && !isFull) this.#warn(this.#fullWarning())
  }

  /** The topic is another one: what was read is used until that was read too. */
  #beginAnew(): void {
    const isUnderWay = this.#building !== undefined
    this.#building = this.#begun()
    const { topic } = this.options
    this.#warn(`The topic "${topic}" was deleted and made anew. It is read from its beginning.`)
    if (!isUnderWay) void this.#catchUp()
  }

  #begun = () => new TopicRows({ ...this.options, reader: this.options.loading.reader })

  async #look(): Promise<void> {
    if (this.#building !== undefined || this.#isClosed || this.#isLooking) return
    // While the broker is away this goes on for as long.
    this.#isLooking = true
    await this.#follower.caughtUp().catch(() => undefined)
    this.#isLooking = false
  }

  /** Where it may not be asked, a person has to know by themselves. */
  async #askWhetherCompacted(): Promise<void> {
    const { cluster, topic } = this.options
    const asked = cluster.admin.ask(admin => admin.topicSettings(topic, ['cleanup.policy']))
    const policy = (await asked.catch(() => undefined))?.get('cleanup.policy')
    if (policy === undefined || policy === 'compact') return
    this.#warnings = [notCompacted(topic, policy)]
    for (const warning of this.#warnings) this.#warn(warning)
  }

  #tell(problem: unknown): void {
    this.#problem = problem
    for (const user of this.#users) user.onProblem(problem)
  }

  #warn(sentence: string): void {
    for (const user of this.#users) user.warn(sentence)
  }

  #fullWarning(): string {
    const text = this.rows.fullSentence
    return `${text[0]!.toUpperCase()}${text.slice(1)}: devices for which there was no place are treated as such that the source fails for. Raise the limits under Advanced, or have less in the topic, and deploy again.`
  }

  #why(): Error {
    if (this.#problem !== undefined) return new Error(reasonOf(this.#problem))
    const { topic } = this.options
    return new Error(`the topic "${topic}" is still being read, ${this.rows.size} devices so far`)
  }
}

const unread = (records: number, why: string): string =>
  `${records === 1 ? 'A record' : `${records} records`} of the topic cannot be read, the last at ${why}. What was known of the device before is used.`

const notCompacted = (topic: string, policy: string): string =>
  policy.includes('compact')
    ? `The topic "${topic}" is compacted, and also deletes what is old (cleanup.policy=${policy}): devices that were not written for that long are missing after the next start.`
    : `The topic "${topic}" is not compacted (cleanup.policy=${policy}): Kafka deletes what is old, so devices that were not written for that long are missing after the next start. Set cleanup.policy=compact.`
