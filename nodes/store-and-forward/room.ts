import { createHash } from 'node:crypto'
import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { getter } from '../../core/record/field-path.ts'
import { jsonText } from '../../core/record/json-write.ts'
import { type EntryValue, entryOf, thinned } from './entry.ts'
import { type QueueLane, type QueueReader, type Range, READERS } from './lane.ts'
import { leftOf, type Why } from './left-out.ts'
import type { Priority } from './priority.ts'
import type { EntryChange, Limits, Queue, Stored } from './queue.ts'

export interface RoomOptions {
  readonly maxBytes: number
  readonly full: 'wait' | 'thin' | 'oldest'
  readonly keepEvery: number
  /** The fields that thinned records have in common. */
  readonly key: readonly string[]
  /** Older ones are left out; undefined: never. */
  readonly maxAgeMs: number | undefined
  nowMs(): number
  /** There is hardly any room on the disk, whatever the queue may have of it. */
  isDiskFull(): boolean
  /** Somebody takes what is left out. */
  isTaken(): boolean
  /** So many records were. */
  leftOut(records: number, why: Why): void
}

/** So much is read at a time. */
const ALL_IN_READ: Limits = { records: Number.MAX_SAFE_INTEGER, bytes: 1 << 20 }
/** So much of what there may be is freed at a time, so that it need not be done for each record. */
const FREED_SHARE = 0.02
/** More is not changed until the disk has it, as it is in memory until then. */
const MOST_BYTES = 16 << 20
/** More keys than these are counted from the beginning. */
const MAX_KEYS = 100_000
/** What is longer is told apart by its hash, so that the keys need little memory. */
const MAX_CHARACTERS = 64

/**
 * Makes room in a queue: by leaving out old records of low priorities, as it was told. What has the
 * first priority is never left out.
 */
export class Room {
  readonly #gets: readonly ((record: unknown) => unknown)[]
  /** How far each lane was thinned. */
  readonly #thinnedTo = new Map<Priority, number>()
  #counts = new Map<string, number>()

  constructor(
    private readonly queue: Queue,
    private readonly options: RoomOptions
  ) {
    this.#gets = options.key.map(getter)
  }

  /**
   * Whether so much more may be added; where nothing waits, anything may. What is of the first
   * priority may use a tenth more.
   */
  fits(bytes: number, isFirst: boolean): boolean {
    const { maxBytes, isDiskFull } = this.options
    if (isDiskFull()) return false
    if (this.queue.bytes === 0) return true
    return this.queue.bytes + bytes <= (isFirst ? maxBytes * 1.1 : maxBytes)
  }

