import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Wanted } from './logic.ts'

const EVERY_MS = 200

interface Kept {
  /** What is being brought back, until it is at its end. */
  readonly running: Wanted | null
  /** Of each file that was begun: how many rows are dealt with, or that all are. */
  readonly files: Readonly<Record<string, number | 'all'>>
  /** What these hold for: another range takes other records of a file. */
  readonly of: Wanted | null
}

const NONE: Kept = { running: null, files: {}, of: null }

/** How far each file was brought back: over a restart of Node-RED, too. */
export class Positions {
  #kept: Kept
  #isDirty = false
  #savedMs = 0

  constructor(private readonly file: string) {
    this.#kept = this.#load()
  }

  get running(): Wanted | null {
    return this.#kept.running
  }

  /** Goes on where the same was ended before; begins anew for another range. */
  begin(wanted: Wanted): void {
    const isSame = JSON.stringify(this.#kept.of) === JSON.stringify(wanted)
    this.#kept = { running: wanted, of: wanted, files: isSame ? this.#kept.files : {} }
    this.save(true)
  }

  of(file: string): number | 'all' {
    return this.#kept.files[file] ?? 0
  }

  set(file: string, rows: number | 'all'): void {
    this.#kept = { ...this.#kept, files: Object.assign(this.#kept.files, { [file]: rows }) }
    this.#isDirty = true
    this.save(rows === 'all')
  }

  end(): void {
    this.#kept = { ...this.#kept, running: null }
    this.save(true)
  }

  forget(): void {
    this.#kept = NONE
    rmSync(this.file, { force: true })
  }

  save(now: boolean): void {
    if (!now && (!this.#isDirty || performance.now() - this.#savedMs < EVERY_MS)) return
    mkdirSync(dirname(this.file), { recursive: true })
    writeFileSync(`${this.file}.new`, JSON.stringify(this.#kept))
    renameSync(`${this.file}.new`, this.file)
    this.#isDirty = false
    this.#savedMs = performance.now()
  }

  #load(): Kept {
    try {
      const kept = JSON.parse(readFileSync(this.file, 'utf8')) as Kept
      return { ...NONE, ...kept, files: Object.assign(Object.create(null), kept.files) }
    } catch {
      return { ...NONE, files: Object.create(null) }
    }
  }
}
