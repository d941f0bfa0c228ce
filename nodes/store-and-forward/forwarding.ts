import type { DeliverySource } from '../../core/source/source.ts'
import { type QueueLane, type QueueReader, READERS } from './lane.ts'
import { outgoingOf, type SentMessage, type ToMessage } from './outgoing.ts'
import type { Queue, Stored } from './queue.ts'

export interface ForwardingOptions {
  /** What is sent on, the first one first; each lane is in one forwarding. */
  readonly lanes: readonly QueueLane[]
  /** The output that it leaves by. */
  readonly output: number
  /** Where it does not leave as it came. */
  readonly toMessage?: ToMessage
  /** So many records of a reader may be on their way. */
  readonly batchSize: number
  /** Of 100 records, so many of what waited, where there are new ones as well. */
  readonly share: number
  readonly isStrict: boolean
  readonly inLists: boolean
  /** Nothing is sent while nobody is there to take it. */
  isWired(): boolean
  /** What of entries that were read is to be sent; the rest is dealt with. */
  sift?(lane: QueueLane, entries: readonly Stored[]): readonly Stored[]
  /** The flow behind has dealt with so many records. */
  onForwarded(records: number): void
  /** The queue could not be read; undefined: it can. */
  onTrouble(error: unknown): void
}

/** More than this is not read at a time, however few records it is. */
const READ_BYTES = 8 << 20
/** A higher priority that stands still for so long does not hold up the lower ones. */
const HOLDUP_MS = 5_000

/** The group of a reader that is on its way. */
interface Group {
  /** Messages that are on their way, and their records. */
  messages: number
  records: number
  sinceMs: number
  /** Leave when others are done, so that not more is on its way than may be. */
  readonly waiting: SentMessage[]
}

/**
 * Sends on what is in a queue: of each priority what is new and what waited, each in its order, a
 * group at a time. Entries are removed when the flow behind is done with them.
 */
export class Forwarding {
  readonly #onItsWay = new Map<string, Group>()
  /** Pieces of entries that are on their way. */
  readonly #left = new Map<string, number>()
  #isWorking = false
  #again = false
  #isClosed = false
  /** Another one each time everything is taken back. */
  #life = 0

  constructor(
    private readonly queue: Queue,
    private readonly source: DeliverySource,
    private readonly options: ForwardingOptions
  ) {}

  /** Something may be sent that could not be before. */
  kick(): void {
    if (this.#isWorking) {
      this.#again = true
      return
    }
    this.#isWorking = true
    void this.#work().finally(() => {
      this.#isWorking = false
      if (this.#again && !this.#isClosed) this.kick()
    })
  }

  /** Takes back what is on its way and sends everything again from the beginning, at once. */
  async again(): Promise<void> {
    await this.queue.exclusive(async () => {
      this.#life++
      for (const lane of this.options.lanes) {
        for (const reader of READERS) this.source.dropLane(nameOf(lane, reader))
        lane.rewind()
      }
      this.#onItsWay.clear()
      this.#left.clear()
    })
    this.kick()
  }

  stop(): void {
    this.#isClosed = true
  }

  async #work(): Promise<void> {
    try {
      do {
        this.#again = false
        while (!this.#isClosed && (await this.#sendNext()));
      } while (this.#again && !this.#isClosed)
    } catch (error) {
      this.options.onTrouble(error)
    }
  }

  /** False where nothing can be sent now. */
  async #sendNext(): Promise<boolean> {
    const { lanes, isWired } = this.options
    // While the store is opened anew there is nothing to be read, and its opening needs its turn.
    if (this.source.isPaused || !this.queue.isOpen || !isWired()) return false
    const nowMs = performance.now()
    for (const lane of lanes) lane.age(nowMs)
    const next = this.#choose(nowMs)
    if (next === undefined) return false
    const { lane, reader } = next
    const life = this.#life
    const limits = { records: this.#sizeFor(lane, reader), bytes: READ_BYTES }
    const entries = await this.queue.exclusive(async () => {
      if (life !== this.#life) return []
      const read = await this.queue.take(lane, reader, limits)
      this.options.onTrouble(undefined)
      return this.options.sift?.(lane, read) ?? read
    })
    if (life === this.#life && !this.#isClosed && entries.length > 0)
      this.#send(lane, reader, entries)
    return true
  }

  /** The highest priority first: while it gets on, the lower ones wait until it is read. */
  #choose(nowMs: number): { readonly lane: QueueLane; readonly reader: QueueReader } | undefined {
    for (const lane of this.options.lanes) {
      const busy = READERS.map(reader => this.#onItsWay.get(nameOf(lane, reader)))
      // What was read with others may still wait to leave after these.
      if (lane.isRead && !busy.some(way => way !== undefined && way.waiting.length > 0)) continue
      const free = READERS.find((reader, index) => busy[index] === undefined && lane.has(reader))
      if (free !== undefined) return { lane, reader: free }
      if (busy.some(way => way !== undefined && nowMs - way.sinceMs < HOLDUP_MS)) return undefined
    }
    return undefined
  }

  /** Where both readers of a lane have something, their groups are as large as their shares. */
  #sizeFor(lane: QueueLane, reader: QueueReader): number {
    const { batchSize, share } = this.options
    if (!lane.has('live') || !lane.has('backlog')) return batchSize
    const ratio = reader === 'live' ? (100 - share) / share : share / (100 - share)
    return Math.max(1, Math.floor(batchSize * Math.min(1, ratio)))
  }

  #send(lane: QueueLane, reader: QueueReader, entries: readonly Stored[]): void {
    const { batchSize, inLists, toMessage } = this.options
    const waiting = [...outgoingOf(entries, batchSize, inLists, toMessage)]
    const group: Group = { messages: 0, records: 0, sinceMs: performance.now(), waiting }
    for (const { pieces } of waiting)
      for (const { stored } of pieces)
        this.#left.set(stored.key, (this.#left.get(stored.key) ?? 0) + 1)
    const name = nameOf(lane, reader)
    this.#onItsWay.set(name, group)
    this.#goOn(name, group)
  }

  /** So much as may be on its way: in strict order a message, else some that are small. */
  #goOn(name: string, group: Group): void {
    const { batchSize, isStrict } = this.options
    for (let next = group.waiting[0]; next !== undefined; next = group.waiting[0]) {
      const isFull = isStrict || group.records + next.records > batchSize
      if (group.messages > 0 && isFull) return
      group.waiting.shift()
      group.messages++
      group.records += next.records
      this.#take(name, group, next)
    }
  }

  #take(
    lane: string,
    group: Group,
    { pieces, records, bytes, message, rebuild }: SentMessage
  ): void {
    const life = this.#life
    this.source.take({
      lane,
      records,
      bytes,
      message,
      rebuild,
      output: this.options.output,
      acknowledge: () => {
        if (life !== this.#life) return
        for (const { stored } of pieces) this.#doneWith(stored)
        this.options.onForwarded(records)
        group.sinceMs = performance.now()
        group.messages--
        group.records -= records
        this.#goOn(lane, group)
        if (group.messages > 0) return
        this.#onItsWay.delete(lane)
        this.kick()
      }
    })
  }

  /** An entry is removed when all of it is. */
  #doneWith(stored: Stored): void {
    const left = this.#left.get(stored.key)! - 1
    if (left > 0) this.#left.set(stored.key, left)
    else {
      this.#left.delete(stored.key)
      this.queue.forget(stored)
    }
  }
}

const nameOf = ({ priority }: QueueLane, reader: QueueReader): string => `${priority}/${reader}`
