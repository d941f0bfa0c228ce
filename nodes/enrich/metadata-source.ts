import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import type { Context } from '../../core/node/define-node.ts'
import type { Options } from '../../core/node/spec.ts'
import { databaseWords } from '../../core/postgres/connect-errors.ts'
import type { Database } from '../../core/postgres/pool.ts'
import type { Message } from '../../core/record/message.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import { columnsOf } from './columns.ts'
import type { Directory } from './directory.ts'
import { type DirectoryNeeds, directoryOf } from './directory-of.ts'
import type { Find } from './logic.ts'
import { persist } from './persist.ts'
import type { spec } from './spec.ts'
import { refusedSentence, shortReason, Trouble, topicWords } from './trouble.ts'
import { devicesOf } from './waiting-devices.ts'

/** Says in a few words what is the matter with a source. */
const WORDS: Readonly<Record<Options<typeof spec>['source'], (problem: unknown) => string>> = {
  inline: shortReason,
  file: shortReason,
  http: shortReason,
  database: databaseWords,
  topic: topicWords
}

/** Where the metadata comes from: asks until it answers, and tells what is wrong with it. */
export class MetadataSource {
  readonly directory: Directory
  readonly #closing = new AbortController()
  readonly #database: Database | undefined
  readonly #trouble: Trouble
  readonly #refused: ThrottledNotice
  readonly #needs: DirectoryNeeds
  /** The messages behind the one that is looked up now. */
  behind: () => readonly Message[] = () => []

  constructor(private readonly context: Context<typeof spec>) {
    const { options, node, provided } = context
    const { source } = options
    this.#database = source === 'database' ? provided<Database>('database') : undefined
    this.#trouble = new Trouble(WORDS[source], node, source === 'topic')
    this.#refused = new ThrottledNotice((devices, why) => node.warn(refusedSentence(devices, why)))
    this.#needs = {
      database: () => this.#database!,
      cluster: () => provided<KafkaCluster>('cluster'),
      say: { warn: line => node.warn(line), log: line => node.log(line) },
      closing: this.#closing.signal,
      onProblem: problem => this.#trouble.tell(problem),
      onRefused: (key, why) => this.#refused.add(1, `${JSON.stringify(key.slice(0, 80))}: ${why}`),
      waiting: not => devicesOf(this.behind(), options.key, not)
    }
    this.directory = directoryOf(options, this.#needs)
    this.#database?.acquire()
  }

  readonly find: Find = keys =>
    persist(this.directory.finder(keys, Date.now), {
      waitMs: this.context.options.waitS * 1000,
      closing: this.#closing.signal,
      onOutcome: problem => this.#trouble.tell(problem)
    })

  /** What its dialog offers to copy; the source may be asked with these devices. */
  columns(devices: readonly string[]): Promise<string[]> {
    const { options } = this.context
    const whole = () => directoryOf({ ...options, copy: [] }, this.#needs)
    return columnsOf(options, { ...this.#needs, whole }, devices)
  }

  /** What is wrong with it. Looked at once a second, for the status. */
  get problem(): string | { readonly mend: string } | undefined {
    const { state } = this.directory
    for (const [name, value] of state?.gauges ?? []) this.context.metrics.gauges.set(name, value)
    return state?.mend === undefined ? (this.#trouble.words ?? state?.waits) : { mend: state.mend }
  }

  /** What stands beside the rate in the status. */
  get note(): string | undefined {
    return this.directory.state?.note
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.directory.close()
    this.#refused.end()
    await this.#database?.release()
  }
}
