import { appendFileSync, rmSync, statSync, truncateSync } from 'node:fs'

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
    const text = this.#rows.join('')
    try {
      appendFileSync(this.local, text)
    } catch (error) {
      this.#cutBack()
      throw error
    }
    this.#written = statSync(this.local).size
    this.#rows = []
    this.#waiting = 0
  }

  remove(): void {
    rmSync(this.local, { force: true })
    rmSync(`${this.local}.whole`, { force: true })
  }

  #hold(row: string): void {
    this.#rows.push(row)
    this.#waiting += row.length
  }

  /** A full disk takes a part of what it is given. */
  #cutBack(): void {
    try {
      truncateSync(this.local, this.#written)
    } catch {
      // It is not there yet.
    }
  }
}
