import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { reasonOf } from '../../core/errors.ts'
import type { Directory } from './directory.ts'
import type { Metadata, Row } from './metadata.ts'
import { readTable } from './table.ts'

/** Asking the file for its date is the one way that sees files replaced by renaming, and files on network drives. */
const LOOK_EVERY_MS = 1000

export interface FileOptions {
  readonly path: string
  readonly keyColumn: string
  readonly project: (row: Row) => Metadata
  /** Told whenever the file has been read: what is wrong with it, or undefined. */
  readonly onRead: (problem: string | undefined) => void
}

/** A table in a file, read again when it changes. While a changed file is broken, the table as it was before is used. */
export class FileDirectory implements Directory {
  #table: ReadonlyMap<string, Metadata> | undefined
  readonly #changed = () => this.#read()

  constructor(private readonly options: FileOptions) {
    this.#read()
    watchFile(options.path, { interval: LOOK_EVERY_MS, persistent: false }, this.#changed)
  }

  peek(key: string): Metadata | null | undefined {
    return this.#table === undefined ? undefined : (this.#table.get(key) ?? null)
  }

  async find(): Promise<ReadonlyMap<string, Metadata>> {
    const problem = this.#table === undefined ? this.#read() : undefined
    if (this.#table === undefined) throw new Error(problem)
    return this.#table
  }

  close(): void {
    unwatchFile(this.options.path, this.#changed)
  }

  #read(): string | undefined {
    const { path, keyColumn, project, onRead } = this.options
    let problem: string | undefined
    try {
      const rows = readTable(readFileSync(path, 'utf8'), keyColumn)
      this.#table = new Map([...rows].map(([key, row]) => [key, project(row)]))
    } catch (error) {
      problem = (error as { code?: unknown }).code === 'ENOENT' ? `the file ${path} is not there` : `the file ${path}: ${reasonOf(error)}`
    }
    onRead(problem)
    return problem
  }
}
