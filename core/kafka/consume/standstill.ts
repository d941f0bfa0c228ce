/** A partition that is ours, as its ledger knows it. */
export interface ReadPlace {
  /** The first offset that was not handed over. */
  readonly next: bigint
  /** Parts handed over that the flow has not dealt with. */
  readonly openParts: number
}

interface Place {
  next: bigint
  /** Since when nothing has come of it, and nothing of it was under way. */
  sinceMs: number
  /** Where it ends, as fetches tell: behind what open transactions hold back. */
  end: bigint
  toldMs: number
  waiting: Waiting | undefined
  /** Nothing can be read before this offset, though the partition does not end before it. */
  emptyTo: bigint
}

interface Waiting {
  readonly sinceMs: number
  readonly records: number
  /** An open transaction holds it back from those who read what is committed. */
  readonly isHeld: boolean
}

/** A partition in which records wait that do not come. */
export interface StillPlace {
  /** `topic/partition` */
  readonly key: string
  readonly next: bigint
  readonly records: number
}

/** So long may nothing come before it is looked whether there is something. */
const STILL_MS = 3_000
/** Fetches tell about once a second, also of what is empty: this one is not fetched. */
const UNTOLD_MS = 3_000

/**
 * Which partitions stand still though there is something to read in them. A client can leave a
 * partition out, or a broker answer without records, while the group looks well in every other
 * way. Where fetches tell that a partition ends at our position nothing needs to be asked.
 */
export class Standstill {
  readonly #places = new Map<string, Place>()

  constructor(private readonly readsUncommitted = false) {}

  /** Call about once a second. */
  look(readings: ReadonlyMap<string, ReadPlace>, nowMs: number): void {
    for (const key of this.#places.keys()) if (!readings.has(key)) this.#places.delete(key)
    for (const [key, { next, openParts }] of readings) {
      const place = this.#places.get(key)
      if (place === undefined) this.#places.set(key, newPlace(next, nowMs))
      else if (openParts > 0 || place.next !== next) {
        place.next = next
        place.sinceMs = nowMs
        place.waiting = undefined
      }
    }
  }

  /** A fetch has told where a partition ends. */
  told(key: string, end: bigint, nowMs: number): void {
    const place = this.#places.get(key)
    if (place === undefined) return
    place.end = end
    place.toldMs = nowMs
  }

  /** A generation is over. */
  clear(): void {
    this.#places.clear()
  }

  /** Of which it must be asked where they end. */
  doubtful(nowMs: number): StillPlace[] {
    return this.#those(
      ({ sinceMs, toldMs, end, next, emptyTo }) =>
        nowMs - sinceMs >= STILL_MS &&
        (nowMs - toldMs >= UNTOLD_MS || (end > next && end > emptyTo))
    )
  }

  /** Where a partition ends for those who read what is committed. */
  asked(key: string, end: bigint, nowMs: number): void {
    const place = this.#places.get(key)
    if (place === undefined) return
    const isHeld = end <= place.next && !this.readsUncommitted
    const last = isHeld || (this.readsUncommitted && place.end > end) ? place.end : end
    if (last <= place.next || last <= place.emptyTo) {
      place.waiting = undefined
      return
    }
    const { waiting } = place
    const sinceMs = waiting?.isHeld === isHeld ? waiting.sinceMs : nowMs
    place.waiting = { sinceMs, records: Number(last - place.next), isHeld }
  }

  /** It was looked for, and there is nothing to read before this offset. */
  empty(key: string, next: bigint, end: bigint): void {
    const place = this.#places.get(key)
    if (place === undefined || place.next !== next) return
    place.emptyTo = end
    place.waiting = undefined
  }

  /** What has waited for long, held back by open transactions or for no reason that is known. */
  waiting(isHeld: boolean, forMs: number, nowMs: number): StillPlace[] {
    return this.#those(
      ({ waiting }) => waiting?.isHeld === isHeld && nowMs - waiting.sinceMs >= forMs
    )
  }

  #those(wanted: (place: Place) => boolean): StillPlace[] {
    const found: StillPlace[] = []
    for (const [key, place] of this.#places)
      if (wanted(place)) found.push({ key, next: place.next, records: place.waiting?.records ?? 0 })
    return found
  }
}

const newPlace = (next: bigint, nowMs: number): Place => ({
  next,
  sinceMs: nowMs,
  end: next,
  toldMs: nowMs,
  waiting: undefined,
  emptyTo: 0n
})
