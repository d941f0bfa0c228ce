import { type Facts, joinInto, noFacts, presenceOf, type Seen } from './facts.ts'

export type Approval = 'new' | 'approved' | 'blocked'

/** What this Node-RED knows of a device: what came here, and what the table has said. */
export class Device {
  readonly facts: Facts = noFacts()
  approval: Approval = 'new'
  /** Something of the traffic is not in the table yet. */
  isDirty = false
  /** It is written no sooner, by the computer's clock. */
  dueWallMs = 0
  /** So much of what happened to it is on its way to the table; it is not overtaken. */
  pending = 0

  constructor(readonly id: string) {}

  /** True where more has happened than that time went on. */
  join(seen: Seen): boolean {
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

  constructor(readonly most: number) {}

  get size(): number {
    return this.#byId.size
  }
  get isFull(): boolean {
    return this.#byId.size >= this.most
  }
  get(id: string): Device | undefined {
    return this.#byId.get(id)
  }
  all(): Iterable<Device> {
    return this.#byId.values()
  }

  add(id: string): Device {
    const device = new Device(id)
    this.#byId.set(id, device)
    return device
  }

  /** The table has it no more. */
  remove(id: string): void {
    const device = this.#byId.get(id)
    if (device === undefined) return
    this.#byId.delete(id)
    this.#dirty.delete(device)
  }

  soil(device: Device): void {
    if (device.isDirty) return
    device.isDirty = true
    this.#dirty.add(device)
  }

  /** Those whose time to be written has come, at most so many; they count as written. */
  takeDue(wallMs: number, most: number): Device[] {
    const due: Device[] = []
    for (const device of this.#dirty) {
      if (device.dueWallMs > wallMs || device.pending > 0) continue
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
