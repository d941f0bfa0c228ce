import { setImmediate as nextTurn } from 'node:timers/promises'
import { pause } from '../../core/backoff.ts'
import { Commits } from './commits.ts'
import { EntryWriter, glance } from './entry.ts'
import type { KeptRecord } from './kept-record.ts'
import { keyOf, numberOf, priorityIn, QueueLane, type QueueReader, type Range } from './lane.ts'
import { PRIORITY_NAMES, type Priority } from './priority.ts'
import type { QueueStore } from './queue-store.ts'

/** Sorts before all entries. */
const SEAL = '!'
/** What an entry takes beside its text. */
const ENTRY_BYTES = 32
/** So much that was deleted is worth being given back to the file system when nothing waits. */
const TIDY_BYTES = 64 << 20
const SLICE_ENTRIES = 256
const ADOPT_BYTES = 4 << 20

/** An entry that was read. */
export interface Stored {
  readonly key: string
  readonly priority: Priority
  readonly number: number
  readonly value: string
  readonly records: number
  readonly writtenMs: number
}

/** What is missing or damaged on the disk; 0 of each where all is well. */
export interface Damage {
  /** Records that were there once and were not deleted. */
  readonly missing: number
  /** Entries that the disk has changed. They stay where they are. */
  readonly changed: number
}

export interface Limits {
  readonly records: number
  readonly bytes: number
}

/** What stands in the place of an entry; undefined: nothing. */
export type EntryChange = readonly [
  entry: Stored,
  now: { readonly value: string; readonly records: number } | undefined
]

export interface QueueOptions {
  readonly gatherMs: number
  readonly isStrict: boolean
  /** Milliseconds since 1970. */
  nowMs(): number
  onTrouble(error: unknown): void
  open(): Promise<QueueStore>
  /** There is something to be read that was not there before. */
  onWritten(): void
}

/**
 * Records on a disk, in lanes by priority. What is added is on the disk when `add` calls back; what
 * is read stays there until it is removed.
 */
export class Queue {
  readonly lanes: readonly QueueLane[]
  readonly #commits: Commits
  readonly #gathered: readonly EntryWriter[]
  #isGathering = false
  #callbacks: (() => void)[] = []
  #turn: Promise<unknown> = Promise.resolve()
  #damage = { missing: 0, changed: 0 }
  readonly #changedKeys = new Set<string>()
  /** Records that the lanes count, and that are not on the disk yet. */
  #unwritten = 0
  #removedBytes = 0
  #isTidying = false

