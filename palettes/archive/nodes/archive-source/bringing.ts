import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Context,
  isRejection,
  type Rejection,
  reasonOf,
  reject,
  retrying,
  type TelemetryRecord
} from '@millrace/node-red-telemetry'
import type { ArchiveStore } from '../../core/archive-store.ts'
import { formatOf, parseFileName } from '../../core/file-name.ts'
import { rowsOf } from '../../core/file-rows.ts'
import { pathRange } from '../../core/path-range.ts'
import { boundsOf, type Progress, recordMaker, type Wanted } from './logic.ts'
import type { Positions } from './positions.ts'
import { Sender } from './sender.ts'
import type { spec } from './spec.ts'

export interface BringingOptions {
  readonly context: Context<typeof spec>
  readonly store: ArchiveStore
  readonly positions: Positions
  /** Of this machine, for a file at a time. */
  readonly folder: string
  readonly signal: AbortSignal
  onProgress(progress: Progress): void
  /** The store fails, and is asked again. */
  onTrouble(error: unknown): void
}

/** Brings back what is wanted, file by file in the order of their paths. */
export class Bringing {
  readonly #progress: Progress = { files: 0, filesDone: 0, records: 0, rejected: 0, others: 0 }
  readonly #sender: Sender

  constructor(private readonly options: BringingOptions) {
    this.#sender = new Sender(options.context, options.signal)
  }

  get retrying(): string | undefined {
    return this.#sender.retrying
  }

  async run(wanted: Wanted): Promise<Progress> {
    const { positions, folder, onProgress } = this.options
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    positions.begin(wanted)
    try {
      const files = await this.#tried(() => this.#filesOf(wanted))
      this.#progress.files = files.length
      for (const file of files) {
        if (positions.of(file) !== 'all') await this.#bring(file, wanted)
        this.#progress.filesDone++
        onProgress(this.#progress)
      }
      positions.end()
      return this.#progress
    } finally {
      positions.save(true)
      this.#sender.end()
      rmSync(folder, { recursive: true, force: true })
    }
  }

  async #filesOf(wanted: Wanted): Promise<string[]> {
    const range = pathRange(wanted.path)
    const [fromMs, untilMs] = boundsOf(wanted)
    const found: string[] = []
    for await (const { path } of this.options.store.list(range.prefix)) {
      if (path.startsWith('_millrace/') || formatOf(path) === undefined) continue
      if (!range.matches(path)) continue
      const times = range.rangeOf(path)
      if (times === undefined || (times[0] < untilMs && times[1] > fromMs)) found.push(path)
    }
    return found.sort()
  }

  async #bring(file: string, wanted: Wanted): Promise<void> {
    const { store, folder, positions, signal, context } = this.options
    const local = join(folder, 'file')
    const isThere = await this.#tried(async () => (await store.open()).bring(file, local, signal))
    if (!isThere) {
      await this.#refuse(
        file,
        0,
        `${file} is not there any more: it was listed, and deleted since.`
      )
      return
    }
    const known = positions.of(file)
    let row = known === 'all' ? 0 : known
    let texts: string[] = []
    let from = row
    const make = recordMaker(context.options, wanted)
    const send = async () => {
      const parcel = this.#parcel(file, from, texts, make)
      from = row
      texts = []
      await this.#sender.send(parcel)
    }
    try {
      for await (const text of rowsOf(local, formatOf(file)!, row)) {
        row++
        texts.push(text)
        if (texts.length >= context.options.batchSize) await send()
      }
    } catch (error) {
      if (signal.aborted) throw error
      await this.#refuse(file, row, `${file} cannot be read behind row ${row}: ${reasonOf(error)}`)
    }
    if (texts.length > 0) await send()
    await this.#sender.drained()
    positions.set(file, 'all')
  }

  #parcel(
    file: string,
    from: number,
    texts: readonly string[],
    make: ReturnType<typeof recordMaker>
  ) {
    const topic = parseFileName(file.slice(file.lastIndexOf('/') + 1))?.topic ?? file
    const split = () => {
      const records: TelemetryRecord[] = []
      const rejected: Rejection[] = []
      for (const [index, text] of texts.entries()) {
        const made = text === '' ? undefined : make(text, { file, row: from + index + 1 })
        if (made === undefined) continue
        if (isRejection(made)) rejected.push(made)
        else records.push(made)
      }
      return { records, rejected }
    }
    const { records, rejected } = split()
    const count = records.length + rejected.length
    return {
      topic,
      count,
      make: split,
      done: () => {
        const { metrics } = this.options.context
        this.#progress.records += records.length
        this.#progress.rejected += rejected.length
        this.#progress.others += texts.length - count
        metrics.out += records.length
        metrics.rejected += rejected.length
        this.options.positions.set(file, from + texts.length)
        this.options.onProgress(this.#progress)
      }
    }
  }

  /** The rest of the file cannot be read: it is told as one rejection, and the others go on. */
  async #refuse(file: string, row: number, message: string): Promise<void> {
    const reason = { code: 'ARCHIVE_FILE_INVALID', message }
    this.options.context.node.warn(message)
    const make = () => ({
      records: [],
      rejected: [reject({ file, row }, 'archive-source', reason)]
    })
    const done = () => {
      this.#progress.rejected++
      this.options.context.metrics.rejected++
    }
    await this.#sender.send({ topic: file, count: 1, make, done })
  }

  #tried<T>(work: () => Promise<T>): Promise<T> {
    const { signal, onTrouble } = this.options
    signal.throwIfAborted()
    const backoff = { initialMs: 500, maxMs: 15_000 }
    return retrying(work, { signal, unref: true, backoff, onRetry: onTrouble })
  }
}
