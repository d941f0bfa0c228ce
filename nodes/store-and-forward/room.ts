import { createHash } from 'node:crypto'
import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { getter } from '../../core/record/field-path.ts'
import { jsonText } from '../../core/record/json-write.ts'
import { entryOf, thinned } from './entry.ts'
import type { QueueLane, Range } from './lane.ts'
import type { Priority } from './priority.ts'
import type { EntryChange, Queue, Stored } from './queue.ts'

/** Why records were left out. */
export const LEFT_OUT = {
  thin: {
    code: 'QUEUE_THINNED',
    message: 'The queue was full, and of each key only one of several old records was kept.'
  },
  oldest: {
    code: 'QUEUE_OLDEST',
    message: 'The queue was full, and the oldest records of the lowest priority made room.'
  },
  age: {
    code: 'QUEUE_TOO_OLD',
    message: 'The record has waited longer than it may.'
  },
  cleared: {
    code: 'QUEUE_CLEARED',
    message: 'Somebody has emptied the queue in the dialog of the node.'
  }
} as const
export type Why = keyof typeof LEFT_OUT

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
  leftOut(records: readonly object[], why: Why): void
}

/** So much is read at a time. */
const READ_BYTES = 1 << 20
/** So much of what there may be is freed at a time, so that it need not be done for each record. */
const FREED_SHARE = 0.02
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

  /** Leaves out what it may. False: there is nothing that could be. */
  make(bytes: number): Promise<boolean> {
    const { full, maxBytes } = this.options
    const wanted = this.queue.bytes + Math.max(bytes, maxBytes * FREED_SHARE) - maxBytes
    if (full === 'wait' || this.options.isDiskFull()) return Promise.resolve(false)
    if (wanted <= 0) return Promise.resolve(true)
    return this.queue.exclusive(async () => {
      const freed = full === 'thin' ? await this.#thin(wanted) : 0
      return (freed >= wanted ? freed : freed + (await this.#dropOldest(wanted - freed))) > 0
    })
  }

  /** Leaves out what is too old. */
  age(): Promise<void> {
    const { maxAgeMs, nowMs } = this.options
    if (maxAgeMs === undefined) return Promise.resolve()
    const latestMs = nowMs() - maxAgeMs
    return this.queue.exclusive(async () => {
      for (const lane of this.#lowestFirst) {
        for (;;) {
          const { entries, reader } = await this.#oldest(lane)
          const old = entries.filter(({ writtenMs }) => writtenMs < latestMs)
          if (old.length === 0 || reader === undefined) break
          await this.#leaveOut(lane, reader, old, 'age')
          if (old.length < entries.length) break
        }
      }
    })
  }

  /** Leaves out everything that is not on its way, of all priorities. Gives how many records. */
  clear(): Promise<number> {
    return this.queue.exclusive(async () => {
      let records = 0
      for (const lane of this.queue.lanes) {
        for (;;) {
          const { entries, reader } = await this.#oldest(lane)
          if (reader === undefined) break
          records += entries.reduce((sum, entry) => sum + entry.records, 0)
          await this.#leaveOut(lane, reader, entries, 'cleared')
        }
      }
      return records
    })
  }

  get #lowestFirst(): readonly QueueLane[] {
    return this.queue.lanes.filter(({ priority }) => priority > 0).reverse()
  }

  /** Of those that no reader has read; they are read away where there are none. */
  async #oldest(
    lane: QueueLane
  ): Promise<{ readonly entries: Stored[]; readonly reader: 'backlog' | 'live' | undefined }> {
    for (const reader of ['backlog', 'live'] as const) {
      for (let range = lane.unread(reader); range !== undefined; range = lane.unread(reader)) {
        const limits = { records: Number.MAX_SAFE_INTEGER, bytes: READ_BYTES }
        const { entries, to } = await this.queue.read(lane, range, limits)
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
        await this.#leaveOut(lane, reader, going, 'oldest')
      }
    }
    return freed
  }

  async #leaveOut(
    lane: QueueLane,
    reader: 'backlog' | 'live',
    entries: readonly Stored[],
    why: Why
  ): Promise<void> {
    const last = entries.at(-1)
    if (last === undefined) return
    lane.read(reader, last.number + 1)
    await this.queue.remove(entries)
    for (const { value } of entries) this.options.leftOut(entryOf(value)?.records ?? [], why)
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
    const limits = { records: Number.MAX_SAFE_INTEGER, bytes: READ_BYTES }
    const { entries, to } = await this.queue.read(lane, range, limits)
    this.#thinnedTo.set(lane.priority, to === range.from ? range.to : to)
    let freed = 0
    const changes: EntryChange[] = []
    const left: object[] = []
    for (const entry of entries) {
      const records = entryOf(entry.value)?.records ?? []
      const stays = records.map(record => this.#stays(record))
      if (!stays.includes(false)) continue
      const now = thinned(entry.value, index => stays[index]!)
      left.push(...records.filter((_record, index) => !stays[index]))
      freed += entry.value.length - (now?.value.length ?? 0)
      changes.push([entry, now])
    }
    await this.queue.change(changes)
    if (left.length > 0) this.options.leftOut(left, 'thin')
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
