const MINUTE_MS = 60_000

/**
 * Milliseconds east of Greenwich of "+02:00", "+0200" or "+02"; undefined if it is none of these.
 */
export function offsetMs(text: string): number | undefined {
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(text)
  if (!match) return undefined
  const [, sign, hours, minutes = '0'] = match
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS
}

/** What shows the time in the zone of this IANA name; undefined if there is none. */
export function zoneFormat(name: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  } catch {
    return undefined
  }
}

/** Longer than any name of a zone. */
export const MAX_ZONE_LENGTH = 64

/** True for an IANA name ("Europe/Berlin") and an offset ("+02:00"). */
export const isTimeZone = (name: string): boolean =>
  name.length <= MAX_ZONE_LENGTH && (offsetMs(name) !== undefined || zoneFormat(name) !== undefined)
