/**
 * Lane influx: clean topic → points of line protocol in QuestDB. All records are there before the
 * contestant starts.
 */
import { join } from 'node:path'
import type { Contestant } from '../contestant.ts'
import { benchHome } from '../field.ts'
import { PointCount, startQuestDb } from '../time-series.ts'
import { arrived, type Result, result, type Setting, Start, WARM_UP_SHARE } from './lane.ts'
import { preparedTopic } from './prepared.ts'

/** A second of a fast contestant is ten of these: what a window is off by. */
const POLL_MS = 100

export async function laneInflux(setting: Setting, contestant: Contestant): Promise<Result[]> {
  const records = contestant.recordsIn('influx', setting.records.influx)
  const start = new Start(setting, contestant, 'influx')
  const CLEAN_TOPIC = await preparedTopic(setting, 'clean', records)
  const server = await startQuestDb(join(benchHome, 'questdb'))
  const points = new PointCount(server, start.environment.TABLE)
  try {
    await points.create()
    const running = start.start({ CLEAN_TOPIC, INFLUX_URL: server.url })
    const onProgress = (done: number) => setting.onProgress(done, records)
    const size = () => points.size()
    await arrived({ size, expected: records, running, onProgress, pollMs: POLL_MS })
    const window = points.window(WARM_UP_SHARE)
    return [result(start, window, await points.count(records), { variant: '', records })]
  } finally {
    await start.clear()
    await server.stop()
  }
}
