import type { Stats } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { reasonOf } from '../../core/errors.ts'
import type { Directory, Finder } from './directory.ts'
import type { Metadata, MetadataRow } from './metadata.ts'
import { readTable } from './table.ts'

/**
 * Asking the file for its date is the one way that sees files replaced by renaming, and files on
 * network drives.
 */
const LOOK_EVERY_MS = 1000
/** A file that was the same for so long is complete: half a CSV file reads like a shorter one. */
const QUIET_MS = 900

export interface FileOptions {
  readonly path: string
  readonly keyColumn: string
  readonly project: (row: MetadataRow) => Metadata
  /** Told whenever it changes: what is wrong with the file, or undefined. */
  readonly onRead: (problem: string | undefined) => void
}

/**
 * A table in a file, read again when it has changed. While a changed file is broken, the table as
 * it was before is used.
 */
export class FileDirectory implements Directory {
  #table: ReadonlyMap<string, Metadata> | undefined
  #problem: string | undefined
  /** What was last seen of the file, and since when. */
  #seen: string | undefined
  #sinceMs = 0
  /** What of the file has been read, whether it was good or not. */
  #read: string | undefined
  #looking: Promise<void> | undefined
  #closed = false
  readonly #timer: NodeJS.Timeout

  constructor(private readonly options: FileOptions) {
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref()
    void this.look()
  }

  peek(key: string): Metadata | null | undefined {
    return this.#table === undefined ? undefined : (this.#table.get(key) ?? null)
  }

  async find(): Promise<ReadonlyMap<string, Metadata>> {
    if (this.#table === undefined) await this.look()
    if (this.#table === undefined)
      throw new Error(this.#problem ?? `the file ${this.options.path} is still being written`)
    return this.#table
  }

  finder(): Finder {
    return () => this.find()
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
  }

  /**
   * Looks whether the file has changed, and reads it once it is complete. It does so by itself as
   * well, once a second.
   */
  look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #lookOnce(): Promise<void> {
    const { path } = this.options
    try {
      const stats = await stat(path)
      const version = versionOf(stats)
      if (version === this.#read || !this.#isQuiet(version, stats)) return
      const text = await readFile(path, 'utf8')
      if (versionOf(await stat(path)) !== version) return
      this.#read = version
      this.#take(text)
      this.#tell(undefined)
    } catch (error) {
      if ((error as { syscall?: unknown }).syscall !== undefined) this.#read = undefined
      const isAway = (error as { code?: unknown }).code === 'ENOENT'
      this.#tell(isAway ? `the file ${path} is not there` : `the file ${path}: ${reasonOf(error)}`)
    }
  }

  #take(text: string): void {
    const { keyColumn, project } = this.options
    this.#table = new Map([...readTable(text, keyColumn)].map(([key, row]) => [key, project(row)]))
  }

  /**
   * True if nobody is writing the file. At the first look its date tells for how long; then nothing
   * has to wait.
   */
  #isQuiet(version: string, { mtimeMs }: Stats): boolean {
    const nowMs = performance.now()
    if (version !== this.#seen) {
      this.#sinceMs = this.#seen === undefined ? nowMs - Math.abs(Date.now() - mtimeMs) : nowMs
      this.#seen = version
    }
    return nowMs - this.#sinceMs >= QUIET_MS
  }

  #tell(problem: string | undefined): void {
    if (this.#closed || (problem === this.#problem && problem !== undefined)) return
    this.#problem = problem
    this.options.onRead(problem)
  }
}

const versionOf = ({ ino, size, mtimeMs }: Stats) => `${ino} ${size} ${mtimeMs}`
