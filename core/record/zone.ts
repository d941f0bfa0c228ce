import { MAX_ZONE_LENGTH, offsetMs, zoneFormat } from '../time-zone.ts'
import { DAY_MS, MINUTE_MS } from './calendar.ts'

/** Which of two times is meant when the clocks were put back and the hour came twice. */
export type RepeatedHour = 'reject' | 'earlier' | 'later'

/** A time zone: what a clock on the wall there shows. */
export interface Zone {
  readonly name: string
  /** UTC of a local time (as if it were UTC, in ms); or why there is none, or not one only. */
  toUtc(localMs: number, fold: RepeatedHour): number | 'twice' | 'skipped'
  /** Milliseconds that the clock there is ahead of UTC at this time. Asking takes 3 us. */
  offsetAt(utcMs: number): number
}

/** Devices name zones, so their number must be bounded; a formatter takes some 50 kB. */
const MAX_ZONES = 200
const zones = new Map<string, Zone | undefined>()

/**
 * A zone by its IANA name ("Europe/Berlin") or as an offset ("+02:00"); undefined if there is none
 * of that name.
 */
export function zoneOf(name: string): Zone | undefined {
  if (zones.has(name)) return zones.get(name)
  if (zones.size >= MAX_ZONES) zones.delete(zones.keys().next().value!)
  const zone = makeZone(name)
  zones.set(name, zone)
  return zone
}

function makeZone(name: string): Zone | undefined {
  if (name.length > MAX_ZONE_LENGTH) return undefined
  const offset = /^[+-]\d/.test(name) ? offsetMs(name) : undefined
  if (offset !== undefined)
    return { name, toUtc: localMs => localMs - offset, offsetAt: () => offset }
  const format = zoneFormat(name)
  return format && new NamedZone(name, format)
}

class NamedZone implements Zone {
  /**
   * The offset of a local day on which, and around which, the clocks were not changed; NaN where
   * they were.
   */
  readonly #steady = new Map<number, number>()

  constructor(
    readonly name: string,
    private readonly format: Intl.DateTimeFormat
  ) {}

  toUtc(localMs: number, fold: RepeatedHour): number | 'twice' | 'skipped' {
    const day = Math.floor(localMs / DAY_MS)
    const offset = this.#steadyOffset(day)
    return Number.isNaN(offset) ? this.#aroundChange(localMs, day, fold) : localMs - offset
  }

  /** Asking Intl takes 3 us, a day that is known takes 30 ns. */
  #steadyOffset(day: number): number {
    const known = this.#steady.get(day)
    if (known !== undefined) return known
    if (this.#steady.size > 10_000) this.#steady.clear()
    const before = this.offsetAt((day - 1) * DAY_MS)
    const offset = before === this.offsetAt((day + 2) * DAY_MS) ? before : Number.NaN
    this.#steady.set(day, offset)
    return offset
  }

  #aroundChange(localMs: number, day: number, fold: RepeatedHour): number | 'twice' | 'skipped' {
    const offsets = [this.offsetAt((day - 1) * DAY_MS), this.offsetAt((day + 2) * DAY_MS)]
    const times = offsets
      .map(offset => localMs - offset)
      .filter((utcMs, index) => this.offsetAt(utcMs) === offsets[index])
    if (times.length === 0) return 'skipped'
    if (times.length === 2 && fold === 'reject') return 'twice'
    return fold === 'later' ? Math.max(...times) : Math.min(...times)
  }

  /**
   * From a text that ends in GMT, GMT+05:30 or (before
   * 1900) GMT+00:53:28.
   */
  offsetAt(utcMs: number): number {
    const match = /([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(this.format.format(utcMs))
    if (!match) return 0
    const [, sign, hours, minutes, seconds = '0'] = match
    return (
      (sign === '-' ? -1 : 1) *
      ((Number(hours) * 60 + Number(minutes)) * MINUTE_MS + Number(seconds) * 1000)
    )
  }
}
