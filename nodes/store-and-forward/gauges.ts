import { PRIORITY_NAMES } from './priority.ts'
import type { Queue } from './queue.ts'

/** The figures of a queue, beside what every node counts. */
export function showGauges(
  gauges: Map<string, number>,
  { records, bytes, lanes, left, damage }: Queue,
  oldestMs: number | undefined
): void {
  gauges.set('waiting', records)
  gauges.set('waiting bytes', bytes)
  const sinceMs = records === 0 ? undefined : oldestMs
  const seconds = sinceMs === undefined ? 0 : Math.round((Date.now() - sinceMs) / 1000)
  gauges.set('oldest seconds', Math.max(0, seconds))
  for (const { priority, records: waiting } of lanes)
    gauges.set(`waiting ${PRIORITY_NAMES[priority]}`, waiting)
  gauges.set('waiting left out', left.records)
  gauges.set('damaged', damage.missing + damage.changed)
}

/** What its dialog shows of it. */
export const standingOf = ({ lanes, damage, bytes, isOpen }: Queue) => ({
  isOpen,
  records: lanes.map(({ priority, records }) => ({
    priority: PRIORITY_NAMES[priority],
    records
  })),
  bytes,
  damaged: damage.missing + damage.changed
})
