import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Arrivals } from '../arrivals.ts'
import type { Start } from './lane.ts'

/** Where lane A looks for what has arrived. */
export interface Watch {
  size(): Promise<number>
  /** What has come of these records; `before` is the size from which on they may be there. */
  read(range: { from: number; count: number }, before: number): Promise<Arrivals>
}

export function watchOf(start: Start): Watch {
  return start.contestant.isLimit
    ? countFile(join(start.environment.WORK, 'received'))
    : rawTopic(start)
}

function rawTopic({ setting, environment }: Start): Watch {
  const { topics } = setting.field
  return {
    size: () => topics.size(environment.RAW_TOPIC),
    read: range => topics.read(environment.RAW_TOPIC, range)
  }
}

/**
 * A limit that stores nothing writes lines `time count` into a file instead, times in ms since
 * 1970.
 */
function countFile(path: string): Watch {
  const lines = () => {
    if (!existsSync(path)) return []
    return readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => line.split(' ').map(Number))
  }
  return {
    size: async () => lines().at(-1)?.[1] ?? 0,
    read: async ({ from, count }, before) => {
      const arrivals = new Arrivals(from, count)
      let sequence = from
      for (const [atMs, total] of lines())
        while (sequence < from + (total ?? 0) - before) arrivals.add(sequence++, atMs ?? 0)
      return arrivals
    }
  }
}
