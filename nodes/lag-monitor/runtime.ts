import { reasonOf } from '../../core/errors.ts'
import type { Admin } from '../../core/kafka/admin/admin.ts'
import { type GroupLag, readLag } from '../../core/kafka/admin/lag.ts'
import { RecordTimes } from '../../core/kafka/admin/record-times.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import { parseNames } from '../../core/kafka/settings.ts'
import { shortReason } from '../../core/kafka/short-reason.ts'
import { type Context, defineNode } from '../../core/node/define-node.ts'
import { SILENT_MS } from '../../core/node/status.ts'
import { alertText, type LagReport, statusText, Threshold, Trend } from './logic.ts'
import { spec } from './spec.ts'
import { StandingLags } from './standing.ts'

class LagMonitor {
  readonly #trend = new Trend()
  readonly #standing = new StandingLags()
  readonly #times = new RecordTimes()
  readonly #threshold: Threshold
  #closed = false
  #away = false
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly context: Context<typeof spec>,
    private readonly cluster: KafkaCluster
  ) {
    const { options, status } = context
    this.#threshold = new Threshold(options.threshold, options.behindS)
    status.waiting('connecting')
    void this.#poll()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #poll(): Promise<void> {
    const { options, status, report } = this.context
    const slow = setTimeout(() => status.waiting('waiting for the broker'), SILENT_MS)
    try {
      const reports = await this.#look()
      if (!this.#closed) this.#tell(reports)
      this.#away = false
    } catch (error) {
      if (this.#closed) return
      const wrong = shortReason(reasonOf(error))
      if (wrong === undefined) status.waiting('broker away')
      else status.failed(wrong)
      if (!this.#away) report(error)
      this.#away = true
    } finally {
      clearTimeout(slow)
    }
    if (!this.#closed) this.#timer = setTimeout(() => void this.#poll(), options.intervalS * 1000)
  }

  async #look(): Promise<LagReport[]> {
    const { options } = this.context
    const groups = parseNames(options.groups)
    const topics = new Set(parseNames(options.topics))
    const wanted = (topic: string) => topics.size === 0 || topics.has(topic)
    return this.cluster.admin.ask(async admin => {
      const lags = await readLag(admin, groups, wanted, group => this.cluster.positionsOf(group))
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
    const behind = lags.flatMap(({ partitions }) => partitions.filter(({ lag }) => lag > 0))
    const places = behind
      .sort((a, b) => b.lag - a.lag)
      .map(({ topic, partition, end, lag }) => ({ topic, partition, offset: end - lag }))
    // Without the right to read the topics the lag is told all the same.
    const times = await this.#times.of(places, admin).catch(() => undefined)
    return lags.map(({ group, total, partitions }) => {
      if (total === 0) return 0
      const ages = partitions.flatMap(partition => {
        const { topic, lag, end } = partition
        const writtenMs = lag > 0 ? times?.get(`${topic}/${partition.partition}`) : undefined
        if (writtenMs === undefined) return []
        return (
          Math.max(
            0,
            nowMs -
              Math.max(
                writtenMs,
                this.#standing.notBefore(group, partition, end - lag) ?? writtenMs
              )
          ) / 1000
        )
      })
      return ages.length === 0 ? null : Math.max(...ages)
    })
  }

  #tell(reports: readonly LagReport[]): void {
    const { metrics, status, send } = this.context
    for (const report of reports) {
      const { group, total } = report
      const change = this.#threshold.change(report)
      if (reports.length > 1) metrics.gauges.set(`lag ${group}`, total)
      const alert = change && {
        payload: { ...report, change },
        topic: group,
        text: alertText(report, change)
      }
      send([{ payload: report, topic: group }, alert ?? null])
    }
    const sum = (of: (report: LagReport) => number) =>
      reports.reduce((all, report) => all + of(report), 0)
    metrics.gauges.set(
      'lag',
      sum(({ total }) => total)
    )
    metrics.gauges.set(
      'standing lag',
      sum(({ standingLag }) => standingLag)
    )
    metrics.gauges.set(
      'behind seconds',
      Math.max(0, ...reports.map(({ behindSeconds }) => behindSeconds ?? 0))
    )
    const text = statusText(reports)
    if (this.#threshold.behind > 0)
      status.set('red', 'dot', `${text.split(' · ')[0]} · ${this.#threshold.behind} behind`)
    else status.healthy(text)
  }
}

export default defineNode(spec, context => {
  const monitor = new LagMonitor(context, context.provided<KafkaCluster>('cluster'))
  return { close: () => monitor.close() }
})
