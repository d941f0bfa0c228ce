/**
 * Lane B: raw topic → validate, UTC, location → clean topic. All records are there before the
 * contestant starts.
 */
import type { Contestant } from '../contestant.ts'
import type { SequenceOf } from '../topics.ts'
import { arrived, type Result, result, type Setting, Start, WARM_UP_SHARE } from './lane.ts'
import { preparedTopic } from './prepared.ts'

export async function laneB(setting: Setting, contestant: Contestant): Promise<Result[]> {
  const records = contestant.recordsIn('B', setting.records.B)
  const { topics } = setting.field
  const start = new Start(setting, contestant, 'B')
  const RAW_TOPIC = await preparedTopic(setting, 'raw', records)
  const { CLEAN_TOPIC } = start.environment
  await topics.create(CLEAN_TOPIC, setting.partitions)
  try {
    const running = start.start({ RAW_TOPIC })
    const onProgress = (done: number) => setting.onProgress(done, records)
    await arrived({ size: () => topics.size(CLEAN_TOPIC), expected: records, running, onProgress })
    const arrivals = await topics.read(
      CLEAN_TOPIC,
      { from: 0, count: records },
      contestant.isLimit ? inOrder() : cleanNumber
    )
    return [result(start, arrivals.window(WARM_UP_SHARE), arrivals.count, { variant: '', records })]
  } finally {
    await start.clear()
  }
}

/** A record counts as processed when it has its UTC text and its location. */
const cleanNumber: SequenceOf = ({ value, ts_utc, location }) => {
  const isClean =
    typeof ts_utc === 'string' &&
    ts_utc.endsWith('Z') &&
    typeof location === 'string' &&
    location.startsWith('hall')
  return isClean ? Number(value) : undefined
}

/** A limit writes anything: only how much of it matters. */
function inOrder(): SequenceOf {
  let next = 0
  return () => next++
}
