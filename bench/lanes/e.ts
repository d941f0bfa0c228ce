/** Lane E: the whole way at a fixed rate, from the publisher's send to the commit of the row. */
import type { Contestant, RunningContestant } from '../contestant.ts'
import { Publisher } from '../publisher/publisher.ts'
import type { Table } from '../table.ts'
import {
  arrived,
  firstTime,
  job,
  probeUntilReady,
  type Result,
  result,
  type Setting,
  Start,
  WARM_UP_FROM
} from './lane.ts'

/**
 * Of the records, this share must be in the table when the publisher has been silent for a second;
 * otherwise it falls behind.
 */
const KEPT_UP = 0.9
const GRACE_MS = 1_000

/** A contestant that does the whole way, and what it is held against. */
export interface Pipeline {
  readonly start: Start
  readonly running: RunningContestant
  readonly table: Table
}

/** Starts the contestant, waits until a record has come through, and clears away afterwards. */
export async function onPipeline<T>(
  setting: Setting,
  contestant: Contestant,
  work: (pipeline: Pipeline) => Promise<T>
): Promise<T> {
  const start = new Start(setting, contestant, 'E')
  const { RAW_TOPIC, CLEAN_TOPIC, TABLE } = start.environment
  const table = setting.field.table(TABLE)
  await setting.field.topics.create(RAW_TOPIC, setting.partitions)
  await setting.field.topics.create(CLEAN_TOPIC, setting.partitions)
  await table.create(setting.shape)
  try {
    const running = start.start()
    await probeUntilReady(start, running, () => table.roughCount())
    return await work({ start, running, table })
  } finally {
    await start.clear()
  }
}

export const laneE = (setting: Setting, contestant: Contestant): Promise<Result[]> =>
  onPipeline(setting, contestant, async pipeline => {
    await warmUp(pipeline)
    return stages(pipeline)
  })

/**
 * A pipeline runs for months: what its first seconds cost, while its code is compiled, is not what
 * a record costs.
 */
export async function warmUp(pipeline: Pipeline): Promise<void> {
  const { perSecond, seconds } = pipeline.start.setting.warmUp
  await stage(pipeline, { from: WARM_UP_FROM, count: perSecond * seconds, perSecond })
}

export async function stages(
  pipeline: Pipeline,
  onResult: (result: Result) => Result = found => found
): Promise<Result[]> {
  const { rates, rateSeconds, leadSeconds } = pipeline.start.setting
  const results: Result[] = []
  let from = 0
  for (const perSecond of rates) {
    const lead = perSecond * leadSeconds
    const count = lead + perSecond * rateSeconds
    const last = onResult(await stage(pipeline, { from, count, perSecond, lead }))
    results.push(last)
    // what it has not dealt with yet would be in the way of the next stage
    if (last.problem) break
    from += count
  }
  return results
}

interface Stage {
  readonly from: number
  readonly count: number
  readonly perSecond: number
  /** So many of `count` come first at this rate, and are looked for, but not measured. */
  readonly lead?: number
}

async function stage(
  { start, running, table }: Pipeline,
  { from, count, perSecond, lead = 0 }: Stage
): Promise<Result> {
  const { setting } = start
  const publisher = await Publisher.prepare(
    job(start, { from, count, firstMs: firstTime() - from, perSecond, stampTime: true })
  )
  const before = await table.roughCount()
  const { finished } = publisher.go()
  const size = async () => (await table.roughCount()) - before
  const onProgress = (done: number) => setting.onProgress(done, count)
  const waiting = {
    size,
    expected: count,
    running,
    onProgress,
    stallMs: 10_000,
    limitMs: (3 * count * 1000) / perSecond + 10_000
  }
  const [publication] = await Promise.all([finished, arrived(waiting)])
  const [measuredFrom, measured] = [from + lead, count - lead]
  const window = await table.window(measuredFrom, measured, 0)
  const kept = (await table.countUntil(from, count, publication.finishedMs + GRACE_MS)) / count
  const fromMs = publication.startedMs + (lead / perSecond) * 1000
  const whole = { ...window, fromMs, records: measured }
  const found = await table.count(from, count)
  const seconds = (publication.finishedMs - publication.startedMs) / 1000
  const problem = problemOf(kept, count / seconds, perSecond)
  return result(start, whole, found, {
    variant: `${perSecond.toLocaleString('en')}/s`,
    records: measured,
    window: { fromMs: whole.fromMs, toMs: whole.toMs },
    publisher: { seconds, cpuMicros: publication.cpuMicros / count },
    ...(found.missing < count ? await table.latency(measuredFrom, measured) : {}),
    ...(problem ? { problem } : {})
  })
}

/**
 * The rate was not the one asked for when the broker took less: then nothing is said of the
 * contestant.
 */
function problemOf(kept: number, offered: number, perSecond: number): string | undefined {
  if (offered < KEPT_UP * perSecond)
    return `the broker took only ${Math.round(offered).toLocaleString('en')}/s from the publisher`
  return kept < KEPT_UP ? `falls behind (${Math.round(kept * 100)} % in time)` : undefined
}
