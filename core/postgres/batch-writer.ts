import { MillraceError } from '../errors.ts'
import { PassingSet } from '../passing-map.ts'
import type { Reason } from '../record/record.ts'
import { SlicedQueue } from '../record/sliced-queue.ts'
import { type AttemptEvents, DatabaseAttempts } from './attempts.ts'
import { misfitOf, type PendingMessage } from './pending-message.ts'
import { type Plan, Rows } from './rows.ts'
import { Work } from './work.ts'

/** What the writer needs of the world. */
export interface BatchWriterPort<M extends object> extends AttemptEvents {
  /** What rows are made for; another one after the table has changed. */
  readonly plan: Plan
  /** Makes ready: connects, creates the table, holds the mapping against it. */
  prepare(): Promise<void>
  /** Stores what `work` has to do, see `BulkInsert.write`. */
  write(work: Work): Promise<void>
  /** All records of the message are dealt with, or `error` says why they will not be. */
  finished(pending: PendingMessage<M>, error?: Error): void
}

export interface BatchWriterOptions {
  readonly maxRows: number
  readonly lingerMs: number
  readonly connections: number
}

interface Piece<M extends object> {
  readonly pending: PendingMessage<M>
  readonly firstRow: number
  readonly firstRecord: number
  count: number
}

interface RowBatch<M extends object> {
  readonly rows: Rows
  readonly pieces: Piece<M>[]
  /** When its first row came. */
  bornMs: number
}

/**
 * A batch ends at this size, whatever the number of its rows: the server holds it in memory as a
 * whole.
 */
const MAX_BATCH_BYTES = 8_000_000
/**
 * Below this a batch waits for more even where a connection is idle, if one was begun just before.
 */
const SMALL = 200

/**
 * Collects the records of messages into batches and has them stored by several connections. A
 * message that meets an idle writer goes at once; further connections are taken when a batch is
 * worth it or has waited for `lingerMs`. So batches are small when little comes and grow with the
 * load.
 */