  /** Leaves out what it may. False: nothing more is free by that now. */
  async make(bytes: number): Promise<boolean> {
    const { full, maxBytes, isDiskFull, isTaken } = this.options
    if (full === 'wait' || isDiskFull()) return false
    const { left } = this.queue
    // What was left out needs its room until somebody has taken it.
    const kept = this.queue.bytes - left.bytes
    const wanted = kept + Math.max(bytes, maxBytes * FREED_SHARE) - maxBytes
    if (wanted <= 0) return left.bytes === 0
    const some = Math.min(wanted, MOST_BYTES)
    const freed = await this.queue.exclusive(async () => {
      const thinnedOut = full === 'thin' ? await this.#thin(some) : 0
      return thinnedOut >= some
        ? thinnedOut
        : thinnedOut + (await this.#dropOldest(some - thinnedOut))
    })
    await this.queue.settled()
    return freed > 0 && !isTaken()
  }

  /** Leaves out what is too old. */
  async age(): Promise<void> {
    const { maxAgeMs, isDiskFull, isTaken } = this.options
    if (maxAgeMs === undefined || (isTaken() && isDiskFull())) return
    for (const lane of this.#lowestFirst)
      for (const reader of READERS) while (await this.#ageOf(lane, reader));
  }

  /** Of entries that were read, those that are not too old; the others are left out. */
  sift(lane: QueueLane, entries: readonly Stored[]): readonly Stored[] {
    const old = lane.priority === 0 ? [] : entries.filter(entry => this.#isOld(entry))
    if (old.length === 0) return entries
    this.#leaveOut(old, 'age')
    return entries.filter(entry => !old.includes(entry))
  }

  /** Leaves out everything that is not on its way, of all priorities. Gives how many records. */
  async clear(): Promise<number> {
    if (this.options.isTaken() && this.options.isDiskFull())
      throw new Error(
        'The disk is full. What is left out would need room there until the second output has it: make some, or deploy the node without a wire at that output.'
      )
    let records = 0
    for (const lane of this.queue.lanes) {
      for (let isMore = true; isMore; ) {
        const going = await this.queue.exclusive(async () => {
          const { entries, reader } = await this.#oldest(lane)
          if (reader !== undefined) this.#leaveOutFirst(lane, reader, entries, 'cleared')
          return entries
        })
        isMore = going.length > 0
        records += recordsIn(going)
        await this.queue.settled()
      }
    }
    return records
  }

  /** What was left out, where nobody takes it. */
  async dropLeft(): Promise<void> {
    if (this.options.isTaken()) return
    const { left } = this.queue
    for (;;) {
      const { entries } = await this.queue.exclusive(async () => {
        const some = await this.queue.take(left, 'backlog', ALL_IN_READ)
        this.queue.change(some.map(entry => [entry, undefined]))
        return { entries: some }
      })
      await this.queue.settled()
      if (entries.length === 0) return
    }
  }

  get #lowestFirst(): readonly QueueLane[] {
    return this.queue.lanes.filter(({ priority }) => priority > 0).reverse()
  }

  #isOld({ writtenMs }: Stored): boolean {
    const { maxAgeMs = Number.POSITIVE_INFINITY, nowMs } = this.options
    return writtenMs < nowMs() - maxAgeMs
  }

  /**
   * Of what a reader reads next. A clock that jumps, or records taken over, may have brought old
   * entries behind newer ones: these stay, and what is left of the others is seen when it is read.
   * True where there may be more.
   */
  async #ageOf(lane: QueueLane, reader: QueueReader): Promise<boolean> {
    let hasOld = false
    const isMore = await this.queue.exclusive(async () => {
      const range = lane.unread(reader)
      if (range === undefined) return false
      const { entries, to } = await this.queue.read(lane, range, ALL_IN_READ)
      const old = entries.filter(entry => this.#isOld(entry))
      this.#leaveOut(old, 'age')
      hasOld = old.length > 0
      if (old.length < entries.length || to === range.from) return false
      lane.read(reader, to)
      return true
    })
    if (hasOld) await this.queue.settled()
    return isMore
  }

  /** Of those that no reader has read; they are read away where there are none. */
  async #oldest(
    lane: QueueLane
  ): Promise<{ readonly entries: Stored[]; readonly reader: QueueReader | undefined }> {
    for (const reader of ['backlog', 'live'] as const) {
      for (let range = lane.unread(reader); range !== undefined; range = lane.unread(reader)) {
        const { entries, to } = await this.queue.read(lane, range, ALL_IN_READ)
        if (entries.length > 0) return { entries, reader }
        if (to === range.from) return { entries: [], reader: undefined }
        lane.read(reader, to)
      }
    }
    return { entries: [], reader: undefined }
  }

  async #dropOldest(bytes: number): Promise<number> {
    let freed = 0
    for (const lane of this.#lowestFirst) {
      while (freed < bytes) {
        const { entries, reader } = await this.#oldest(lane)
        if (reader === undefined) break
        const going: Stored[] = []
        for (const entry of entries) {
          if (freed >= bytes) break
          going.push(entry)
          freed += entry.value.length
        }
        this.#leaveOutFirst(lane, reader, going, 'oldest')
      }
    }
    return freed
  }

