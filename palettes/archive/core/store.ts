import { type Code, MillraceError } from '@millrace/node-red-telemetry'

export interface StoredFile {
  /** With slashes, below the place that the store is. */
  readonly path: string
  readonly bytes: number
}

/** A bucket, a container or a folder. Whatever it cannot do is a StoreError. */
export interface Store {
  /** For sentences: `s3://bucket/prefix`. */
  readonly shown: string
  /** Writes a file as it stands on this machine; what is there of the name is replaced. */
  put(path: string, local: string, signal?: AbortSignal): Promise<void>
  /** Writes a short text under a name that is free; false, and nothing is done, where it is not. */
  create(path: string, text: string): Promise<boolean>
  /** Writes a short text, whatever is there. */
  replace(path: string, text: string): Promise<void>
  /** A short text; undefined where there is none. */
  read(path: string): Promise<string | undefined>
  /** Brings a file to this machine; false where there is none. */
  bring(path: string, local: string, signal?: AbortSignal): Promise<boolean>
  /** All files whose path begins so, in the order of their paths. */
  list(prefix: string): AsyncIterable<StoredFile>
  /** Nothing happens where there is none. */
  remove(path: string): Promise<void>
  /**
   * Ends uploads in parts that others have left behind, of files whose name has this in it, and
   * that are so old at least.
   */
  endUploads(mark: string, oldMs: number): Promise<number>
  close(): void
}

/** Why a store does not do what it is asked for. */
export class StoreError extends MillraceError {
  constructor(
    code: Code,
    sentence: string,
    /** At most 30 characters, for the status below a node. */
    readonly short: string,
    /** A person must change something; else it may pass by itself. */
    readonly needsPerson: boolean,
    options?: { cause?: unknown }
  ) {
    super(code, sentence, options)
  }
}

/** By what it has: each node of the palette brings the class along for itself. */
export const isStoreError = (error: unknown): error is StoreError =>
  error instanceof Error && 'short' in error && 'needsPerson' in error