  constructor(private readonly options: QueueOptions) {
    this.lanes = PRIORITY_NAMES.map((_, priority) => new QueueLane(priority, options.isStrict))
    this.#gathered = this.lanes.map(() => new EntryWriter(options.nowMs))
    this.#commits = new Commits({
      onTrouble: options.onTrouble,
      reopen: options.open,
      seal: () => [SEAL, JSON.stringify(this.lanes.map(({ records, next }) => [records, next]))]
    })
  }

  /** Records that are on the disk. */
  get records(): number {
    return this.lanes.reduce((sum, { records }) => sum + records, 0) - this.#unwritten
  }
  /** With what is being written. */
  get bytes(): number {
    return (
      this.lanes.reduce((sum, { bytes }) => sum + bytes, 0) +
      this.#gathered.reduce((sum, { bytes }) => sum + bytes, 0)
    )
  }
  get damage(): Damage {
    return this.#damage
  }
  get isOpen(): boolean {
    return this.#commits.store !== undefined
  }

  /** Takes up what is on the disk. Call once. */
  async open(store: QueueStore): Promise<void> {
    let seal: readonly (readonly [records: number, next: number])[] = []
    let count = 0
    for await (const [key, value] of store.load()) {
      if (key === SEAL) seal = JSON.parse(value) as typeof seal
      else this.#found(key, value)
      if (++count % SLICE_ENTRIES === 0) await nextTurn()
    }
    for (const [priority, [records, next]] of seal.entries()) {
      const lane = this.lanes[priority]
      if (lane === undefined) continue
      this.#damage.missing += Math.max(0, records - lane.records)
      lane.found(next - 1)
    }
    for (const lane of this.lanes) lane.rewind()
    this.#commits.open(store)
  }

  #found(key: string, value: string): void {
    const lane = this.lanes[priorityIn(key)]
    if (lane === undefined) return
    lane.found(numberOf(key))
    const seen = this.#look(key, value)
    if (seen === undefined) return
    lane.entries++
    lane.records += seen.records
    lane.bytes += sizeOf(value)
  }

  /** Undefined for what the disk has changed. */
  #look(key: string, value: string): ReturnType<typeof glance> {
    const seen = glance(value)
    if (seen === undefined && !this.#changedKeys.has(key)) {
      this.#changedKeys.add(key)
      this.#damage.changed++
    }
    return seen
  }

  /** To be written with what comes in the same milliseconds. */
  add(priority: Priority, record: KeptRecord, properties: string, isList: boolean): void {
    this.#gathered[priority]!.add(record, properties, isList)
  }

  /** Calls back, in a turn of its own, once all that was added is on the disk. */
  written(callback: () => void): void {
    this.#callbacks.push(callback)
    if (this.#isGathering) return
    this.#isGathering = true
    // What comes in this turn and until the store takes more becomes one entry.
    void pause(this.options.gatherMs).then(() => this.#gatherUp())
  }

  #gatherUp(): void {
    this.#isGathering = false
    const changes = new Map<string, string>()
    const before = this.#unwritten
    for (const lane of this.lanes) {
      for (const { value, records } of this.#gathered[lane.priority]!.take())
        changes.set(this.#placed(lane, value, records), value)
    }
    const ends = this.lanes.map(({ next }) => next)
    const callbacks = this.#callbacks.splice(0)
    const added = this.#unwritten - before
    this.#commits.add(changes, () => {
      this.#committed(ends, added)
      for (const callback of callbacks) callback()
    })
  }

  /** One at a time, so that nobody reads what somebody else is about to change. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  /**
   * Entries that a reader has not read, up to so many records and bytes, at least one; moves the
   * reader on. Call within `exclusive`.
   */
  async take(lane: QueueLane, reader: QueueReader, limits: Limits): Promise<Stored[]> {
    const range = lane.unread(reader)
    if (range === undefined) return []
    const { entries, to } = await this.read(lane, range, limits)
    lane.read(reader, to)
    return entries
  }

  /** What stands in a range, up to so much, and where that ends. */
  async read(
    { priority }: QueueLane,
    { from, to }: Range,
    limits: Limits
  ): Promise<{ readonly entries: Stored[]; readonly to: number }> {
    const store = this.#commits.store
    if (store === undefined) return { entries: [], to: from }
    let { records, bytes } = limits
    let end = to
    const entries: Stored[] = []
    await store.read(keyOf(priority, from), keyOf(priority, to), (key, value) => {
      const number = numberOf(key)
      const seen = this.#look(key, value)
      if (seen === undefined) return false
      entries.push({ key, priority, number, value, ...seen })
      records -= seen.records
      bytes -= value.length
      const isEnough = records <= 0 || bytes <= 0
      if (isEnough) end = number + 1
      return isEnough
    })
    return { entries, to: end }
  }

  /** They need not be kept any more. Resolves when that is on the disk. */
  remove(stored: readonly Stored[]): Promise<void> {
    return this.change(stored.map(each => [each, undefined] as const))
  }

  /** Resolves when everything up to now is on the disk. */
  settled(): Promise<void> {
    return this.#commits.sure(new Map())
  }

  /** The same, told to nobody: what is deleted twice or not at all is sent again at worst. */
  forget(stored: Stored): void {
    this.#commits.change(this.#changesOf([[stored, undefined]]))
    this.#tidy()
  }

  /** Others in their place, or nothing. Resolves when that is on the disk. */
  change(changes: readonly EntryChange[]): Promise<void> {
    if (changes.length === 0) return Promise.resolve()
    return this.#commits.sure(this.#changesOf(changes))
  }

  #changesOf(changes: readonly EntryChange[]): Map<string, string | undefined> {
    return new Map(
      changes.map(([{ key, priority, value, records }, now]) => {
        const lane = this.lanes[priority]!
        lane.records += (now?.records ?? 0) - records
        lane.bytes += (now === undefined ? 0 : sizeOf(now.value)) - sizeOf(value)
        if (now === undefined) lane.entries--
        this.#removedBytes += value.length
        return [key, now?.value] as const
      })
    )
  }

  /** When the oldest was written that waits; undefined where none does. */
  async oldestMs(): Promise<number | undefined> {
    const store = this.#commits.store
    if (store === undefined) return undefined
    let oldestMs: number | undefined
    for (const { entries, priority, next } of this.lanes) {
      if (entries === 0) continue
      await store.read(keyOf(priority, 1), keyOf(priority, next), (_key, value) => {
        const writtenMs = glance(value)?.writtenMs
        if (writtenMs !== undefined) oldestMs = Math.min(oldestMs ?? writtenMs, writtenMs)
        return writtenMs !== undefined
      })
    }
    return oldestMs
  }

  /** Takes over everything from another queue; it may be removed when this resolves. */
  async adopt(store: QueueStore): Promise<number> {
    let records = 0
    let changes = new Map<string, string>()
    let bytes = 0
    let inChanges = 0
    const write = async () => {
      const ends = this.lanes.map(({ next }) => next)
      await this.#commits.sure(changes)
      this.#committed(ends, inChanges)
      inChanges = 0
      changes = new Map()
      bytes = 0
    }
    for await (const [key, value] of store.load()) {
      const lane = key === SEAL ? undefined : this.lanes[priorityIn(key)]
      const seen = lane && glance(value)
      if (lane === undefined || seen === undefined) continue
      records += seen.records
      inChanges += seen.records
      bytes += value.length
      changes.set(this.#placed(lane, value, seen.records), value)
      if (bytes > ADOPT_BYTES) await write()
    }
    await write()
    return records
  }

  /** The key of a new entry. */
  #placed(lane: QueueLane, value: string, records: number): string {
    lane.entries++
    lane.records += records
    lane.bytes += sizeOf(value)
    this.#unwritten += records
    return keyOf(lane.priority, lane.next++)
  }

  #committed(ends: readonly number[], records: number): void {
    this.#unwritten -= records
    const nowMs = performance.now()
    for (const lane of this.lanes) lane.committed(ends[lane.priority]!, nowMs)
    this.options.onWritten()
  }

  /** Deletes what is there of entries that the disk has changed, too: a person has said so. */
  async dropChanged(): Promise<void> {
    if (this.#changedKeys.size === 0 && this.#damage.missing === 0) return
    const keys = [...this.#changedKeys]
    await this.#commits.sure(new Map(keys.map(key => [key, undefined])))
    this.#changedKeys.clear()
    this.#damage = { missing: 0, changed: 0 }
  }

  async close(): Promise<void> {
    if (this.#isGathering) this.#gatherUp()
    await this.#turn
    await this.#commits.close()
  }

  #tidy(): void {
    const store = this.#commits.store
    if (this.#isTidying || store === undefined) return
    if (this.#removedBytes < TIDY_BYTES || this.records > 0) return
    this.#removedBytes = 0
    this.#isTidying = true
    void store
      .tidy()
      .catch(() => {})
      .finally(() => {
        this.#isTidying = false
      })
  }
}

const sizeOf = (value: string) => Buffer.byteLength(value) + ENTRY_BYTES
