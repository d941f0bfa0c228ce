import type { Previewed, SortedSample } from '../../core/node/preview.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { Applied, type FactsRow } from './applied.ts'
import { areCommands } from './commands.ts'
import { Devices } from './device.ts'
import { recordOf } from './event.ts'
import type { Sighting } from './facts.ts'
import { DeviceWatch } from './logic.ts'
import type { RegistryOptions } from './settings.ts'

const MOST = 10_000

/** What a list without any device would tell of these records; no database is asked. */
export function previewed(options: RegistryOptions): Previewed {
  return {
    sort(message: Message): SortedSample {
      const watch = new DeviceWatch(options, new Devices(MOST))
      const watched = watch.look(recordsOf(message.payload), Date.now(), areCommands(message))
      const seen = watched.news.flatMap(news => ('seen' in news ? [news.seen] : []))
      return {
        outputs: [watched.passed, eventsOf(seen, options), watched.rejected],
        filtered: watched.commands
      }
    }
  }
}

function eventsOf(seen: readonly Sighting[], options: RegistryOptions): object[] {
  const ids = new Set(seen.map(({ id }) => id))
  const work = new Applied([...ids].map(emptyRow))
  const given = new Map<string, Sighting>()
  for (const each of seen) {
    work.join(each, !given.has(each.id))
    if (!given.has(each.id)) given.set(each.id, each)
  }
  return work.events.map(({ at, id, event, details }, index) => {
    const { type = null, site = null } = given.get(id) ?? {}
    const about = { type, site, status: 'new' }
    const claimed = { id: String(index + 1), at, device: id, event, about }
    return recordOf({ ...claimed, details: { ...details } }, options)
  })
}

const emptyRow = (id: string): FactsRow => ({
  id,
  status: 'new',
  type: null,
  firmware: null,
  first: null,
  last: null,
  died: null,
  silent: null,
  firmware_at: null
})
