import type { Admin } from '../../core/kafka/admin/admin.ts'
import { type GroupLag, type PartitionLag, readLag } from '../../core/kafka/admin/lag.ts'
import { RecordTimes } from '../../core/kafka/admin/record-times.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import { parseNames } from '../../core/kafka/settings.ts'
import { type LagReport, Trend } from './logic.ts'
import { StandingLags } from './standing.ts'

/** What is watched: names separated by commas, as the dialog has them. */
export interface Watched {
  readonly groups: string
  /** Empty: every topic that the groups have read. */
  readonly topics: string
}

/** Asks the cluster how far groups are behind, and compares each look with those before. */
export class LagReader {
  readonly #trend = new Trend()
  readonly #standing = new StandingLags()
  readonly #times = new RecordTimes()
  readonly #groups: readonly string[]
  readonly #topics: ReadonlySet<string>

  constructor(
    private readonly cluster: KafkaCluster,
    { groups, topics }: Watched
  ) {
    this.#groups = parseNames(groups)
    this.#topics = new Set(parseNames(topics))
  }

  /**
   * One report a group.
   * @throws MillraceError while the cluster is away, or refuses to tell
   */
  read(): Promise<LagReport[]> {
    const isWatched = (topic: string) => this.#topics.size === 0 || this.#topics.has(topic)
    const positions = (group: string) => this.cluster.positionsOf(group)
    return this.cluster.admin.ask(async admin => {
      const lags = await readLag(admin, this.#groups, isWatched, positions)
      const nowMs = Date.now()
      const ages = await this.#agesOf(lags, nowMs, admin)
      const standing = this.#standing.of(lags, nowMs)
      return lags.map((lag, index) =>
        this.#trend.of({ ...lag, ...standing[index]!, behindSeconds: ages[index]! }, nowMs)
      )
    })
  }

  /** Of the oldest record of each group that was not dealt with, in seconds. */
  async #agesOf(
    lags: readonly GroupLag[],
    nowMs: number,
    admin: Admin
  ): Promise<(number | null)[]> {
    const places = lags
      .flatMap(({ partitions }) => partitions.filter(({ lag }) => lag > 0))
      .sort((a, b) => b.lag - a.lag)
      .map(partition => ({ ...partition, offset: firstOpen(partition) }))
    // Without the right to read the topics the lag is told all the same.
    const times = await this.#times.of(places, admin).catch(() => undefined)
    return lags.map(({ group, total, partitions }) => {
      if (total === 0) return 0
      const sinceMs = partitions.flatMap(partition => {
        const { topic, lag } = partition
        const writtenMs = times?.get(`${topic}/${partition.partition}`)
        if (lag === 0 || writtenMs === undefined) return []
        const notBefore = this.#standing.notBefore(group, partition, firstOpen(partition))
        return Math.max(writtenMs, notBefore ?? writtenMs)
      })
      return sinceMs.length === 0 ? null : Math.max(0, nowMs - Math.min(...sinceMs)) / 1000
    })
  }
}

/** The offset of the first record that was not dealt with. */
const firstOpen = ({ end, lag }: PartitionLag): number => end - lag
