import { type Facts, joinInto, noFacts, presenceOf, type Sighting } from './facts.ts'

export type Approval = 'new' | 'approved' | 'blocked'

/** What this Node-RED knows of a device: what came here, and what the table has said. */
export class Device {
  readonly facts: Facts = noFacts()
  approval: Approval = 'new'
  /** Something of the traffic is not in the table yet. */
  isDirty = false
  /** It is written no sooner, by a clock that never jumps; 0: it is not known to the table yet. */
  dueMs = 0
  /** So much of what happened to it is on its way to the table; it is not overtaken. */
  pending = 0

  constructor(readonly id: string) {}

  /** True where more has happened than that time went on. */
  join(seen: Sighting): boolean {
    return joinInto(this.facts, seen).length > 0
  }

  get isOnline(): boolean {
    return presenceOf(this.facts) === 'online'
  }
}

/** The devices that this Node-RED knows, as many as it may. */
export class Devices {
  readonly #byId = new Map<string, Device>()
  readonly #dirty = new Set<Device>()
  #turnedAway = 0

  constructor(readonly most: number) {}

  get size(): number {
    return this.#byId.size
  }
  get isFull(): boolean {
    return this.#byId.size >= this.most
  }
  /** How often one found no place since they were counted anew. */
  get turnedAway(): number {
    return this.#turnedAway
  }
  get(id: string): Device | undefined {
    return this.#byId.get(id)
  }
  all(): Iterable<Device> {
    return this.#byId.values()
  }

  /** The device of this name, which is added where it is missing; undefined: no place is left. */
  place(id: string): Device | undefined {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    if (this.isFull) {
      this.#turnedAway++
      return undefined
    }
    const device = new Device(id)
    this.#byId.set(id, device)
    return device
  }

  /** Forgets those of `before` that the table has no more, so that others find a place. */
  keepOnly(before: Iterable<Device>, ids: ReadonlySet<string>): void {
    for (const device of before) {
      if (ids.has(device.id) || device.pending > 0 || device.isDirty) continue
      this.#byId.delete(device.id)
    }
    this.#turnedAway = 0
  }

  soil(device: Device): void {
    if (device.isDirty) return
    device.isDirty = true
    this.#dirty.add(device)
  }

  /** Those whose time to be written has come, at most so many; they count as written. */
  takeDue(nowMs: number, most: number): Device[] {
    const due: Device[] = []
    for (const device of this.#dirty) {
      if (device.dueMs > nowMs || device.pending > 0) continue
      due.push(device)
      if (due.length === most) break
    }
    for (const device of due) this.#clean(device)
    return due
  }

  #clean(device: Device): void {
    device.isDirty = false
    this.#dirty.delete(device)
  }
}
