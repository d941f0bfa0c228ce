/** Lane C: clean topic → table. All records are there before the contestant starts. */
import type { Contestant } from '../contestant.ts'
import { arrived, type Result, result, type Setting, Start, WARM_UP_SHARE } from './lane.ts'
import { preparedTopic } from './prepared.ts'

export async function laneC(setting: Setting, contestant: Contestant): Promise<Result[]> {
  const records = contestant.recordsIn('C', setting.records.C)
  const start = new Start(setting, contestant, 'C')
  const CLEAN_TOPIC = await preparedTopic(setting, 'clean', records)
  const table = setting.field.table(start.environment.TABLE)
  await table.create(setting.shape)
  try {
    const running = start.start({ CLEAN_TOPIC })
    const onProgress = (done: number) => setting.onProgress(done, records)
    await arrived({ size: () => table.roughCount(), expected: records, running, onProgress })
    const window = await table.window(0, records, WARM_UP_SHARE)
    return [result(start, window, await table.count(0, records), { variant: '', records })]
  } finally {
    await start.clear()
  }
}
