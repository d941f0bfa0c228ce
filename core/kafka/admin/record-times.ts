import type { Admin, RecordPlace } from './admin.ts'

/** Each takes a batch of records, up to a megabyte: so many at a time, and so many at a look. */
const PARALLEL = 4
const AT_MOST = 64

/**
 * When the records at the places were written that are asked for. A place that stays is read once.
 */
export class RecordTimes {
  #known = new Map<string, number>()

  /**
   * Milliseconds since 1970, by `topic/partition`. Of more than 64 places those that were given
   * first.
   */
  async of(places: readonly RecordPlace[], admin: Admin): Promise<ReadonlyMap<string, number>> {
    const before = this.#known
    const found = new Map<string, number>()
    this.#known = new Map()
    const waiting = places.slice(0, AT_MOST)
    const worker = async () => {
      for (let place = waiting.shift(); place !== undefined; place = waiting.shift()) {
        const { topic, partition, offset } = place
        const key = `${topic}/${partition}/${offset}`
        const timeMs = before.get(key) ?? (await admin.recordAt(place))?.timeMs
        if (timeMs === undefined) continue
        this.#known.set(key, timeMs)
        found.set(`${topic}/${partition}`, timeMs)
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, worker))
    return found
  }
}
