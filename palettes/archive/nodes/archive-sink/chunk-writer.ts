import { existsSync } from 'node:fs'
import { pause, retrying } from '@millrace/node-red-telemetry'
import type { Entry, LoggedFile } from '../../core/archive-log.ts'
import { type FileName, fileNameOf } from '../../core/file-name.ts'
import { type Finishing, finishFile } from '../../core/finish-file.ts'
import type { Store } from '../../core/store.ts'
import type { Chunk } from './chunk.ts'
import type { Lane } from './lane.ts'
import type { Spill } from './spill.ts'

const ASK_AGAIN_MS = 2_000

export interface ChunkWriterOptions {
  readonly store: Store
  readonly finishing: Finishing
  readonly name: Pick<FileName, 'archive' | 'format' | 'compression'>
  readonly signal: AbortSignal
  /** Told of each failure that is followed by a further try. */
  onTrouble(error: unknown): void
  /** The store has done something. */
  onWorks(): void
  /** Somebody else writes these records, and is waited for. */
  onOther(entry: Entry): void
}

/** What became of a chunk. */
export type Written =
  | { readonly kind: 'written'; readonly files: readonly LoggedFile[] }
  /** Its records are in files of somebody else. */
  | { readonly kind: 'there' }
  /**
   * Somebody else has some of its offsets, or its rows are gone from the disk: the partition must
   * be read again.
   */
  | { readonly kind: 'crossed' }

/**
 * Writes the files of a chunk. First the log says which offsets they hold; so after a crash, or
 * beside another Node-RED, the same files are written under the same names.
 */
export async function writeChunk(
  lane: Lane,
  chunk: Chunk,
  options: ChunkWriterOptions
): Promise<Written> {
  const { log } = lane
  const begun = log.openAt(chunk.first)
  if (begun !== undefined && begun.first < chunk.first) return othersOf(lane, chunk, begun, options)
  const files = filesOf(lane, chunk, options)
  const range = { first: chunk.first, last: chunk.last, newestMs: chunk.newestMs }
  const logged = files.map(({ path, records }) => ({ path, records }))
  const entry = begun ?? (await tried(options, () => log.claim({ ...range, files: logged })))
  if (entry === undefined || entry.last !== chunk.last) return { kind: 'crossed' }
  // Whoever has begun may have died in the middle of an upload.
  if (begun !== undefined) await tried(options, () => endUploads(lane, chunk, options))
  for (const file of files)
    if (!(await put(chunk.files.get(file.local.key)!, file, options))) return { kind: 'crossed' }
  const now = new Set(logged.map(({ path }) => path))
  // Of another version of the flow, that has died in between.
  for (const { path } of entry.files)
    if (!now.has(path)) await tried(options, () => options.store.remove(path))
  await tried(options, () => log.done(entry, logged))
  return { kind: 'written', files: logged }
}

const endUploads = (
  { topic, partition }: Lane,
  { first, last }: Chunk,
  { store, name }: ChunkWriterOptions
): Promise<number> => store.endUploads(fileNameOf({ topic, partition, first, last, ...name }), 0)

interface FileOf extends LoggedFile {
  readonly local: { readonly key: string; readonly rows: string }
}

function filesOf({ topic, partition }: Lane, chunk: Chunk, options: ChunkWriterOptions): FileOf[] {
  const { first, last } = chunk
  const name = fileNameOf({ topic, partition, first, last, ...options.name })
  return [...chunk.files].map(([folder, { records, local }]) => ({
    path: `${folder}${name}`,
    records,
    local: { key: folder, rows: local }
  }))
}

/** Makes a file and writes it; false where its rows are not on this machine any more. */
function put(spill: Spill, { path, local }: FileOf, options: ChunkWriterOptions): Promise<boolean> {
  let whole: string | undefined
  return tried(options, async () => {
    spill.flush()
    if (!spill.isWhole) return false
    if (whole === undefined || !existsSync(whole))
      whole = await finishFile(local.rows, options.finishing)
    await options.store.put(path, whole, options.signal)
    return true
  })
}

/** We have not all of its records: whoever has begun ends it. */
async function othersOf(
  { log }: Lane,
  chunk: Chunk,
  entry: Entry,
  options: ChunkWriterOptions
): Promise<Written> {
  const { signal } = options
  while (!(await tried(options, () => log.isDoneByOthers(entry)))) {
    options.onOther(entry)
    await pause(ASK_AGAIN_MS, { signal, unref: true })
    signal.throwIfAborted()
  }
  // What is behind its end is in no file.
  return { kind: chunk.last <= entry.last ? 'there' : 'crossed' }
}

async function tried<T>(
  { signal, onTrouble, onWorks }: ChunkWriterOptions,
  work: () => Promise<T>
): Promise<T> {
  signal.throwIfAborted()
  const done = await retrying(work, {
    signal,
    unref: true,
    backoff: { initialMs: 500, maxMs: 15_000 },
    onRetry: onTrouble
  })
  onWorks()
  return done
}
