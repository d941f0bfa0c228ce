import { appendFileSync, mkdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { dirname } from 'node:path'

/** Of one file, before it is written to the disk. */
const FLUSH_CHARACTERS = 256 << 10

/** Rows of one file, gathered on the disk of this machine until the file is whole. */
export class Spill {
  #rows: string[] = []
  #waiting = 0
  #written = 0
  records = 0

  constructor(
    readonly local: string,
    header: string
  ) {
    if (header !== '') this.#hold(header)
  }

  /** Characters that are in memory. */
  get waiting(): number {
    return this.#waiting
  }
  /** Bytes that are on the disk. */
  get written(): number {
    return this.#written
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
    this.#rows = []
    this.#waiting = 0
  }

  /** False where somebody has deleted or changed the file. */
  get isWhole(): boolean {
    if (this.#written === 0) return true
    return statSync(this.local, { throwIfNoEntry: false })?.size === this.#written
  }

  /** What cannot be removed goes when the node starts again. */
  remove(): void {
    for (const file of [this.local, `${this.local}.whole`]) {
      try {
        rmSync(file, { force: true })
      } catch {
        // It is in nobody's way.
      }
    }
  }

  #hold(row: string): void {
    this.#rows.push(row)
    this.#waiting += row.length
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
