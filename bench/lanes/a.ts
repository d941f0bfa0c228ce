/**
 * Lane A: MQTT QoS 1 → raw topic, first with the publisher running, then a backlog that waits in
 * the session.
 */
import type { Arrivals } from '../arrivals.ts'
import type { Contestant, RunningContestant } from '../contestant.ts'
import { Publisher } from '../publisher/publisher.ts'
import {
  arrived,
  firstTime,
  job,
  probeUntilReady,
  type Result,
  result,
  type Setting,
  Start,
  WARM_UP_FROM,
  WARM_UP_SHARE
} from './lane.ts'
import { watchOf } from './watch.ts'

export async function laneA(setting: Setting, contestant: Contestant): Promise<Result[]> {
  const start = new Start(setting, contestant, 'A')
  const { RAW_TOPIC } = start.environment
  await setting.field.topics.create(RAW_TOPIC, setting.partitions)
  try {
    const running = await publisherRunning(start)
    await start.current.stop()
    return [running, await backlogDrained(start)]
  } finally {
    await start.clear()
  }
}

async function publisherRunning(start: Start): Promise<Result> {
  const records = recordsOf(start)
  const watch = watchOf(start)
  const running = start.start()
  await probeUntilReady(start, running, watch.size)
  const warmUp = Math.ceil(records * WARM_UP_SHARE)
  const prepared = await Publisher.prepare(
    job(start, { from: WARM_UP_FROM, count: warmUp, firstMs: firstTime() - WARM_UP_FROM })
  )
  const before = await watch.size()
  await prepared.go().finished
  await arrived({ size: watch.size, expected: before + warmUp, running, onProgress: () => {} })

  const publisher = await Publisher.prepare(
    job(start, { from: 0, count: records, firstMs: firstTime() })
  )
  const { arrivals, publication } = await arrivalsWhile(
    start,
    running,
    { from: 0, count: records },
    publisher
  )
  const { startedMs, finishedMs, cpuMicros } = publication
  const window = {
    fromMs: startedMs,
    toMs: arrivals.lastMs,
    records: records - arrivals.count.missing
  }
  return result(start, window, arrivals.count, {
    variant: 'publisher running',
    records,
    publisher: { seconds: (finishedMs - startedMs) / 1000, cpuMicros: cpuMicros / records }
  })
}

async function arrivalsWhile(
  start: Start,
  running: RunningContestant,
  range: { from: number; count: number },
  publisher: Publisher
) {
  const watch = watchOf(start)
  const before = await watch.size()
  const { finished } = publisher.go()
  const onProgress = (done: number) => start.setting.onProgress(done, range.count)
  const size = async () => (await watch.size()) - before
  const [publication] = await Promise.all([
    finished,
    arrived({ size, expected: range.count, running, onProgress })
  ])
  return { publication, arrivals: await watch.read(range, before) }
}

async function backlogDrained(start: Start): Promise<Result> {
  const records = recordsOf(start)
  const range = { from: records, count: records }
  const watch = watchOf(start)
  const before = await watch.size()
  const publisher = await Publisher.prepare(job(start, { ...range, firstMs: firstTime() }))
  await publisher.go().finished
  const running = start.start()
  const onProgress = (done: number) => start.setting.onProgress(done, records)
  await arrived({
    size: async () => (await watch.size()) - before,
    expected: records,
    running,
    onProgress
  })
  const arrivals: Arrivals = await watch.read(range, before)
  return result(start, arrivals.window(WARM_UP_SHARE), arrivals.count, {
    variant: 'backlog drained',
    records
  })
}

const recordsOf = ({ contestant, setting }: Start) => contestant.recordsIn('A', setting.records.A)
