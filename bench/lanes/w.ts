/**
 * Lane W: raw topic → the average of each device and minute → clean topic. All records are there
 * before the contestant starts; what comes out is held against a count of its own.
 */
import type { Contestant } from '../contestant.ts'
import { deviceId, deviceOf, type Shape } from '../fleet.ts'
import type { SequenceOf } from '../topics.ts'
import { arrived, type Result, result, type Setting, Start } from './lane.ts'
import { preparedRange, preparedTopic } from './prepared.ts'
import { Reading } from './reading.ts'

const MINUTE_MS = 60_000
/** Windows that end later than this before the last record need not be there. */
const OPEN_MS = 30_000
/** Some give what they have once a minute of their own clock. */
const PERIOD_MS = 60_000

export async function laneW(setting: Setting, contestant: Contestant): Promise<Result[]> {
  const records = contestant.recordsIn('W', setting.records.W)
  const { topics } = setting.field
  const start = new Start(setting, contestant, 'W')
  const RAW_TOPIC = await preparedTopic(setting, 'raw', records)
  const windows = windowsOf(records, preparedRange(setting, RAW_TOPIC).firstMs, setting.shape)
  const { CLEAN_TOPIC } = start.environment
  await topics.create(CLEAN_TOPIC, setting.partitions)
  try {
    const running = start.start({ RAW_TOPIC })
    const reading = new Reading(start, RAW_TOPIC, records)
    let read = 0
    const onProgress = () => setting.onProgress(read, records)
    const size = async () => {
      read = await reading.look()
      return topics.size(CLEAN_TOPIC)
    }
    const waiting = { stallMs: PERIOD_MS + 15_000, pollMs: 100 }
    await arrived({ size, expected: windows.size, running, onProgress, ...waiting })
    const range = { from: 0, count: windows.size }
    const wrong = new Set<string>()
    const arrivals = await topics.read(CLEAN_TOPIC, range, numberIn(windows, wrong))
    const window = arrivals.window(0)
    const more = { variant: '', records, ...reading.figures(window.toMs) }
    const found = result(start, window, arrivals.count, more)
    const problem = `${wrong.size} of ${windows.size} windows with another count or average`
    return [wrong.size > 0 ? { ...found, problem } : found]
  } finally {
    await start.clear()
  }
}

/** What a window must say. */
interface Expected {
  readonly number: number
  count: number
  sum: number
}

const nameOf = (device: string, startMs: number) => `${device} ${startMs}`

/** All windows that the records close, by device and start. */
export function windowsOf(records: number, firstMs: number, shape: Shape): Map<string, Expected> {
  const windows = new Map<string, Expected>()
  const lastMs = firstMs + records - 1
  for (let sequence = 0; sequence < records; sequence++) {
    const timeMs = firstMs + sequence
    const startMs = timeMs - (timeMs % MINUTE_MS)
    if (startMs + MINUTE_MS + OPEN_MS > lastMs) break
    const name = nameOf(deviceId(deviceOf(sequence, shape)), startMs)
    const window = windows.get(name) ?? { number: windows.size, count: 0, sum: 0 }
    window.count++
    window.sum += sequence
    windows.set(name, window)
  }
  return windows
}

/**
 * Its number, where count and average are right; nothing counts otherwise, and `wrong` gets the
 * name of a window that the records close.
 */
export const numberIn =
  (windows: ReadonlyMap<string, Expected>, wrong: Set<string>): SequenceOf =>
  ({ device_id, window_start, count, avg }) => {
    const startMs =
      typeof window_start === 'number' ? window_start : Date.parse(String(window_start))
    const name = nameOf(String(device_id), startMs)
    const expected = windows.get(name)
    if (expected === undefined) return undefined
    const off = Math.abs(Number(avg) - expected.sum / expected.count)
    if (Number(count) === expected.count && off < 1e-6) return expected.number
    wrong.add(name)
    return undefined
  }
