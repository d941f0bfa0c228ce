import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import {
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { reasonOf } from '@millrace/node-red-telemetry'
import { isStoreError, type Store, type StoredFile, StoreError } from './store.ts'

/** Whoever has not ended a file in this time is gone. */
const LEFT_MS = 3_600_000
/** Where files are that are being written. */
const PARTS = '.millrace-parts'

/** A folder of this machine, or one that is mounted. A file is there as a whole, or not at all. */
export class FolderStore implements Store {
  /** Made at most once: later a folder that is gone is a disk that is not there. */
  #made: Promise<unknown> | undefined

  constructor(
    private readonly folder: string,
    private readonly isMade: boolean
  ) {}

  get shown(): string {
    return this.folder
  }

  put(path: string, local: string): Promise<void> {
    return this.#told(() =>
      this.#whole(path, part => copyFile(local, part, constants.COPYFILE_FICLONE))
    )
  }

  replace(path: string, text: string): Promise<void> {
    return this.#told(() => this.#whole(path, part => writeFile(part, text)))
  }

  create(path: string, text: string): Promise<boolean> {
    return this.#told(async () => {
      const part = await this.#part()
      const whole = join(this.folder, path)
      try {
        await writeFile(part, text)
        await synced(part)
        await mkdir(dirname(whole), { recursive: true })
        await link(part, whole)
        await synced(dirname(whole))
        return true
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false
        throw error
      } finally {
        await rm(part, { force: true })
      }
    })
  }

  read(path: string): Promise<string | undefined> {
    return this.#told(async () => {
      try {
        return await readFile(join(this.folder, path), 'utf8')
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error
        await stat(this.folder)
        return undefined
      }
    })
  }

  bring(path: string, local: string): Promise<boolean> {
    return this.#told(async () => {
      const whole = join(this.folder, path)
      if (!(await isThere(whole))) {
        await stat(this.folder)
        return false
      }
      await copyFile(whole, local, constants.COPYFILE_FICLONE)
      return true
    })
  }

  remove(path: string): Promise<void> {
    return this.#told(() => rm(join(this.folder, path), { force: true }))
  }

  async *list(prefix: string): AsyncIterable<StoredFile> {
    await this.#told(() => stat(this.folder))
    yield* this.#below('', prefix)
  }

  /** The parts have no names of files, so the young ones may be anybody's. */
  async endUploads(_mark: string, oldMs: number): Promise<number> {
    const folder = join(this.folder, PARTS)
    const names = await readdir(folder).catch(() => [])
    let ended = 0
    for (const name of names) {
      const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Date.now() }))
      if (Date.now() - mtimeMs < Math.max(oldMs, LEFT_MS)) continue
      await rm(join(folder, name), { force: true })
      ended++
    }
    return ended
  }

  close(): void {}

  /** In the order of the whole paths, in which a folder sorts as if its name ended with a slash. */
  async *#below(folder: string, prefix: string): AsyncIterable<StoredFile> {
    const entries = await this.#told(() => this.#entriesOf(folder))
    for (const { path, isFolder } of entries) {
      if (isFolder) {
        if (path.startsWith(prefix) || prefix.startsWith(path)) yield* this.#below(path, prefix)
      } else if (path.startsWith(prefix)) {
        const found = await stat(join(this.folder, path)).catch(() => undefined)
        if (found !== undefined) yield { path, bytes: found.size }
      }
    }
  }

  async #entriesOf(folder: string): Promise<{ path: string; isFolder: boolean }[]> {
    const found = await readdir(join(this.folder, folder), { withFileTypes: true }).catch(error => {
      if (codeOf(error) === 'ENOENT') return []
      throw error
    })
    return found
      .filter(({ name }) => name !== PARTS)
      .map(entry => {
        const isFolder = entry.isDirectory()
        return { path: `${folder}${entry.name}${isFolder ? '/' : ''}`, isFolder }
      })
      .sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  /** The store itself is not made: where a disk is not mounted, its folder is not there. */
  async #part(): Promise<string> {
    await stat(this.folder)
    await mkdir(join(this.folder, PARTS), { recursive: true })
    return join(this.folder, PARTS, randomBytes(9).toString('hex'))
  }

  async #whole(path: string, write: (part: string) => Promise<void>): Promise<void> {
    const part = await this.#part()
    const whole = join(this.folder, path)
    try {
      await write(part)
      await synced(part)
      await mkdir(dirname(whole), { recursive: true })
      if (await isThere(whole)) await this.#sameCase(path)
      await rename(part, whole)
      await synced(dirname(whole))
    } catch (error) {
      await rm(part, { force: true }).catch(() => undefined)
      throw error
    }
  }

  /** Where upper and lower case are one, a file would go in place of another. */
  async #sameCase(path: string): Promise<void> {
    let folder = this.folder
    for (const name of path.split('/')) {
      if (!(await readdir(folder)).includes(name)) throw otherCase(folder, name)
      folder = join(folder, name)
    }
  }

  #make(): Promise<unknown> {
    this.#made ??= mkdir(this.folder, { recursive: true }).catch(error => {
      this.#made = undefined
      throw error
    })
    return this.#made
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      if (this.isMade) await this.#make()
      return await work()
    } catch (error) {
      throw isStoreError(error) ? error : problemOf(error, this.folder)
    }
  }
}

/** What is written must be there after the power has failed. */
async function synced(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } catch (error) {
    // Not every file system syncs a folder.
    if (codeOf(error) !== 'EINVAL') throw error
  } finally {
    await handle.close()
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false
  )

const otherCase = (folder: string, name: string): StoreError =>
  new StoreError(
    'STORE_REFUSED',
    `${folder} takes upper and lower case for one, and has "${name}" already, spelled in another way: a file would go in its place. Let the fields of the path have one spelling, or archive elsewhere.`,
    'upper and lower case',
    true
  )

const codeOf = (error: unknown): string | undefined => (error as { code?: string }).code

function problemOf(error: unknown, folder: string): StoreError {
  const cause = { cause: error }
  switch (codeOf(error)) {
    case 'ENOENT':
      return new StoreError(
        'STORE_MISSING',
        `The folder ${folder} is not there. Make it, or mount its disk; the node waits for it.`,
        'folder missing',
        true,
        cause
      )
    case 'ENOSPC':
    case 'EDQUOT':
      return new StoreError(
        'STORE_FULL',
        `The disk of ${folder} is full. Make room; the node tries again.`,
        'disk full',
        true,
        cause
      )
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StoreError(
        'STORE_REFUSED',
        `Node-RED may not write to ${folder}: ${reasonOf(error)}.`,
        'may not write',
        true,
        cause
      )
    default:
      return new StoreError(
        'STORE_AWAY',
        `${folder} cannot be written or read: ${reasonOf(error)}. The node tries again.`,
        'folder fails',
        false,
        cause
      )
  }
}
