import type { Known } from './answer.ts'
import type { Metadata } from './metadata.ts'

/**
 * Looks devices up; those that are missing in the answer do not exist. To be called again when it
 * rejects: the source is away.
 */
export type Finder = () => Promise<ReadonlyMap<string, Known>>

/** How it stands with a source, in a few words for the status. */
export interface DirectoryState {
  /** Records wait for this. */
  readonly waits: string | undefined
  /** A person must mend this. */
  readonly mend: string | undefined
  /** Stands beside the rate. */
  readonly note: string | undefined
  readonly gauges: readonly (readonly [name: string, value: number])[]
}

/** Where the metadata of devices comes from. */
export interface Directory {
  readonly state?: DirectoryState
  /** What is known without waiting; undefined if it has to be looked up. */
  peek(key: string, nowMs: number): Known | undefined
  finder(keys: readonly string[], now: () => number): Finder
  close(): void
}

/** A table that is at hand as a whole. */
export class TableDirectory implements Directory {
  constructor(private readonly table: ReadonlyMap<string, Metadata>) {}

  peek(key: string): Metadata | null {
    return this.table.get(key) ?? null
  }
  finder(): Finder {
    return () => Promise.resolve(this.table)
  }
  close(): void {}
}
