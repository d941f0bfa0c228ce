import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ClassicLevel } from 'classic-level'
import { MillraceError } from '../errors.ts'
import { loadModule } from '../load-module.ts'
import type { StateStore } from './types.ts'

/** Stands in the store beside what it keeps. */
const FORMAT = 'format'
const VERSION = '1'

/**
 * Opens a store in this folder, and makes it where it is missing. Only one process at a time can
 * have it open.
 * @throws MillraceError STATE_UNAVAILABLE
 */
export async function openLevelStore(folder: string): Promise<StateStore> {
  try {
    await mkdir(dirname(folder), { recursive: true })
    const { ClassicLevel: Level } = loadModule<typeof import('classic-level')>('classic-level')
    const level = new Level<string, string>(folder)
    await level.open()
    try {
      await checkFormat(level, folder)
    } catch (error) {
      // Left open it would be locked until Node-RED starts again.
      await level.close().catch(() => {})
      throw error
    }
    return new LevelStore(level)
  } catch (error) {
    throw unavailable(folder, error)
  }
}

/** Removes what a node that is gone has kept. */
export const removeStore = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true })

async function checkFormat(level: ClassicLevel<string, string>, folder: string): Promise<void> {
  const found = await level.get(FORMAT)
  if (found === undefined) await level.put(FORMAT, VERSION, { sync: true })
  else if (found !== VERSION)
    throw new Error(`it is of format ${found}, and this version reads ${VERSION} (${folder})`)
}

function unavailable(folder: string, error: unknown): MillraceError {
  const { cause, message } = error as Error
  const why = cause instanceof Error ? cause.message : message
  return new MillraceError(
    'STATE_UNAVAILABLE',
    `What the node remembers cannot be read or written in ${folder}: ${why}.`,
    { cause: error }
  )
}

class LevelStore implements StateStore {
  constructor(private readonly level: ClassicLevel<string, string>) {}

  async *load(): AsyncIterable<readonly [key: string, value: string]> {
    for await (const [key, value] of this.level.iterator())
      if (key !== FORMAT) yield [key, value] as const
  }

  /** `sync`: it is on the disk, not only in the memory of the operating system. */
  async write(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    if (changes.size === 0) return
    try {
      // Not the batch that takes a list: that copies each operation twice before it is written.
      const batch = this.level.batch()
      for (const [key, value] of changes) {
        if (value === undefined) batch.del(key)
        else batch.put(key, value)
      }
      await batch.write({ sync: true })
    } catch (error) {
      throw unavailable(this.level.location, error)
    }
  }

  async clear(): Promise<void> {
    await this.level.clear({ gt: FORMAT })
    await this.level.clear({ lt: FORMAT })
  }

  close(): Promise<void> {
    return this.level.close()
  }
}
