import type { Metadata } from './metadata.ts'

/** Where the metadata of devices comes from. */
export interface Directory {
  /** What is known without waiting: the metadata; null if there is no such device; undefined if it has to be looked up. */
  peek(key: string, nowMs: number): Metadata | null | undefined
  /** Looks up devices; keys that are missing in the answer are of no device. Rejects if the source is away. */
  find(keys: readonly string[], nowMs: number): Promise<ReadonlyMap<string, Metadata>>
  close(): void
}

/** A table that is at hand as a whole. */
export class TableDirectory implements Directory {
  constructor(private readonly table: ReadonlyMap<string, Metadata>) {}

  peek(key: string): Metadata | null {
    return this.table.get(key) ?? null
  }
  find(): Promise<ReadonlyMap<string, Metadata>> {
    return Promise.resolve(this.table)
  }
  close(): void {}
}
