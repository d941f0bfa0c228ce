import { appendFileSync, mkdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { dirname } from 'node:path'

/** Of one file, before it is written to the disk. */
const FLUSH_CHARACTERS = 256 << 10

/** Of all files of a sink: running sums, since thousands cannot be asked at each message. */
export interface Gathered {
  /** Characters that are in memory. */
  waiting: number
  /** Bytes that are on the disk. */
  written: number
}

/** Rows of one file, gathered on the disk of this machine until the file is whole. */
export class Spill {
  #rows: string[] = []
  #waiting = 0
  #written = 0
  /** Bytes of the file that was made of the rows. */
  #made = 0
  records = 0

  constructor(
    readonly local: string,
    header: string,
    private readonly gathered: Gathered
  ) {
    if (header !== '') this.#hold(header)
  }

  add(row: string): void {
    this.records++
    this.#hold(row)
  }

  get isDue(): boolean {
    return this.#waiting >= FLUSH_CHARACTERS
  }

  /** @throws what the disk says; nothing is lost then, and it may be tried again */
  flush(): void {
    if (this.#waiting === 0) return
    const text = Buffer.from(this.#rows.join(''))
    try {
      appendFileSync(this.local, text)
    } catch (error) {
      this.#cutBack()
      throw error
    }
    this.#written += text.length
    this.gathered.written += text.length
    this.#rows = []
    this.#nothingWaits()
  }

  /** False where somebody has deleted or changed the file. */
  get isWhole(): boolean {
    if (this.#written === 0) return true
    return statSync(this.local, { throwIfNoEntry: false })?.size === this.#written
  }

  /** A file was made of the rows. */
  made(file: string): void {
    if (file !== this.local) this.#count(statSync(file).size)
  }

  /** The store has the file that was made of the rows; they stay until it has all of the chunk. */
  unmake(): void {
    removed(`${this.local}.whole`)
    this.#count(0)
  }

  /** What cannot be removed goes when the node starts again. */
  remove(): void {
    removed(this.local)
    this.unmake()
    this.gathered.written -= this.#written
    this.#written = 0
    this.#rows = []
    this.#nothingWaits()
  }

  #count(made: number): void {
    this.gathered.written += made - this.#made
    this.#made = made
  }

  #nothingWaits(): void {
    this.gathered.waiting -= this.#waiting
    this.#waiting = 0
  }

  #hold(row: string): void {
    this.#rows.push(row)
    this.#waiting += row.length
    this.gathered.waiting += row.length
  }

  /** A full disk takes a part of what it is given; whoever cleans up takes the folder. */
  #cutBack(): void {
    try {
      mkdirSync(dirname(this.local), { recursive: true })
      truncateSync(this.local, this.#written)
    } catch {
      // It is not there yet.
    }
  }
}

function removed(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // It is in nobody's way.
  }
}