export class BatchWriter<M extends object> {
  readonly #messages = new PassingSet<PendingMessage<M>>()
  /** What is open in the messages. */
  #waiting = 0
  readonly #coming = new SlicedQueue<PendingMessage<M>>({
    take: (pending, index) => this.#append(pending, index),
    taken: pending => {
      if (pending.open === 0) this.#finish(pending)
    },
    failed: (pending, error) => this.#finish(pending, error),
    pause: () => this.#plan(),
    isOver: pending => !this.#messages.has(pending)
  })
  #filling: RowBatch<M> | undefined
  readonly #sealed: RowBatch<M>[] = []
  readonly #spare: Rows[] = []
  #active = 0
  #taken = 0
  /** When the last batch began to be written. */
  #begunMs = Number.NEGATIVE_INFINITY
  #planned: NodeJS.Immediate | undefined
  #linger: NodeJS.Timeout | undefined
  #closed = false
  readonly #attempts: DatabaseAttempts
  #idle: (() => void) | undefined

  constructor(
    private readonly port: BatchWriterPort<M>,
    private readonly options: BatchWriterOptions
  ) {
    this.#attempts = new DatabaseAttempts(
      {
        retried: records => port.retried(records),
        troubled: failure => {
          port.troubled(failure)
          if (failure === undefined) this.#plan()
        }
      },
      closedError
    )
  }

  /** Messages that are not dealt with. */
  get messages(): PassingSet<PendingMessage<M>> {
    return this.#messages
  }
  get waitingRecords(): number {
    return this.#waiting
  }
  /** How long the oldest of what is being done goes on without an end; 0 while nothing is. */
  get heldMs(): number {
    return this.#attempts.heldMs
  }

  /** Finds out whether the table can be written, before the first record comes. */
  start(): void {
    void this.#attempts.run(() => this.port.prepare(), 0).catch(() => {})
  }

  /**
   * Takes the records of a message; `finished` will be called for it. Where they are very many
   * others have their turn in between, and the messages behind it wait.
   */
  add(pending: PendingMessage<M>): void {
    this.#messages.add(pending)
    this.#waiting += pending.open
    if (this.#closed) {
      this.#finish(pending, closedError())
      return
    }
    this.#taken += pending.records.length
    this.#coming.add(pending)
  }

  /** Makes a record a row. */
  #append(pending: PendingMessage<M>, index: number): void {
    const batch = this.#fillable()
    const { rows, pieces } = batch
    const record = pending.records[index]
    const problem = rows.append(record)
    if (problem !== undefined) {
      pending.refused.set(index, misfitOf(record, problem))
      this.#deduct(pending, 1)
      return
    }
    const row = rows.count - 1
    const last = pieces.at(-1)
    if (last?.pending === pending && last.firstRecord + last.count === index) last.count++
    else pieces.push({ pending, firstRow: row, firstRecord: index, count: 1 })
    if (row === 0) batch.bornMs = performance.now()
    if (rows.count === rows.capacity || rows.bytes > MAX_BATCH_BYTES) this.#seal()
  }

  /**
   * Stores what is held as long as the limit and the database allow, then gives the rest back by
   * `finished` with an error.
   */
  async close(limitMs: number): Promise<void> {
    this.#closed = true
    this.#attempts.isClosed = true
    this.#pump()
    if (this.#messages.size > 0 && !this.#attempts.isOutage) {
      const timer = setTimeout(() => this.#idle?.(), limitMs)
      await new Promise<void>(resolve => (this.#idle = resolve)).finally(() => clearTimeout(timer))
    }
    this.#attempts.wake()
    for (const pending of [...this.#messages]) this.#finish(pending, closedError())
    clearImmediate(this.#planned)
    clearTimeout(this.#linger)
  }

  #fillable(): RowBatch<M> {
    this.#filling ??= { rows: this.#emptyRows(), pieces: [], bornMs: 0 }
    return this.#filling
  }

  #emptyRows(): Rows {
    const { plan } = this.port
    for (let rows = this.#spare.pop(); rows; rows = this.#spare.pop())
      if (rows.plan === plan) return rows
    return new Rows(plan, this.options.maxRows)
  }

  #seal(): void {
    if (this.#filling) this.#sealed.push(this.#filling)
    this.#filling = undefined
  }

  /**
   * After a turn of the event loop that brought nothing more: messages that come together, as from
   * the partitions of one fetch, are written together.
   */
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
    while (this.#active < this.options.connections && !this.#attempts.isOutage) {
      if (this.#sealed.length === 0 && this.#isRipe()) this.#seal()
      const batch = this.#sealed.shift()
      if (!batch) break
      void this.#run(batch)
    }
    const waiting = this.#filling !== undefined && this.#filling.rows.count > 0
    if (waiting && !this.#attempts.isOutage && this.#active < this.options.connections) {
      this.#linger = setTimeout(
        () => this.#pump(),
        Math.ceil(this.options.lingerMs - this.#ageMs())
      )
    }
  }

  #ageMs = () => performance.now() - (this.#filling?.bornMs ?? 0)

  /** A fifth of a full batch costs the server hardly more per row than a full one. */
  #isRipe(): boolean {
    const rows = this.#filling?.rows.count ?? 0
    if (rows === 0) return false
    const isWorthIt = rows >= SMALL || performance.now() - this.#begunMs >= this.options.lingerMs
    return (
      (this.#active === 0 && isWorthIt) ||
      this.#closed ||
      rows >= this.options.maxRows / 5 ||
      this.#ageMs() >= this.options.lingerMs
    )
  }

  async #run(batch: RowBatch<M>): Promise<void> {
    this.#active++
    this.#begunMs = performance.now()
    const work = new Work(batch.rows, () => recordsIn(batch))
    try {
      await this.#attempts.run(() => this.port.write(work), batch.rows.count)
      this.#settle(batch, work)
    } catch {
      // closed meanwhile: close() gives the messages back
    } finally {
      this.#active--
      batch.rows.clear()
      if (this.#spare.length <= this.options.connections) this.#spare.push(batch.rows)
      this.#pump()
    }
  }

  /**
   * Gives each message its share. Which message's rows the duplicates were is only known in sum, so
   * the last ones get them.
   */
  #settle(batch: RowBatch<M>, work: Work): void {
    const refusals = new Map(work.refused.map(({ row, reason }) => [row, reason]))
    const superseded = new Set(work.superseded)
    let { duplicates } = work
    for (const piece of batch.pieces.toReversed()) {
      const { pending } = piece
      let taken = piece.count
      if (refusals.size > 0) taken -= this.#refuse(piece, refusals)
      if (superseded.size > 0) supersede(piece, superseded)
      const doubled = Math.min(duplicates, taken)
      duplicates -= doubled
      pending.duplicates += doubled
      pending.stored += taken - doubled
      this.#deduct(pending, piece.count)
    }
    for (const { pending } of batch.pieces)
      if (pending.open === 0 && this.#messages.has(pending)) this.#finish(pending)
  }

  #refuse(
    { pending, firstRow, firstRecord, count }: Piece<M>,
    refusals: ReadonlyMap<number, Reason>
  ): number {
    let refused = 0
    for (let at = 0; at < count; at++) {
      const reason = refusals.get(firstRow + at)
      if (reason === undefined) continue
      pending.refused.set(firstRecord + at, reason)
      refused++
    }
    return refused
  }

  #deduct(pending: PendingMessage<M>, records: number): void {
    pending.open -= records
    // what was given back is not waited for any more
    if (this.#messages.has(pending)) this.#waiting -= records
  }

  #finish(pending: PendingMessage<M>, error?: Error): void {
    this.#waiting -= pending.open
    this.#messages.delete(pending)
    this.port.finished(pending, error)
    if (this.#messages.size === 0) this.#idle?.()
  }
}

/** Tells the message which of its records are older than what the table has. */
function supersede<M extends object>(
  { pending, firstRow, firstRecord, count }: Piece<M>,
  rows: ReadonlySet<number>
): void {
  for (let at = 0; at < count; at++)
    if (rows.has(firstRow + at)) pending.superseded.add(firstRecord + at)
}

/** The records by row. */
const recordsIn = <M extends object>({ pieces }: RowBatch<M>): unknown[] =>
  pieces.flatMap(({ pending, firstRecord, count }) =>
    pending.records.slice(firstRecord, firstRecord + count)
  )

const closedError = () =>
  new MillraceError(
    'CLOSED',
    'The node was stopped before the records were in the table; the source delivers them again.'
  )
