import { existsSync } from 'node:fs'
import { retrying } from '@millrace/node-red-telemetry'
import type { Entry, LoggedFile } from '../../core/archive-log.ts'
import { type FileName, fileNameOf } from '../../core/file-name.ts'
import { type Finishing, finishFile } from '../../core/finish-file.ts'
import type { Store } from '../../core/store.ts'
import type { Chunk } from './chunk.ts'
import type { Lane } from './lane.ts'
import type { Spill } from './spill.ts'

export interface ChunkWriterOptions {
  readonly store: Store
  readonly finishing: Finishing
  readonly name: Pick<FileName, 'archive' | 'format' | 'compression'>
  readonly signal: AbortSignal
  /** Told of each failure that is followed by a further try. */
  onTrouble(error: unknown): void
  /** The store has done something. */
  onWorks(): void
  /** Whoever has begun to write these records has not gone on for long. */
  readonly isAlone: boolean
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
  /** Somebody else has begun to write its records, and more than are here. */
  | { readonly kind: 'waits'; readonly entry: Entry }

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
  if (begun !== undefined && begun.first < chunk.first && !hasAll(lane, chunk, begun, options))
    return besideOther(lane, chunk, begun, options)
  const files = filesOf(lane, chunk, begun ?? chunk, options)
  const range = { first: chunk.first, last: chunk.last, marks: chunk.marks.all }
  const logged = files.map(({ path, records }) => ({ path, records }))
  const entry = begun ?? (await tried(options, () => log.claim({ ...range, files: logged })))
  if (entry === undefined || entry.last !== chunk.last) return { kind: 'crossed' }
  // Whoever has begun may have died in the middle of an upload.
  if (begun !== undefined) await tried(options, () => endUploads(lane, begun, options))
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
  { first, last }: Range,
  { store, name }: ChunkWriterOptions
): Promise<number> => store.endUploads(fileNameOf({ topic, partition, first, last, ...name }), 0)

type Range = Pick<Entry, 'first' | 'last'>

interface FileOf extends LoggedFile {
  readonly local: { readonly key: string; readonly rows: string }
}

function filesOf(
  { topic, partition }: Lane,
  chunk: Chunk,
  { first, last }: Range,
  options: ChunkWriterOptions
): FileOf[] {
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
    if (whole === undefined || !existsSync(whole)) {
      whole = await finishFile(local.rows, options.finishing)
      spill.made(whole)
    }
    await options.store.put(path, whole, options.signal)
    spill.unmake()
    return true
  })
}

/**
 * An entry may begin at an offset without a record, such as the marker of a transaction: then all
 * that its files are to hold is here.
 */
function hasAll(lane: Lane, chunk: Chunk, entry: Entry, options: ChunkWriterOptions): boolean {
  if (entry.last !== chunk.last || entry.files.length !== chunk.files.size) return false
  const counts = new Map(entry.files.map(({ path, records }) => [path, records]))
  return filesOf(lane, chunk, entry, options).every(
    ({ path, records }) => counts.get(path) === records
  )
}

/** We have not all of its records: whoever has begun ends it, or nobody does. */
async function besideOther(
  lane: Lane,
  chunk: Chunk,
  entry: Entry,
  options: ChunkWriterOptions
): Promise<Written> {
  // What is behind its end is in no file.
  if (chunk.last > entry.last) return { kind: 'crossed' }
  if (await tried(options, () => lane.log.isDoneByOthers(entry))) return { kind: 'there' }
  if (!options.isAlone || chunk.last < entry.last) return { kind: 'waits', entry }
  return writeRest(lane, chunk, entry, options)
}

/**
 * Nobody can read all of its records any more. Files of it that are there hold all of theirs; the
 * others get what is here.
 */
async function writeRest(
  lane: Lane,
  chunk: Chunk,
  entry: Entry,
  options: ChunkWriterOptions
): Promise<Written> {
  const { store } = options
  await tried(options, () => endUploads(lane, entry, options))
  const there: LoggedFile[] = []
  for (const file of entry.files)
    if (await tried(options, () => isThere(store, file.path))) there.push(file)
  const paths = new Set(there.map(({ path }) => path))
  const files = filesOf(lane, chunk, entry, options).filter(({ path }) => !paths.has(path))
  for (const file of files)
    if (!(await put(chunk.files.get(file.local.key)!, file, options))) return { kind: 'crossed' }
  const written = files.map(({ path, records }) => ({ path, records }))
  await tried(options, () => lane.log.done(entry, [...there, ...written]))
  return { kind: 'written', files: written }
}

async function isThere(store: Store, path: string): Promise<boolean> {
  for await (const found of store.list(path)) return found.path === path
  return false
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
