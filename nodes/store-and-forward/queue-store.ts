import { mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ClassicLevel } from 'classic-level'
import { MillraceError } from '../../core/errors.ts'
import { loadModule } from '../../core/load-module.ts'

/** A key and its value; undefined: it is deleted. */
export type Changes = ReadonlyMap<string, string | undefined>
export type KeyValue = readonly [key: string, value: string]

/** Keys in order with their values, on a disk. */
export interface QueueStore {
  /** All of it, in order. */
  load(): AsyncIterable<KeyValue>
  /** All of the changes or none. `sync`: they are on the disk, not only on their way there. */
  write(changes: Changes, sync: boolean): Promise<void>
  /** From this key on, before that one, until the function says that it is enough. */
  read(from: string, before: string, isEnough: (...one: KeyValue) => boolean): Promise<void>
  /** Gives back to the file system what deleted keys have left behind. */
  tidy(): Promise<void>
  close(): Promise<void>
}

/** Why a queue cannot be opened or written. */
export type StoreFault = 'damaged' | 'taken' | 'full' | 'other'

export class QueueUnavailable extends MillraceError {
  constructor(
    readonly fault: StoreFault,
    message: string,
    cause: unknown
  ) {
    super('QUEUE_UNAVAILABLE', message, { cause })
  }
}

/** More than one read of a batch needs, and little enough to let others have their turn. */
const READ_BYTES = 512 << 10
const READ_ENTRIES = 64

/**
 * The store maps each file of 2 MB that it has open into memory, up to a thousand of them. What is
 * read here is read once and in order, so few are enough, and no cache of blocks is of use.
 */
const LITTLE = { maxOpenFiles: 40, cacheSize: 1 << 20 }

type Level = ClassicLevel<string, string>

/**
 * Opens the queue in this folder, and makes it where it is missing. Only one process at a time can
 * have it open.
 * @throws QueueUnavailable
 */
export async function openQueueStore(folder: string): Promise<QueueStore> {
  try {
    await mkdir(dirname(folder), { recursive: true })
    const { ClassicLevel } = loadModule<typeof import('classic-level')>('classic-level')
    const level: Level = new ClassicLevel(folder, LITTLE)
    await level.open()
    return new LevelQueueStore(level)
  } catch (error) {
    throw unavailable(folder, error)
  }
}

/**
 * Puts a damaged queue aside, under another name that is given back: what is in it can be looked at
 * or mended, and a new queue begins.
 */
export async function putAside(folder: string, nowMs: number): Promise<string> {
  const aside = `${folder}.damaged-${new Date(nowMs).toISOString().replace(/[:.]/g, '-')}`
  await rename(folder, aside)
  return aside
}

class LevelQueueStore implements QueueStore {
  constructor(private readonly level: Level) {}

  async *load(): AsyncIterable<KeyValue> {
    const iterator = this.level.iterator({ highWaterMarkBytes: READ_BYTES })
    try {
      for (;;) {
        const some = await iterator.nextv(READ_ENTRIES)
        if (some.length === 0) return
        yield* some
      }
    } catch (error) {
      throw unavailable(this.level.location, error)
    } finally {
      await iterator.close().catch(() => {})
    }
  }

  async write(changes: Changes, sync: boolean): Promise<void> {
    const operations = [...changes].map(([key, value]) =>
      value === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value }
    )
    try {
      await this.level.batch(operations, { sync })
    } catch (error) {
      throw unavailable(this.level.location, error)
    }
  }

  async read(from: string, before: string, isEnough: (...one: KeyValue) => boolean): Promise<void> {
    const range = { gte: from, lt: before, highWaterMarkBytes: READ_BYTES }
    const iterator = this.level.iterator(range)
    try {
      for (;;) {
        const some = await iterator.nextv(READ_ENTRIES)
        if (some.length === 0) return
        for (const one of some) if (isEnough(...one)) return
      }
    } catch (error) {
      throw unavailable(this.level.location, error)
    } finally {
      await iterator.close().catch(() => {})
    }
  }

  tidy(): Promise<void> {
    return this.level.compactRange('', '~')
  }

  close(): Promise<void> {
    return this.level.close()
  }
}

const FAULTS: readonly (readonly [RegExp, StoreFault])[] = [
  [/LEVEL_LOCKED|already held|Resource temporarily unavailable/i, 'taken'],
  [/ENOSPC|No space left|EDQUOT|quota/i, 'full'],
  [/LEVEL_CORRUPTION|Corruption|missing files|No such file/i, 'damaged']
]

function unavailable(folder: string, error: unknown): QueueUnavailable {
  if (error instanceof QueueUnavailable) return error
  const { cause, message, code } = error as Error & { code?: string }
  const inner = cause instanceof Error ? cause : undefined
  const why = inner?.message ?? message
  const text = `${code} ${(inner as { code?: string } | undefined)?.code} ${why}`
  const fault = FAULTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'other'
  return new QueueUnavailable(fault, SENTENCES[fault](folder, why), error)
}

const SENTENCES: Readonly<Record<StoreFault, (folder: string, why: string) => string>> = {
  damaged: (folder, why) =>
    `The queue in ${folder} is damaged (${why}). It is left as it is: in the dialog of the node it can be put aside, and a new one begins.`,
  taken: folder =>
    `The queue in ${folder} is open in another process: two Node-REDs may not share a user directory.`,
  full: folder =>
    `The disk that has the queue in ${folder} is full. It goes on by itself when there is room.`,
  other: (folder, why) => `The queue in ${folder} cannot be read or written: ${why}.`
}
