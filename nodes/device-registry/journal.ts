import type { StateStore } from '../../core/state/types.ts'
import type { News } from './logic.ts'

/** What happened, on its way to the table. */
export interface JournalEntry {
  readonly key: string
  readonly news: News
  /** It is of an earlier run: no device waits for it. */
  readonly isOld: boolean
}

const NEWS = 'n'
const BLOCKED = 'blocked'
/** Of news that wait for the database; then the last state of each device is all that is kept. */
export const MOST_WAITING = 200_000

/**
 * What happened to devices, on the disk until the table has it: the database may be away, and
 * Node-RED may be killed. Behind it stand the blocked devices, for a start without the database.
 */
export class Journal {
  #store: StateStore | undefined
  #waiting: JournalEntry[] = []
  #number = 0
  readonly #opened: Promise<void>
  #open: () => void = () => {}

  constructor() {
    this.#opened = new Promise(resolve => {
      this.#open = resolve
    })
  }

  get size(): number {
    return this.#waiting.length
  }

  /** Takes up what was kept. Gives the devices that were blocked. */
  async open(store: StateStore): Promise<readonly string[]> {
    const kept: JournalEntry[] = []
    let blocked: string[] = []
    for await (const [key, value] of store.load()) {
      if (key === BLOCKED) blocked = JSON.parse(value) as string[]
      else if (key.startsWith(NEWS))
        kept.push({ key, news: JSON.parse(value) as News, isOld: true })
    }
    kept.sort((a, b) => (a.key < b.key ? -1 : 1))
    const last = kept.at(-1)
    if (last !== undefined) this.#number = Number(last.key.slice(NEWS.length))
    this.#waiting = [...kept, ...this.#waiting]
    this.#store = store
    this.#open()
    return blocked
  }

  /** Fulfilled once it is on the disk. @throws where it cannot be written */
  async add(news: readonly News[]): Promise<void> {
    await this.#opened
    const entries = news.map(
      (each): JournalEntry => ({
        key: this.#nextKey(),
        news: each,
        isOld: false
      })
    )
    await this.#store!.write(new Map(entries.map(({ key, news: of }) => [key, JSON.stringify(of)])))
    this.#waiting.push(...entries)
  }

  /** The oldest, at most so many. */
  oldest(most: number): readonly JournalEntry[] {
    return this.#waiting.slice(0, most)
  }

  /** The table has the oldest so many. */
  async remove(count: number): Promise<void> {
    const gone = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    await this.#store?.write(new Map(gone.map(({ key }) => [key, undefined])))
  }

  async keepBlocked(ids: readonly string[]): Promise<void> {
    await this.#store?.write(new Map([[BLOCKED, JSON.stringify(ids)]]))
  }

  async close(): Promise<void> {
    await this.#store?.close()
    this.#store = undefined
  }

  #nextKey(): string {
    return NEWS + String(++this.#number).padStart(16, '0')
  }
}
