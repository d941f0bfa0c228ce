import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob'
import { reasonOf } from '@millrace/node-red-telemetry'
import { type AzureSettings, shownStore } from './settings.ts'
import { isStoreError, type Store, type StoredFile, StoreError } from './store.ts'

const BLOCK_BYTES = 8 << 20
const BLOCKS_AT_A_TIME = 3

/** Blocks that were not made a file are forgotten by Azure itself. */
export async function openAzure(settings: AzureSettings): Promise<Store> {
  const { BlobServiceClient, StorageSharedKeyCredential } = await import('@azure/storage-blob')
  const retryOptions = { maxTries: 3, tryTimeoutInMs: 60_000, maxRetryDelayInMs: 5_000 }
  const { login, connectionString, address, account, secret, container } = settings
  const service = () => {
    if (login === 'connection')
      return BlobServiceClient.fromConnectionString(connectionString, { retryOptions })
    const url = address.replace(/\/$/, '')
    return login === 'key'
      ? new BlobServiceClient(url, new StorageSharedKeyCredential(account, secret), {
          retryOptions
        })
      : new BlobServiceClient(`${url}?${secret.replace(/^\?/, '')}`, undefined, { retryOptions })
  }
  try {
    return new AzureStore(service().getContainerClient(container), settings)
  } catch (error) {
    throw new StoreError(
      'STORE_REFUSED',
      `The login of ${shownStore(settings)} cannot be read. Look at its connection string or key.`,
      'login unusable',
      true,
      { cause: error }
    )
  }
}

class AzureStore implements Store {
  constructor(
    private readonly container: ContainerClient,
    private readonly settings: AzureSettings
  ) {}

  get shown(): string {
    return shownStore(this.settings)
  }

  put(path: string, local: string, signal?: AbortSignal): Promise<void> {
    return this.#told(async () => {
      await this.#blob(path).uploadFile(local, {
        blockSize: BLOCK_BYTES,
        concurrency: BLOCKS_AT_A_TIME,
        ...(signal ? { abortSignal: signal } : {})
      })
    })
  }

  replace(path: string, text: string): Promise<void> {
    return this.#told(async () => {
      await this.#blob(path).upload(text, Buffer.byteLength(text))
    })
  }

  create(path: string, text: string): Promise<boolean> {
    return this.#told(async () => {
      try {
        const conditions = { ifNoneMatch: '*' }
        await this.#blob(path).upload(text, Buffer.byteLength(text), { conditions })
        return true
      } catch (error) {
        if (codeOf(error) === 'BlobAlreadyExists' || statusOf(error) === 412) return false
        throw error
      }
    })
  }

  read(path: string): Promise<string | undefined> {
    return this.#told(async () => {
      try {
        return (await this.#blob(path).downloadToBuffer()).toString()
      } catch (error) {
        if (await this.#isMissing(error)) return undefined
        throw error
      }
    })
  }

  bring(path: string, local: string, signal?: AbortSignal): Promise<boolean> {
    return this.#told(async () => {
      try {
        const { readableStreamBody } = await this.#blob(path).download(0)
        await pipeline(readableStreamBody!, createWriteStream(local), signal ? { signal } : {})
        return true
      } catch (error) {
        if (await this.#isMissing(error)) return false
        throw error
      }
    })
  }

  remove(path: string): Promise<void> {
    return this.#told(async () => {
      await this.#blob(path).deleteIfExists()
    })
  }

  async *list(prefix: string): AsyncIterable<StoredFile> {
    const skipped = this.settings.prefix.length
    const pages = this.container
      .listBlobsFlat({ prefix: `${this.settings.prefix}${prefix}` })
      .byPage({ maxPageSize: 1000 })
    for (;;) {
      const page = await this.#told(() => pages.next())
      if (page.done) return
      for (const { name, properties } of page.value.segment.blobItems)
        yield { path: name.slice(skipped), bytes: properties.contentLength ?? 0 }
    }
  }

  async endUploads(): Promise<number> {
    await this.#told(() => this.container.getProperties())
    return 0
  }

  close(): void {}

  async #isMissing(error: unknown): Promise<boolean> {
    if (codeOf(error) === 'BlobNotFound') return true
    // An answer to a question for a part of a file has no code in its body.
    return statusOf(error) === 404 && (await this.container.exists())
  }

  #blob(path: string): BlockBlobClient {
    return this.container.getBlockBlobClient(`${this.settings.prefix}${path}`)
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw problemOf(error, this.settings)
    }
  }
}

const codeOf = (error: unknown): string | undefined => (error as { code?: string }).code
const statusOf = (error: unknown): number | undefined =>
  (error as { statusCode?: number }).statusCode

function problemOf(error: unknown, settings: AzureSettings): StoreError {
  if (isStoreError(error)) return error
  const [status, code] = [statusOf(error), codeOf(error)]
  const at = shownStore(settings)
  const cause = { cause: error }
  if (code === 'ContainerNotFound' || code === 'ContainerBeingDeleted' || status === 404)
    return new StoreError(
      'STORE_MISSING',
      `The container ${settings.container} is not there. Make it; the node waits for it.`,
      'container missing',
      true,
      cause
    )
  if (status === 401 || status === 403)
    return new StoreError(
      'STORE_REFUSED',
      `${at} refuses the client (${code ?? status}). Look at its key or signature, and what it allows.`,
      'access refused',
      true,
      cause
    )
  const words = status === 503 || status === 500 ? 'store busy' : 'store away'
  const why = `${code ?? status ?? ''} ${reasonOf(error)}`.trim().slice(0, 200)
  const sentence = `${at} does not serve: ${why}. The node tries again.`
  return new StoreError('STORE_AWAY', sentence, words, false, cause)
}
