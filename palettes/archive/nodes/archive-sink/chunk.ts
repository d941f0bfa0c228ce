import { join } from 'node:path'
import type { HeldPart } from '@millrace/node-red-telemetry'
import { FirstMarks } from '../../core/marks.ts'
import { type Gathered, Spill } from './spill.ts'

/** More files than that are not gathered at a time for one partition. */
const MAX_FILES = 1_000
/** Nor more acknowledgements held back: each is some hundred bytes in memory. */
const MAX_HELD = 50_000

let chunks = 0

/** Records of one partition from one offset to another, in the files that they become. */
export class Chunk {
  readonly files = new Map<string, Spill>()
  readonly #due = new Set<Spill>()
  readonly held: HeldPart[] = []
  readonly sinceMs = performance.now()
  readonly #number = chunks++
  last: number
  records = 0
  /** Of all rows, in characters. */
  size = 0
  readonly marks = new FirstMarks()

  constructor(
    readonly first: number,
    private readonly folder: string,
    private readonly header: string,
    private readonly gathered: Gathered
  ) {
    this.last = first
  }

  get isWide(): boolean {
    return this.files.size >= MAX_FILES || this.held.length >= MAX_HELD
  }

  add(path: string, row: string): void {
    let file = this.files.get(path)
    if (file === undefined) {
      const name = `${this.#number}-${this.files.size}.rows`
      file = new Spill(join(this.folder, name), this.header, this.gathered)
      this.files.set(path, file)
    }
    file.add(row)
    if (file.isDue) this.#due.add(file)
    this.records++
    this.size += row.length
  }

  /** @throws what the disk says */
  flush(all: boolean): void {
    for (const file of all ? this.files.values() : this.#due) {
      file.flush()
      this.#due.delete(file)
    }
  }

  remove(): void {
    for (const file of this.files.values()) file.remove()
  }
}
