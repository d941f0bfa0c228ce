import { pause } from '../../core/backoff.ts'
import { MillraceError } from '../../core/errors.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import type { Chosen, Progress } from './logic.ts'
import { Replay } from './replay.ts'

/** A replay that is under way may take so long to come to the end of its batch. */
const STOP_MS = 8_000

export interface ReplayTarget {
  /** The dead letters. */
  readonly topic: string
  /** Empty: the topic's name with `-replayed`. */
  readonly ledgerTopic: string
  readonly ingestTopic: string
  readonly perSecond: number
}

/** Runs one replay at a time. */
export class Running {
  #current: { readonly replay: Replay; readonly ended: Promise<unknown> } | undefined

  constructor(
    private readonly cluster: KafkaCluster,
    private readonly target: ReplayTarget
  ) {}

  /** @throws MillraceError where one is running */
  requireIdle(): void {
    if (this.#current)
      throw new MillraceError(
        'REPLAY_RUNNING',
        'A replay is running; wait for its end, or send "stop".'
      )
  }

  /**
   * Resolves with what was done, when the end is reached or it was stopped.
   * @throws MillraceError with the reason in words
   */
  async run({ filter }: Chosen, onProgress: (progress: Progress) => void): Promise<Progress> {
    const { client } = this.cluster
    const { topic, ingestTopic, perSecond } = this.target
    const ledgerTopic = this.target.ledgerTopic || `${topic}-replayed`
    this.cluster.meet()
    const replay = new Replay({
      client,
      topic,
      ledgerTopic,
      ingestTopic,
      perSecond,
      filter,
      onProgress
    })
    const work = replay.run()
    this.#current = { replay, ended: work.catch(() => undefined) }
    try {
      return await work
    } finally {
      this.#current = undefined
    }
  }

  /** Ends after the batch that is under way. */
  stop(): void {
    this.#current?.replay.stop()
  }

  async close(): Promise<void> {
    this.stop()
    await Promise.race([this.#current?.ended, pause(STOP_MS, { unref: true })])
  }
}
