import { joinedMarks, type Mark } from './marks.ts'
import { type Range, Ranges } from './ranges.ts'
import { type Store, StoreError } from './store.ts'

/** A file of one part of a partition. */
export interface LoggedFile {
  readonly path: string
  readonly records: number
}

/**
 * Which records of one partition one set of files holds: what the log says before they are written.
 */
export interface Entry {
  /** Counts up: 1 is the first of the partition. */
  readonly number: number
  readonly first: number
  readonly last: number
  readonly files: readonly LoggedFile[]
  /** Whoever writes them: a process. */
  readonly by: string
  /** All of them are there. */
  readonly done: boolean
  /** Offsets that this and all entries before it stand for. */
  readonly covered: readonly Range[]
  /** Numbers of entries before it that were not done when it was written. */
  readonly open: readonly number[]
  /** Some records of these files and of those before, by which the topic is recognised. */
  readonly marks?: readonly Mark[]
}

export interface Claim extends Pick<Entry, 'first' | 'last' | 'files' | 'marks'> {}

/** Numbers count down in names: the newest entry is the first of a listing. */
const HIGHEST = 999_999_999

/**
 * What of a partition is in an archive. An entry is written before its files, under a number that
 * nobody else can have: so whoever writes records of these offsets later, after a crash or beside
 * us, writes the same files, or none.
 */
export class ArchiveLog {
  #newest: Entry | undefined
  readonly #open = new Map<number, Entry>()
  #covered = new Ranges()
  #marks: ReadonlyMap<number, number> = new Map()
  /** The entry that these marks are of. */
  #marksOf: Entry | undefined

  constructor(
    private readonly store: Pick<Store, 'create' | 'replace' | 'read' | 'list'>,
    /** Ends with a slash. */
    private readonly folder: string,
    private readonly by: string
  ) {}

  /**
   * The record is not the one that was archived of this offset: the topic is another one of the
   * same name. False where that is not known.
   */
  isOther(offset: number, kafkaMs: number): boolean {
    if (this.#marksOf !== this.#newest) {
      this.#marks = new Map(this.#newest?.marks)
      this.#marksOf = this.#newest
    }
    const archived = this.#marks.get(offset)
    return archived !== undefined && Number.isFinite(kafkaMs) && archived !== kafkaMs
  }

  /** The last offset that it says something of. */
  get end(): number {
    return this.#covered.all.at(-1)?.[1] ?? -1
  }

  /** Reads what there is. */
  async load(): Promise<void> {
    for await (const { path } of this.store.list(this.folder)) {
      const entry = await this.#read(path)
      if (entry === undefined) continue
      await this.#take(entry)
      return
    }
  }

  /** The record of this offset is in a file that is there. */
  isDone(offset: number): boolean {
    return this.#covered.of(offset) !== undefined && this.openAt(offset) === undefined
  }

  /** The entry, whose files are not all there, that the record of this offset belongs to. */
  openAt(offset: number): Entry | undefined {
    for (const entry of this.#open.values())
      if (entry.first <= offset && offset <= entry.last) return entry
    return undefined
  }

  /** The first offset behind this one at which other files begin. */
  boundaryAfter(offset: number): number | undefined {
    let next = this.#covered.boundaryAfter(offset)
    for (const { first, last } of this.#open.values())
      for (const at of [first, last + 1])
        if (at > offset && (next === undefined || at < next)) next = at
    return next
  }

  /** Writes the entry of these files; undefined where another one has some of these offsets. */
  async claim(claim: Claim): Promise<Entry | undefined> {
    for (;;) {
      if (this.#covered.overlaps([claim.first, claim.last])) return undefined
      const entry = this.#next(claim)
      if (await this.store.create(this.#path(entry.number), textOf(entry))) {
        this.#newest = entry
        this.#covered = new Ranges(entry.covered)
        this.#open.set(entry.number, entry)
        return entry
      }
      const other = await this.#read(this.#path(entry.number))
      // The name is just being taken, or the store contradicts itself: whoever asks pauses.
      if (other === undefined) throw taken(this.#path(entry.number))
      // Ours, where the answer to the request that wrote it was lost.
      await this.#take(other)
      const own = this.#ownOf(claim)
      if (own !== undefined) return own
    }
  }

  /** All files of an entry are there: these, in place of those that it was written with. */
  async done(entry: Entry, files: readonly LoggedFile[]): Promise<void> {
    await this.store.replace(this.#path(entry.number), textOf({ ...entry, files, done: true }))
    this.#open.delete(entry.number)
  }

  /** Looks whether somebody else has written its files by now. */
  async isDoneByOthers({ number }: Entry): Promise<boolean> {
    const entry = await this.#read(this.#path(number))
    if (!entry?.done) return false
    this.#open.delete(number)
    return true
  }

  #ownOf({ first, last }: Claim): Entry | undefined {
    const newest = this.#newest
    const isOwn = newest?.by === this.by && newest.first === first && newest.last === last
    return isOwn ? newest : undefined
  }

  #next(claim: Claim): Entry {
    const covered = new Ranges(this.#covered.all)
    covered.add([claim.first, claim.last])
    return {
      number: (this.#newest?.number ?? 0) + 1,
      ...claim,
      by: this.by,
      done: false,
      covered: covered.all,
      open: [...this.#open.keys()],
      marks: joinedMarks(this.#newest?.marks ?? [], claim.marks ?? [])
    }
  }

  async #take(entry: Entry): Promise<void> {
    const unknown = entry.open.filter(number => !this.#open.has(number))
    if (!entry.done) this.#open.set(entry.number, entry)
    for (const number of unknown) {
      const before = await this.#read(this.#path(number))
      if (before !== undefined && !before.done) this.#open.set(number, before)
    }
    this.#newest = entry
    this.#covered = new Ranges(entry.covered)
  }

  #path(number: number): string {
    return `${this.folder}${HIGHEST - number}.json`
  }

  async #read(path: string): Promise<Entry | undefined> {
    const text = await this.store.read(path)
    return text === undefined ? undefined : (JSON.parse(text) as Entry)
  }
}

const taken = (path: string): StoreError =>
  new StoreError(
    'STORE_AWAY',
    `${path} can neither be written nor read: another is just writing it. The node tries again.`,
    'store busy',
    false
  )

const textOf = (entry: Entry): string => `${JSON.stringify(entry)}\n`

/** Where the log of a partition is. */
export const logFolder = (archive: string, topic: string, partition: number): string =>
  `_millrace/${archive}/${topic}/${partition}/`