  /** What a reader would read next, and no others. */
  #leaveOutFirst(lane: QueueLane, reader: QueueReader, entries: readonly Stored[], why: Why): void {
    const last = entries.at(-1)
    if (last !== undefined) lane.read(reader, last.number + 1)
    this.#leaveOut(entries, why)
  }

  #leaveOut(entries: readonly Stored[], why: Why): void {
    const left = this.options.isTaken() ? entries.map(({ value }) => leftOf(value, why)) : []
    this.#change(
      entries.map(entry => [entry, undefined] as const),
      left,
      recordsIn(entries),
      why
    )
  }

  #change(
    changes: readonly EntryChange[],
    left: readonly (EntryValue | undefined)[],
    records: number,
    why: Why
  ): void {
    if (records === 0) return
    this.queue.change(
      changes,
      left.filter(each => each !== undefined)
    )
    this.options.leftOut(records, why)
  }

  /** Goes on where it was, then from the beginning, as long as that frees anything. */
  async #thin(bytes: number): Promise<number> {
    let freed = 0
    for (let isWhole = false; freed < bytes; isWhole = true) {
      const before = freed
      for (const lane of this.#lowestFirst) {
        for (let next = this.#toThin(lane); next !== undefined; next = this.#toThin(lane)) {
          if (freed >= bytes) return freed
          freed += await this.#thinNext(lane, next)
        }
      }
      if (isWhole && freed === before) break
      this.#beginRound()
    }
    return freed
  }

  #beginRound(): void {
    this.#thinnedTo.clear()
    this.#counts.clear()
  }

  /** The first range of what waits that was not thinned in this round. */
  #toThin(lane: QueueLane): Range | undefined {
    const from = this.#thinnedTo.get(lane.priority) ?? 0
    const waits = [...lane.backlog, lane.unread('live')].filter(range => range !== undefined)
    const next = waits.find(({ to }) => to > from)
    return next === undefined ? undefined : { from: Math.max(from, next.from), to: next.to }
  }

  async #thinNext(lane: QueueLane, range: Range): Promise<number> {
    const { entries, to } = await this.queue.read(lane, range, ALL_IN_READ)
    this.#thinnedTo.set(lane.priority, to === range.from ? range.to : to)
    let freed = 0
    let records = 0
    const changes: EntryChange[] = []
    const left: (EntryValue | undefined)[] = []
    const isTaken = this.options.isTaken()
    for (const entry of entries) {
      const stays = (entryOf(entry.value)?.records ?? []).map(record => this.#stays(record))
      if (!stays.includes(false)) continue
      const now = thinned(entry.value, index => stays[index]!)
      if (isTaken) left.push(leftOf(entry.value, 'thin', index => !stays[index]))
      records += entry.records - (now?.records ?? 0)
      freed += entry.value.length - (now?.value.length ?? 0)
      changes.push([entry, now])
    }
    this.#change(changes, left, records, 'thin')
    return freed
  }

  /** The first of a key stays, and each n-th after it. */
  #stays(record: object): boolean {
    let key = ''
    for (const get of this.#gets) {
      const part = keyPart(get(record))
      key += `${part.length}:${part}`
    }
    const count = this.#counts.get(key) ?? 0
    if (this.#counts.size >= MAX_KEYS) this.#counts = new Map()
    this.#counts.set(key, (count + 1) % this.options.keepEvery)
    return count === 0
  }
}

/** Of any value: the text of an object is its JSON, whatever fields it has. */
function keyPart(value: unknown): string {
  const isObject = typeof value === 'object' && value !== null && !isExactNumber(value)
  const text = isObject ? (jsonText(value) ?? '') : String(value)
  if (text.length <= MAX_CHARACTERS) return text
  return createHash('sha256').update(text).digest('base64')
}

const recordsIn = (entries: readonly Stored[]) =>
  entries.reduce((sum, { records }) => sum + records, 0)
