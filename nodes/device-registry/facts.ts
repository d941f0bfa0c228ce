/**
 * What traffic says of a device, as a state that only grows: two of them are joined in any order
 * and as often as one likes with the same result, so that redelivery, late records and a second
 * Node-RED change nothing. Times are milliseconds since 1970.
 */
export interface Facts {
  firstMs: number
  lastMs: number
  /** Of its last death (will). */
  diedMs: number
  /** It was too long silent after the record of this time. */
  silentForMs: number
  firmware: string | undefined
  /** When it was last heard with this firmware. */
  firmwareMs: number
}

/** A part of the facts of a device, as one record or a while of traffic gives it. */
export interface Sighting {
  readonly id: string
  readonly firstMs?: number
  readonly lastMs?: number
  readonly diedMs?: number
  readonly silentForMs?: number
  /** When that silence was too long. */
  readonly silentAtMs?: number
  readonly firmware?: string
  readonly firmwareMs?: number
  /** What a device that is not known yet is written down with. */
  readonly type?: string
  readonly site?: string
}

export type DevicePresence = 'unknown' | 'online' | 'offline' | 'silent'

/** What has happened to a device by what was joined. */
export interface Happening {
  readonly event: 'online' | 'offline' | 'silent' | 'back' | 'firmware changed'
  readonly atMs: number
  readonly before?: string
  readonly after?: string
}

const NEVER = Number.NEGATIVE_INFINITY

export const noFacts = (): Facts => ({
  firstMs: Number.POSITIVE_INFINITY,
  lastMs: NEVER,
  diedMs: NEVER,
  silentForMs: NEVER,
  firmware: undefined,
  firmwareMs: NEVER
})

/** A will of the same time as the last record came after it. */
export function presenceOf({ lastMs, diedMs, silentForMs }: Facts): DevicePresence {
  if (diedMs > NEVER && diedMs >= lastMs) return 'offline'
  if (lastMs === NEVER) return 'unknown'
  return silentForMs >= lastMs ? 'silent' : 'online'
}

/** Joins what was seen into the facts, and tells what that changes. */
export function joinInto(facts: Facts, seen: Sighting): Happening[] {
  const before = presenceOf(facts)
  const { firstMs, lastMs, diedMs, silentForMs } = seen
  if (firstMs !== undefined && firstMs < facts.firstMs) facts.firstMs = firstMs
  if (lastMs !== undefined && lastMs > facts.lastMs) facts.lastMs = lastMs
  if (diedMs !== undefined && diedMs > facts.diedMs) facts.diedMs = diedMs
  if (silentForMs !== undefined && silentForMs > facts.silentForMs) facts.silentForMs = silentForMs
  const happened: Happening[] = []
  const after = presenceOf(facts)
  if (after !== before) happened.push(turned(before, after, facts, seen))
  const firmware = joinFirmware(facts, seen)
  if (firmware !== undefined) happened.push(firmware)
  return happened
}

function turned(
  before: DevicePresence,
  after: DevicePresence,
  facts: Facts,
  seen: Sighting
): Happening {
  if (after === 'offline') return { event: 'offline', atMs: facts.diedMs }
  if (after === 'silent') return { event: 'silent', atMs: seen.silentAtMs ?? facts.lastMs }
  return { event: before === 'silent' ? 'back' : 'online', atMs: facts.lastMs }
}

/** The newer one counts; of the same time, so that the order says nothing, the greater. */
function joinFirmware(facts: Facts, { firmware, firmwareMs }: Sighting): Happening | undefined {
  if (firmware === undefined || firmwareMs === undefined) return undefined
  const { firmware: before } = facts
  const isNewer =
    firmwareMs > facts.firmwareMs ||
    (firmwareMs === facts.firmwareMs && (before === undefined || firmware > before))
  if (!isNewer) return undefined
  facts.firmware = firmware
  facts.firmwareMs = firmwareMs
  if (before === undefined || before === firmware) return undefined
  return { event: 'firmware changed', atMs: firmwareMs, before, after: firmware }
}

/** All that is known, to be joined with what others know. */
export function seenOf(id: string, facts: Facts): Sighting {
  return {
    id,
    ...finite('firstMs', facts.firstMs),
    ...finite('lastMs', facts.lastMs),
    ...finite('diedMs', facts.diedMs),
    ...finite('silentForMs', facts.silentForMs),
    ...(facts.firmware !== undefined && {
      firmware: facts.firmware,
      firmwareMs: facts.firmwareMs
    })
  }
}

const finite = <K extends string>(name: K, ms: number) =>
  (Number.isFinite(ms) ? { [name]: ms } : {}) as { readonly [P in K]?: number }
