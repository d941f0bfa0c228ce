import type { Approval } from './device.ts'
import {
  type Facts,
  type Happening,
  joinInto,
  noFacts,
  presenceOf,
  type Sighting
} from './facts.ts'

/** A device as the table has it. */
export interface StoredDevice {
  readonly id: string
  readonly approval: Approval
  readonly seen: Sighting
}

/** A row as `FACTS` selects it, times in milliseconds. */
export interface FactsRow {
  readonly id: string
  readonly status: string
  readonly type: string | null
  readonly firmware: string | null
  readonly first: number | null
  readonly last: number | null
  readonly died: number | null
  readonly silent: number | null
  readonly firmware_at: number | null
}

export interface EventRow {
  readonly at: number
  readonly id: string
  readonly event: string
  readonly details: object
}

/** Milliseconds since 1970 of a time. */
export const ms = (column: string, as: string) =>
  `(extract(epoch FROM ${column}) * 1000)::float8 AS ${as}`
export const FACTS = `device_id AS id, status, type, firmware, ${ms('first_seen', 'first')}, ${ms('last_seen', 'last')},
  ${ms('millrace_died_at', 'died')}, ${ms('millrace_silent_for', 'silent')}, ${ms('millrace_firmware_at', 'firmware_at')}`

/** Facts of rows that are locked, and what becomes of them. */
export class Applied {
  readonly events: EventRow[] = []
  readonly #rows = new Map<string, { readonly row: FactsRow; readonly facts: Facts }>()
  readonly #touched = new Set<string>()

  constructor(rows: readonly FactsRow[]) {
    for (const row of rows) {
      const facts = noFacts()
      joinInto(facts, seenIn(row))
      this.#rows.set(row.id, { row, facts })
    }
  }

  lastOf(id: string): number {
    return this.#rows.get(id)!.facts.lastMs
  }

  join(seen: Sighting, isNew: boolean): void {
    const known = this.#rows.get(seen.id)
    if (known === undefined) return
    const isFirst = isNew && !this.#touched.has(seen.id)
    const before = JSON.stringify(seenOfFacts(known.facts))
    const happened = joinInto(known.facts, seen)
    if (isFirst) this.#tell(seen.id, { event: 'new', atMs: known.facts.firstMs })
    // That it is online goes without saying of a device that is new.
    for (const each of happened) if (!isFirst || each.event !== 'online') this.#tell(seen.id, each)
    if (isFirst || before !== JSON.stringify(seenOfFacts(known.facts))) this.#touched.add(seen.id)
  }

  #tell(
    id: string,
    { event, atMs, before, after }: Omit<Happening, 'event'> & { readonly event: string }
  ): void {
    const details = { ...(before !== undefined && { before, after }) }
    this.events.push({ at: atMs, id, event, details })
  }

  changed(): object[] {
    return [...this.#touched].map(id => {
      const { facts } = this.#rows.get(id)!
      return { id, presence: presenceOf(facts), ...seenOfFacts(facts) }
    })
  }

  devices(): StoredDevice[] {
    return [...this.#rows.values()].map(({ row, facts }) => ({
      ...storedOf(row),
      seen: { id: row.id, ...givenOf(facts) }
    }))
  }
}

/** As the statements take it: what was never is null. */
function seenOfFacts(facts: Facts) {
  const { firstMs, lastMs, diedMs, silentForMs, firmwareMs, firmware } = facts
  return {
    first: orNull(firstMs),
    last: orNull(lastMs),
    died: orNull(diedMs),
    silent: orNull(silentForMs),
    firmware: firmware ?? null,
    firmware_at: orNull(firmwareMs)
  }
}

const givenOf = (facts: Facts): Omit<Sighting, 'id'> => {
  const { first, last, died, silent, firmware, firmware_at } = seenOfFacts(facts)
  return partsOf(first, last, died, silent, firmware, firmware_at)
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null)

function partsOf(
  first: number | null,
  last: number | null,
  died: number | null,
  silent: number | null,
  firmware: string | null,
  firmwareAt: number | null
): Omit<Sighting, 'id'> {
  return {
    ...(first !== null && { firstMs: first }),
    ...(last !== null && { lastMs: last }),
    ...(died !== null && { diedMs: died }),
    ...(silent !== null && { silentForMs: silent }),
    // One that a person has written down is replaced by what the device says.
    ...(firmware !== null && { firmware, firmwareMs: firmwareAt ?? 0 })
  }
}

const seenIn = ({ id, first, last, died, silent, firmware, firmware_at }: FactsRow): Sighting => ({
  id,
  ...partsOf(first, last, died, silent, firmware, firmware_at)
})

const APPROVALS: readonly string[] = ['new', 'blocked']

export const storedOf = (row: FactsRow): StoredDevice => ({
  id: row.id,
  approval: APPROVALS.includes(row.status) ? (row.status as Approval) : 'approved',
  seen: seenIn(row)
})
