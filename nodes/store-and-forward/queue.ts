import { setImmediate as nextTurn } from 'node:timers/promises'
import { pause } from '../../core/backoff.ts'
import { Commits } from './commits.ts'
import { type EntryValue, EntryWriter, glance, withoutSum, withSum } from './entry.ts'
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

/** By lane: how many records it has, and the number of its next entry. */
type Seal = readonly (readonly [records: number, next: number])[]

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
export type EntryChange = readonly [entry: Stored, now: EntryValue | undefined]

/** An entry that is to be written, by the priority of its lane. */
export type NewEntry = EntryValue & { readonly priority: number }

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
  /** What was left out of these, and is on its way to who takes that. */
  readonly left: QueueLane
  readonly #all: readonly QueueLane[]
  readonly #commits: Commits
  readonly #gathered: readonly EntryWriter[]
  #isGathering = false
  #callbacks: { readonly written: () => void; readonly failed: (error: Error) => void }[] = []
  #turn: Promise<unknown> = Promise.resolve()
  #damage = { missing: 0, changed: 0 }
  readonly #changedKeys = new Set<string>()
  /** Records that the lanes count, and that are not on the disk yet. */
  #unwritten = 0
  #removedBytes = 0
  #isTidying = false

  constructor(private readonly options: QueueOptions) {
    this.lanes = PRIORITY_NAMES.map((_, priority) => new QueueLane(priority, options.isStrict))
    this.left = new QueueLane(this.lanes.length, true)
    this.#all = [...this.lanes, this.left]
    this.#gathered = this.lanes.map(() => new EntryWriter(options.nowMs))
    this.#commits = new Commits({
      onTrouble: options.onTrouble,
      reopen: options.open,
      seal: () => [
        SEAL,
        withSum(
          JSON.stringify(this.#all.map(({ records, next }) => [records, next]) satisfies Seal)
        )
      ]
    })
  }

  /** Records that are on the disk and wait to be sent on. */
  get records(): number {
    return this.lanes.reduce((sum, { records }) => sum + records, 0) - this.#unwritten
  }
  /** With what is being written. */
  get bytes(): number {
    return (
      this.#all.reduce((sum, { bytes }) => sum + bytes, 0) +
      this.#gathered.reduce((sum, { bytes }) => sum + bytes, 0)
    )
  }
  get damage(): Damage {
    return this.#damage
  }
  get isOpen(): boolean {
    return this.#commits.store !== undefined
  }

  /** Takes up what is on the disk; once more after it has failed. */
  async open(store: QueueStore): Promise<void> {
    for (const lane of this.#all) lane.reset()
    this.#damage = { missing: 0, changed: 0 }
    this.#changedKeys.clear()
    let seal: Seal | undefined
    let count = 0
    for await (const [key, value] of store.load()) {
      if (key === SEAL) seal = sealIn(value)
      else this.#found(key, value)
      if (++count % SLICE_ENTRIES === 0) await nextTurn()
    }
    // It is written with every change, so where something is, it is there too.
    if (seal === undefined && count > 0) this.#isChanged(SEAL)
    for (const [priority, [records, next]] of (seal ?? []).entries()) {
      const lane = this.#all[priority]
      if (lane === undefined) continue
      this.#damage.missing += Math.max(0, records - lane.records)
      lane.found(next - 1)
    }
    for (const lane of this.#all) lane.rewind()
    this.#commits.open(store)
  }

  #found(key: string, value: string): void {
    const lane = this.#all[priorityIn(key)]
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
    if (seen === undefined) this.#isChanged(key)
    return seen
  }

  #isChanged(key: string): void {
    if (this.#changedKeys.has(key)) return
    this.#changedKeys.add(key)
    this.#damage.changed++
  }

  /** To be written with what comes in the same milliseconds. */
  add(priority: Priority, record: KeptRecord, properties: string, isList: boolean): void {
    this.#gathered[priority]!.add(record, properties, isList)
  }

  /**
   * Calls back, in a turn of its own, once all that was added is on the disk, or once the queue is
   * closed and it is not.
   */
  written(written: () => void, failed: (error: Error) => void): void {
    this.#callbacks.push({ written, failed })
    if (this.#isGathering) return
    this.#isGathering = true
    // What comes in this turn and until the store takes more becomes one entry.
    void pause(this.options.gatherMs).then(() => this.#gatherUp())
  }

  #gatherUp(): void {
    this.#isGathering = false
    const gathered = this.lanes.flatMap(({ priority }) =>
      this.#gathered[priority]!.take().map(value => ({ ...value, priority }))
    )
    const callbacks = this.#callbacks.splice(0)
    this.#place(
      gathered,
      new Map(),
      () => {
        for (const { written } of callbacks) written()
      },
      error => {
        for (const { failed } of callbacks) failed(error)
      }
    )
  }

  /** Further entries, behind all that are there. Resolves when they are on the disk. */
  place(entries: readonly NewEntry[]): Promise<void> {
    return new Promise((resolve, refuse) => this.#place(entries, new Map(), resolve, refuse))
  }

  /** @param changes what is written together with them, or not at all */
  #place(
    entries: readonly NewEntry[],
    changes: Map<string, string | undefined>,
    written: () => void,
    failed: (error: Error) => void
  ): void {
    const before = this.#unwritten
    // Numbered in the turn in which they are given to be written: a reader would pass over numbers
    // that nothing has yet.
    for (const { value, records, priority } of entries)
      changes.set(this.#placed(this.#all[priority]!, value, records), value)
    const ends = this.#all.map(({ next }) => next)
    const added = this.#unwritten - before
    const committed = () => {
      this.#committed(ends, added)
      written()
    }
    this.#commits.add(changes, committed, failed)
  }

  /**
   * One at a time, so that nobody reads what somebody else is about to change. Nobody waits for the
   * disk in it but who reads: a full one would hold up all others.
   */
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
    const { ahead } = this.#commits
    await store.read(keyOf(priority, from), keyOf(priority, to), (key, stored) => {
      const number = numberOf(key)
      const value = ahead(key, stored)
      if (value === undefined) return false
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

  /** Resolves when everything up to now is on the disk. */
  settled(): Promise<void> {
    return this.#commits.sure(new Map())
  }

  /** The same, told to nobody: what is deleted twice or not at all is sent again at worst. */
  forget(stored: Stored): void {
    this.#commits.change(this.#changesOf([[stored, undefined]]))
    this.#tidy()
  }

  /**
   * Others in their place, or nothing, and what is left out by that: from now on for who reads, and
   * on the disk together, which `settled` waits for.
   */
  change(changes: readonly EntryChange[], left: readonly EntryValue[] = []): void {
    if (changes.length === 0) return
    const entries = left.map(each => ({ ...each, priority: this.left.priority }))
    // Where it is closed before, all of it is there at the next start.
    const nothing = () => undefined
    this.#place(entries, this.#changesOf(changes), nothing, nothing)
  }

  #changesOf(changes: readonly EntryChange[]): Map<string, string | undefined> {
    return new Map(
      changes.map(([{ key, priority, value, records }, now]) => {
        const lane = this.#all[priority]!
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
      const { ahead } = this.#commits
      await store.read(keyOf(priority, 1), keyOf(priority, next), (key, value) => {
        const writtenMs = glance(ahead(key, value) ?? '')?.writtenMs
        if (writtenMs !== undefined) oldestMs = Math.min(oldestMs ?? writtenMs, writtenMs)
        return writtenMs !== undefined
      })
    }
    return oldestMs
  }

  /** The key of a new entry. */
  #placed(lane: QueueLane, value: string, records: number): string {
    lane.entries++
    lane.records += records
    lane.bytes += sizeOf(value)
    if (lane !== this.left) this.#unwritten += records
    return keyOf(lane.priority, lane.next++)
  }

  #committed(ends: readonly number[], records: number): void {
    this.#unwritten -= records
    const nowMs = performance.now()
    for (const lane of this.#all) lane.committed(ends[lane.priority]!, nowMs)
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

/** Undefined where the disk has changed it. */
function sealIn(value: string): Seal | undefined {
  // Earlier versions wrote it without a checksum.
  const text = value.startsWith('[') ? value : withoutSum(value)
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Seal)
  } catch {
    return undefined
  }
}
