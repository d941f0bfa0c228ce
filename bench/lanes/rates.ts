/**
 * Lane `rates`: what the whole way costs at the rates that fleets really have, from nothing at all
 * to more than it can take; beside it what it makes the MQTT server, Kafka and PostgreSQL cost.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Contestant } from '../contestant.ts'
import { UsageTimeline } from '../process-tree.ts'
import { onPipeline, type Pipeline, stages, warmUp } from './e.ts'
import type { Result, Setting } from './lane.ts'

export const USUAL_RATES = [10, 100, 200, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 15_000, 20_000]
export const IDLE = 'idle'

/**
 * What a pipeline costs in the months that it runs: connecting is over when nothing at all is
 * measured, and V8 has compiled what runs, which takes half of the CPU time of the first half
 * minute. It compiles again for a while where the rate changes, so that each rate has a lead.
 */
export const IN_THE_LONG_RUN = {
  rateSeconds: 20,
  leadSeconds: 20,
  settleSeconds: 30,
  warmUp: { perSecond: 1_000, seconds: 60 }
}

/** @param settleSeconds before idle is measured */
export async function laneRates(
  setting: Setting,
  contestant: Contestant,
  settleSeconds: number
): Promise<Result[]> {
  const { mqtt, kafka, postgres } = setting.field.services
  const pids = [mqtt.pid, kafka.pid, postgres.pid].filter(pid => pid !== undefined)
  const servers = pids.length === 3 ? new UsageTimeline(pids) : undefined
  const withServers = (found: Result): Result => {
    if (servers === undefined || found.window === undefined) return found
    const { fromMs, toMs } = found.window
    const more = servers.cpuMicros(fromMs, toMs) / Math.max(found.records, 1)
    return { ...found, systemMicros: found.cpuMicros + more }
  }
  try {
    return await onPipeline(setting, contestant, async pipeline => {
      const idle = withServers(await nothing(pipeline, settleSeconds))
      await warmUp(pipeline)
      return [idle, ...(await stages(pipeline, withServers))].map(found => ({
        ...found,
        lane: 'rates'
      }))
    })
  } finally {
    servers?.stop()
  }
}

/** No record at all: CPU time a second in place of a record, and what it needs of memory. */
async function nothing({ start, running }: Pipeline, settleSeconds: number): Promise<Result> {
  const { rateSeconds } = start.setting
  await wait(settleSeconds * 1000)
  const fromMs = Date.now()
  await wait(rateSeconds * 1000)
  const toMs = Date.now()
  const { usage } = running
  return {
    lane: 'rates',
    variant: IDLE,
    contestant: start.contestant.name,
    limit: false,
    records: rateSeconds,
    perSecond: 0,
    cpuMicros: usage.cpuMicros(fromMs, toMs) / rateSeconds,
    peakMb: usage.last.rssBytes / 1024 / 1024,
    missing: 0,
    doubled: 0,
    window: { fromMs, toMs }
  }
}
