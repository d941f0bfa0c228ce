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

/** Before the first stage, at its rate. */
const WARM_UP_SECONDS = 3

/**
 * Of the records, this share must be in the table when the publisher has been silent for a second;
 * otherwise it falls behind.
 */
const KEPT_UP = 0.9
const GRACE_MS = 1_000

export async function laneE(setting: Setting, contestant: Contestant): Promise<Result[]> {
  const start = new Start(setting, contestant, 'E')
  const { RAW_TOPIC, CLEAN_TOPIC, TABLE } = start.environment
  const table = setting.field.table(TABLE)
  await setting.field.topics.create(RAW_TOPIC, setting.partitions)
  await setting.field.topics.create(CLEAN_TOPIC, setting.partitions)
  await table.create(setting.shape)
  try {
    const running = start.start()
    await probeUntilReady(start, running, () => table.roughCount())
    const [first = 1_000] = setting.rates
    await stage(start, running, table, {
      from: WARM_UP_FROM,
      count: WARM_UP_SECONDS * first,
      perSecond: first
    })
    return await stages(start, running, table)
  } finally {
    await start.clear()
  }
}

async function stages(start: Start, running: RunningContestant, table: Table): Promise<Result[]> {
  const results: Result[] = []
  let from = 0
  for (const perSecond of start.setting.rates) {
    const count = perSecond * start.setting.rateSeconds
    const last = await stage(start, running, table, { from, count, perSecond })
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
}

async function stage(
  start: Start,
  running: RunningContestant,
  table: Table,
  { from, count, perSecond }: Stage
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
  const window = await table.window(from, count, 0)
  const kept = (await table.countUntil(from, count, publication.finishedMs + GRACE_MS)) / count
  const whole = { ...window, fromMs: publication.startedMs, records: count }
  const found = await table.count(from, count)
  const seconds = (publication.finishedMs - publication.startedMs) / 1000
  const problem = problemOf(kept, count / seconds, perSecond)
  return result(start, whole, found, {
    variant: `${perSecond.toLocaleString('en')}/s`,
    records: count,
    publisher: { seconds, cpuMicros: publication.cpuMicros / count },
    ...(found.missing < count ? await table.latency(from, count) : {}),
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
