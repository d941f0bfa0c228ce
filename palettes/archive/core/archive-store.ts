import { openStore } from './open-store.ts'
import { type StoreSettings, shownStore } from './settings.ts'
import type { Store, StoredFile } from './store.ts'

/** What the node "archive store" gives to those that use it: one client for all of them. */
export class ArchiveStore implements Omit<Store, 'put' | 'bring' | 'close' | 'endUploads'> {
  #opened: Promise<Store> | undefined

  constructor(private readonly settings: StoreSettings) {}

  get shown(): string {
    return shownStore(this.settings)
  }

  open(): Promise<Store> {
    this.#opened ??= openStore(this.settings).catch(error => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  async create(path: string, text: string): Promise<boolean> {
    return (await this.open()).create(path, text)
  }
  async replace(path: string, text: string): Promise<void> {
    return (await this.open()).replace(path, text)
  }
  async read(path: string): Promise<string | undefined> {
    return (await this.open()).read(path)
  }
  async *list(prefix: string): AsyncIterable<StoredFile> {
    yield* (await this.open()).list(prefix)
  }
  async remove(path: string): Promise<void> {
    return (await this.open()).remove(path)
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined)
    opened?.close()
  }
}
