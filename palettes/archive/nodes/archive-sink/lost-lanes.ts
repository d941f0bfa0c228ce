import type { Context } from '@millrace/node-red-telemetry'
import type { spec } from './spec.ts'

type Tracker = Context<typeof spec>['tracker']

/** A partition of a source. */
export interface LaneOf {
  readonly source: string
  readonly lane: string
}

/** Of each runtime; the sink that comes after one that has lost rows must know of it. */
const lost = new WeakMap<Tracker, Set<string>>()

const keyOf = ({ source, lane }: LaneOf): string => `${source}\n${lane}`

/** Rows of it are gone, and its source has not begun to read it again. */
export const isLost = (tracker: Tracker, lane: LaneOf): boolean =>
  lost.get(tracker)?.has(keyOf(lane)) ?? false

/**
 * A sink that closes had rows of these partitions. They are read again once the deployment is over,
 * and until then nothing of them is acknowledged: what the flow deals with meanwhile may stand
 * behind rows that are gone.
 */
export function readAgain(tracker: Tracker, lanes: readonly LaneOf[]): void {
  if (lanes.length === 0) return
  const all = lost.get(tracker) ?? new Set()
  lost.set(tracker, all)
  const open = new Set(lanes.map(keyOf))
  for (const key of open) all.add(key)
  const ends = [
    tracker.holdLanes({ passed: part => open.has(keyOf(part)) }),
    tracker.whenLaneDropped((source, lane) => {
      const key = keyOf({ source, lane })
      all.delete(key)
      if (open.delete(key) && open.size === 0) for (const end of ends) end()
    })
  ]
  const again = [...new Set(lanes.map(({ source }) => source))].map(id => tracker.readAgainOf(id))
  tracker.afterDeployment(() => {
    for (const read of again) read()
  })
}
