import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type {
  ListMultipartUploadsCommand,
  ListMultipartUploadsCommandOutput,
  MultipartUpload,
  PutObjectCommandInput,
  S3Client
} from '@aws-sdk/client-s3'
import { s3Problem } from './s3-problem.ts'
import { type S3Settings, shownStore } from './settings.ts'
import type { Store, StoredFile } from './store.ts'

type Sdk = typeof import('@aws-sdk/client-s3')

/** Larger files go in parts: one that fails is sent again, not the whole file. */
const PART_BYTES = 8 << 20
const MAX_PARTS = 10_000
const PARTS_AT_A_TIME = 3
const CONNECT_MS = 5_000
const SILENT_MS = 60_000

export async function openS3(settings: S3Settings): Promise<Store> {
  const sdk = await import('@aws-sdk/client-s3')
  const { endpoint, region, pathStyle, accessKey, secretKey, sessionToken } = settings
  const client = new sdk.S3Client({
    region,
    forcePathStyle: pathStyle,
    maxAttempts: 4,
    retryMode: 'standard',
    // Other servers do not know the checksums of Amazon.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENT_MS },
    ...(endpoint === '' ? {} : { endpoint }),
    ...(accessKey === ''
      ? {}
      : {
          credentials: {
            accessKeyId: accessKey,
            secretAccessKey: secretKey,
            ...(sessionToken === '' ? {} : { sessionToken })
          }
        })
  })
  return new S3Store(sdk, client, settings)
}

class S3Store implements Store {
  constructor(
    private readonly sdk: Sdk,
    private readonly client: S3Client,
    private readonly settings: S3Settings
  ) {}

  get shown(): string {
    return shownStore(this.settings)
  }

  put(path: string, local: string, signal?: AbortSignal): Promise<void> {
    return this.#told(async () => {
      const { size } = await stat(local)
      if (size > PART_BYTES) await this.#inParts(path, local, size, signal)
      // Bytes at hand can be sent again, where a stream could not.
      else await this.#write({ Key: this.#key(path), Body: await readFile(local) }, signal)
    })
  }

  replace(path: string, text: string): Promise<void> {
    return this.#told(() => this.#write({ Key: this.#key(path), Body: text }))
  }

  create(path: string, text: string): Promise<boolean> {
    return this.#told(async () => {
      try {
        await this.#write({ Key: this.#key(path), Body: text, IfNoneMatch: '*' })
        return true
      } catch (error) {
        // 409: somebody else is just taking the name.
        const status = statusOf(error)
        if (status === 412 || status === 409) return false
        throw error
      }
    })
  }

  read(path: string): Promise<string | undefined> {
    return this.#told(async () => {
      try {
        const { Body } = await this.#get(path)
        return await Body?.transformToString()
      } catch (error) {
        if ((error as Error).name === 'NoSuchKey') return undefined
        throw error
      }
    })
  }

  bring(path: string, local: string, signal?: AbortSignal): Promise<boolean> {
    return this.#told(async () => {
      const found = await this.#get(path, signal).catch(error => {
        if ((error as Error).name === 'NoSuchKey') return undefined
        throw error
      })
      if (found === undefined) return false
      await pipeline(found.Body as Readable, createWriteStream(local), signal ? { signal } : {})
      return true
    })
  }

  remove(path: string): Promise<void> {
    return this.#told(async () => {
      await this.client.send(new this.sdk.DeleteObjectCommand(this.#of(path)))
    })
  }

  async *list(prefix: string): AsyncIterable<StoredFile> {
    const skipped = this.settings.prefix.length
    let token: string | undefined
    do {
      const page = await this.#told(() =>
        this.client.send(
          new this.sdk.ListObjectsV2Command({
            Bucket: this.settings.bucket,
            Prefix: this.#key(prefix),
            ...(token === undefined ? {} : { ContinuationToken: token })
          })
        )
      )
      for (const { Key = '', Size = 0 } of page.Contents ?? [])
        yield { path: Key.slice(skipped), bytes: Size }
      token = page.IsTruncated ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async endUploads(mark: string, oldMs: number): Promise<number> {
    const { AbortMultipartUploadCommand } = this.sdk
    const { bucket: Bucket } = this.settings
    let ended = 0
    for await (const { Key = '', UploadId, Initiated } of this.#uploads()) {
      const ageMs = Date.now() - (Initiated?.getTime() ?? Date.now())
      if (!basename(Key).includes(mark) || ageMs < oldMs) continue
      const command = new AbortMultipartUploadCommand({ Bucket, Key, UploadId })
      await this.#told(() => this.client.send(command))
      ended++
    }
    return ended
  }

  close(): void {
    this.client.destroy()
  }

  /** None where the store does not list them, or not for us: a rule of the bucket ends them. */
  async *#uploads(): AsyncIterable<MultipartUpload> {
    const { bucket: Bucket, prefix: Prefix } = this.settings
    const { ListMultipartUploadsCommand, ListObjectsV2Command } = this.sdk
    let next: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
    while (next !== undefined) {
      const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
        Bucket,
        Prefix,
        ...next
      })
      const page: ListMultipartUploadsCommandOutput | undefined = await this.client
        .send(command)
        .catch(error => {
          if (![403, 405, 501].includes(statusOf(error) ?? 0)) throw s3Problem(error, this.settings)
          return undefined
        })
      if (page === undefined) {
        const any = new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 })
        await this.#told(() => this.client.send(any))
        return
      }
      const { Uploads = [], IsTruncated, NextKeyMarker, NextUploadIdMarker } = page
      yield* Uploads
      next =
        IsTruncated && NextKeyMarker !== undefined
          ? {
              KeyMarker: NextKeyMarker,
              ...(NextUploadIdMarker ? { UploadIdMarker: NextUploadIdMarker } : {})
            }
          : undefined
    }
  }

  async #inParts(path: string, local: string, size: number, signal?: AbortSignal): Promise<void> {
    const { Upload } = await import('@aws-sdk/lib-storage')
    const Body = createReadStream(local)
    const upload = new Upload({
      client: this.client,
      params: { ...this.#of(path), Body },
      partSize: Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS)),
      queueSize: PARTS_AT_A_TIME,
      leavePartsOnError: false
    })
    const abort = () => void upload.abort().catch(() => undefined)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      await upload.done()
    } finally {
      Body.destroy()
      signal?.removeEventListener('abort', abort)
    }
  }

  async #write(input: Omit<PutObjectCommandInput, 'Bucket'>, signal?: AbortSignal): Promise<void> {
    const command = new this.sdk.PutObjectCommand({ Bucket: this.settings.bucket, ...input })
    await this.client.send(command, signal ? { abortSignal: signal } : {})
  }

  #get(path: string, signal?: AbortSignal) {
    const command = new this.sdk.GetObjectCommand(this.#of(path))
    return this.client.send(command, signal ? { abortSignal: signal } : {})
  }

  #key(path: string): string {
    return `${this.settings.prefix}${path}`
  }
  #of(path: string): { Bucket: string; Key: string } {
    return { Bucket: this.settings.bucket, Key: this.#key(path) }
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw s3Problem(error, this.settings)
    }
  }
}

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
