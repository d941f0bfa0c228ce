/** Which of the two readers of a lane: of what is new, or of what waited. */
export type QueueReader = 'live' | 'backlog'
export const READERS: readonly QueueReader[] = ['live', 'backlog']

/** Entries by their numbers, the last one not included. */
export interface Range {
  from: number
  to: number
}

/** What is new is sent on at once; what has not been after so long has waited. */
const LIVE_MS = 2_000

const DIGITS = 12

/** Keys sort by priority, then by number. */
export const keyOf = (priority: number, number: number): string =>
  `${priority}${String(number).padStart(DIGITS, '0')}`
export const numberOf = (key: string): number => Number(key.slice(1))
export const priorityIn = (key: string): number => Number(key[0])

/**
 * The entries of one priority: how many there are, and how far its two readers are. What is new is
 * read apart from what has waited, so that neither waits for the other; each is read in order. A
 * lane in strict order has one reader only.
 */
export class QueueLane {
  entries = 0
  records = 0
  bytes = 0
  /** The number that the next entry gets. */
  next = 1
  /** Entries before this one are on the disk. */
  written = 1
  /** What has waited and was not read; none of them is empty. */
  readonly backlog: Range[] = []
  /** Where the reader of what is new is; all from `written` on where it has nothing. */
  #live = 1
  /** When entries were written that are not read, and up to which number. */
  #times: { readonly to: number; readonly atMs: number }[] = []

  constructor(
    readonly priority: number,
    private readonly isStrict: boolean
  ) {}

  /** Nothing is known of the disk. */
  reset(): void {
    this.entries = this.records = this.bytes = 0
    this.next = this.written = 1
    this.rewind()
  }

  /** At the start an entry of this number is found on the disk. */
  found(number: number): void {
    this.next = this.written = Math.max(this.next, number + 1)
  }

  /** Everything that is on the disk has waited; nothing of it is on its way. */
  rewind(): void {
    this.backlog.length = 0
    if (this.entries > 0) this.#add({ from: 1, to: this.written })
    this.#live = this.written
    this.#times = []
  }

  /** Entries before this number are on the disk now. */
  committed(to: number, nowMs: number): void {
    if (to <= this.written) return
    const from = this.written
    this.written = to
    if (this.isStrict) {
      this.#add({ from, to })
      this.#live = to
    } else this.#times.push({ to, atMs: nowMs })
  }

  /** What was new too long ago has waited. */
  age(nowMs: number): void {
    const [oldest] = this.#times
    if (oldest === undefined || nowMs - oldest.atMs < LIVE_MS) return
    this.#add({ from: this.#live, to: this.written })
    this.#live = this.written
    this.#times = []
  }

  has(reader: QueueReader): boolean {
    return reader === 'live' ? this.#live < this.written : this.backlog.length > 0
  }
  get isRead(): boolean {
    return !this.has('live') && !this.has('backlog')
  }

  /** What a reader reads next. */
  unread(reader: QueueReader): Range | undefined {
    if (reader === 'backlog') return this.backlog[0]
    return this.has('live') ? { from: this.#live, to: this.written } : undefined
  }

  /** A reader has read everything before this number. */
  read(reader: QueueReader, to: number): void {
    if (reader === 'live') {
      this.#live = Math.min(Math.max(this.#live, to), this.written)
      const at = this.#times.findIndex(time => time.to > this.#live)
      this.#times = at < 0 ? [] : this.#times.slice(at)
      return
    }
    const [first] = this.backlog
    if (first === undefined) return
    first.from = Math.max(first.from, to)
    if (first.from >= first.to) this.backlog.shift()
  }

  /** The first that was not read. */
  get firstUnread(): number {
    return Math.min(this.backlog[0]?.from ?? this.#live, this.#live)
  }

  #add({ from, to }: Range): void {
    if (from >= to) return
    const last = this.backlog.at(-1)
    if (last?.to === from) last.to = to
    else this.backlog.push({ from, to })
  }
}
