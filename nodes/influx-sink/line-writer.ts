import { MillraceError } from '../../core/errors.ts'
import { SlicedQueue } from '../../core/record/sliced-queue.ts'
import type { WriteRequest } from '../../core/sink/types.ts'
import type { LineMaker } from './line.ts'
import { LineBatch, Pending } from './pending.ts'

export interface WriterOptions {
  readonly maker: LineMaker
  readonly maxLines: number
  readonly maxBytes: number
  readonly lingerMs: number
  readonly connections: number
}

export interface WriterPort {
  /** Deals with every line of the batch, however long it takes; rejects only when all ends. */
  write(batch: LineBatch): Promise<void>
  /** Nothing can be stored at the moment: what is full waits. */
  readonly isOutage: boolean
  /** What the server takes in one request, as far as it has said so. */
  readonly mostBytes: number
  /** All records of the message are dealt with, or `error` says why they will not be. */
  finished(pending: Pending, error?: Error): void
}

/**
 * Below this a batch waits for more even where a connection is idle, if one was begun just before.
 */
const SMALL = 200

/**
 * Collects the records of messages into batches and has them written by one connection or several.
 * A message that meets an idle writer goes at once; batches are small when little comes and grow
 * with the load.
 */
export class LineWriter {
  readonly #messages = new Set<Pending>()
  readonly #coming = new SlicedQueue<Pending>({
    take: (pending, index) => this.#append(pending, index),
    taken: pending => this.#settle(pending),
    failed: (pending, error) => this.#finish(pending, error),
    pause: () => this.#plan(),
    isOver: pending => !this.#messages.has(pending)
  })
  #filling = new LineBatch()
  readonly #sealed: LineBatch[] = []
  #active = 0
  #taken = 0
  /** When the last batch began to be written. */
  #begunMs = Number.NEGATIVE_INFINITY
  #planned: NodeJS.Immediate | undefined
  #linger: NodeJS.Timeout | undefined
  #isClosed = false
  #idle: (() => void) | undefined

  constructor(
    private readonly port: WriterPort,
    private readonly options: WriterOptions
  ) {}

  /** Takes the records of a message; `finished` will be called for it. */
  add(request: WriteRequest): void {
    const pending = new Pending(request)
    this.#messages.add(pending)
    if (this.#isClosed) {
      this.#finish(pending, closedError())
      return
    }
    this.#taken += pending.records.length
    this.#coming.add(pending)
  }

  /** The server takes lines again. */
  wake(): void {
    this.#plan()
  }

  #append(pending: Pending, index: number): void {
    const line = this.options.maker.line(pending.records[index])
    if (typeof line !== 'string') {
      pending.refuse(index, line)
      return
    }
    const bytes = Buffer.byteLength(line) + 1
    const { maxLines } = this.options
    const maxBytes = Math.min(this.options.maxBytes, this.port.mostBytes)
    if (this.#filling.lines.length > 0 && this.#filling.bytes + bytes > maxBytes) this.#seal()
    this.#filling.add(line, bytes, pending, index)
    if (this.#filling.lines.length >= maxLines || this.#filling.bytes >= maxBytes) this.#seal()
  }

  #seal(): void {
    this.#sealed.push(this.#filling)
    this.#filling = new LineBatch()
  }

  /** After a turn of the event loop that brought nothing more: what comes together is one batch. */
  #plan(): void {
    this.#planned ??= setImmediate(taken => {
      this.#planned = undefined
      if (taken === this.#taken) this.#pump()
      else this.#plan()
    }, this.#taken)
  }

  #pump(): void {
    clearImmediate(this.#planned)
    clearTimeout(this.#linger)
    this.#planned = undefined
    while (this.#hasRoom) {
      if (this.#sealed.length === 0 && this.#isRipe()) this.#seal()
      const batch = this.#sealed.shift()
      if (batch === undefined) break
      void this.#run(batch)
    }
    if (this.#filling.lines.length > 0 && this.#hasRoom) {
      const leftMs = this.options.lingerMs - this.#ageMs()
      this.#linger = setTimeout(() => this.#pump(), Math.max(1, Math.ceil(leftMs)))
    }
  }

  get #hasRoom(): boolean {
    return this.#active < this.options.connections && !this.port.isOutage
  }

  #ageMs = () => performance.now() - this.#filling.bornMs

  #isRipe(): boolean {
    const { lingerMs, maxLines } = this.options
    const { length } = this.#filling.lines
    if (length === 0) return false
    const isWorthIt = length >= SMALL || performance.now() - this.#begunMs >= lingerMs
    return (
      (this.#active === 0 && isWorthIt) ||
      this.#isClosed ||
      length >= maxLines / 5 ||
      this.#ageMs() >= lingerMs
    )
  }

  async #run(batch: LineBatch): Promise<void> {
    this.#active++
    this.#begunMs = performance.now()
    try {
      await this.port.write(batch)
      for (const pending of new Set(batch.owners)) this.#settle(pending)
    } catch {
      // Closed meanwhile: close() gives the messages back.
    } finally {
      this.#active--
      this.#pump()
    }
  }

  #settle(pending: Pending): void {
    if (pending.open === 0 && this.#messages.has(pending)) this.#finish(pending)
  }

  #finish(pending: Pending, error?: Error): void {
    this.#messages.delete(pending)
    this.port.finished(pending, error)
    if (this.#messages.size === 0) this.#idle?.()
  }

  /**
   * Writes what is held as long as the limit and the server allow; `giveUp` ends what still goes
   * on. The rest is given back by `finished` with an error.
   */
  async close(limitMs: number, giveUp: () => void): Promise<void> {
    this.#isClosed = true
    this.#pump()
    if (this.#messages.size > 0 && !this.port.isOutage) {
      const timer = setTimeout(() => this.#idle?.(), limitMs)
      await new Promise<void>(resolve => (this.#idle = resolve)).finally(() => clearTimeout(timer))
    }
    giveUp()
    for (const pending of [...this.#messages]) this.#finish(pending, closedError())
    clearImmediate(this.#planned)
    clearTimeout(this.#linger)
  }
}

export const closedError = () =>
  new MillraceError(
    'CLOSED',
    'The node was stopped before the server had the records; the source delivers them again.'
  )
