import { backoffMs } from '../backoff.ts'
import { MillraceError } from '../errors.ts'
import { CALM_PER_SECOND, Rate } from '../rate.ts'
import { isKafkaMessage, type Rejection, reject } from '../record/record.ts'
import { misfitReason, type Plan, type RowProblem, Rows } from './rows.ts'
import { failureKind, needsPerson } from './sqlstate.ts'
import { Work } from './work.ts'

/** The records of one message on their way into the table. */
export class Load<M extends object = object> {
  /** Records that are neither in the table nor rejected. */
  open: number
  stored = 0
  duplicates = 0
  readonly rejections: Rejection[] = []

  constructor(
    readonly message: M,
    readonly records: readonly unknown[]
  ) {
    this.open = records.length
  }
}

/** Why nothing is stored at the moment. */
export interface Trouble {
  /** `away`: the database will be back; `setting`: a person must correct something. */
  readonly kind: 'away' | 'setting'
  readonly error: unknown
}

/** What the writer needs of the world. */
export interface WriterPort<M extends object> {
  /** What rows are made for; another one after the table has changed. */
  readonly plan: Plan
  /** Makes ready: connects, creates the table, holds the mapping against it. */
  prepare(): Promise<void>
  /** Stores what `work` has to do, see `Store.write`. */
  write(work: Work): Promise<void>
  /** All records of the message are dealt with, or `error` says why they will not be. */
  finished(load: Load<M>, error?: Error): void
  /** Something keeps all records from being stored; undefined: it is over. Told when it begins and at each further try. */
  troubled(trouble: Trouble | undefined): void
  /** A batch of that many records is tried again. */
  retried(records: number): void
}

export interface WriterOptions {
  readonly maxRows: number
  readonly lingerMs: number
  readonly connections: number
  /** The node type that rejects. */
  readonly stage: string
}

interface Piece<M extends object> {
  readonly load: Load<M>
  readonly firstRow: number
  readonly firstRecord: number
  count: number
}

interface Batch<M extends object> {
  readonly rows: Rows
  readonly pieces: Piece<M>[]
  /** When its first row came. */
  bornMs: number
}

interface Outage extends Trouble {
  /** The one that tries; the others wait for it. */
  readonly prober: object
  attempt: number
  readonly over: Promise<void>
  readonly end: () => void
}

/** A batch ends at this size, whatever the number of its rows: the server holds it in memory as a whole. */
const MAX_BATCH_BYTES = 8_000_000
/** Below this a batch waits for more even where a connection is idle, if records keep coming fast. */
const SMALL = 200
const BUSY_WAITS = { initialMs: 20, maxMs: 2000 }
/** A database that is back should not wait for us; one try each few seconds burdens nobody. */
const OUTAGE_WAITS = { initialMs: 200, maxMs: 5000 }

/**
 * Collects the records of messages into batches and has them stored by several connections. A message that meets an idle
 * writer goes at once; further connections are taken when a batch is worth it or has waited for `lingerMs`. So batches are
 * small when little comes and grow with the load.
 */
export class Writer<M extends object> {
  readonly #loads = new Set<Load<M>>()
  /** What is open in the loads. */
  #waiting = 0
  #filling: Batch<M> | undefined
  readonly #sealed: Batch<M>[] = []
  readonly #spare: Rows[] = []
  #active = 0
  readonly #rate = new Rate()
  #taken = 0
  #outage: Outage | undefined
  #planned: NodeJS.Immediate | undefined
  #linger: NodeJS.Timeout | undefined
  #closed = false
  readonly #wakers = new Set<() => void>()
  /** What is being done, the oldest first. */
  readonly #begun = new Set<{ readonly atMs: number }>()
  #idle: (() => void) | undefined

  constructor(
    private readonly port: WriterPort<M>,
    private readonly options: WriterOptions
  ) {}

  /** Messages that are not dealt with. */
  get loads(): ReadonlySet<Load<M>> {
    return this.#loads
  }
  get waitingRecords(): number {
    return this.#waiting
  }
  /** How long the oldest of what is being done goes on without an end; 0 while nothing is. */
  get heldMs(): number {
    const [oldest] = this.#begun
    return oldest === undefined ? 0 : performance.now() - oldest.atMs
  }

  /** Finds out whether the table can be written, before the first record comes. */
  start(): void {
    void this.#task(() => this.port.prepare(), 0).catch(() => {})
  }

  /** Takes the records of a message; `finished` will be called for it. */
  add(load: Load<M>): void {
    this.#loads.add(load)
    this.#waiting += load.open
    if (this.#closed) {
      this.#finish(load, closedError())
      return
    }
    const { records } = load
    this.#taken += records.length
    let piece: Piece<M> | undefined
    for (let index = 0; index < records.length; index++) {
      const batch = this.#fillable()
      const { rows } = batch
      const problem = rows.append(records[index])
      if (problem !== undefined) {
        load.rejections.push(this.#misfit(records[index], problem))
        this.#deduct(load, 1)
        piece = undefined
        continue
      }
      if (piece === undefined || piece.firstRow + piece.count !== rows.count - 1 || batch.pieces.at(-1) !== piece) {
        piece = { load, firstRow: rows.count - 1, firstRecord: index, count: 0 }
        batch.pieces.push(piece)
      }
      piece.count++
      if (rows.count === 1) batch.bornMs = performance.now()
      if (rows.count === rows.capacity || rows.bytes > MAX_BATCH_BYTES) this.#seal()
    }
    if (load.open === 0) this.#finish(load)
    this.#plan()
  }

  /** Stores what is held as long as the limit and the database allow, then gives the rest back by `finished` with an error. */
  async close(limitMs: number): Promise<void> {
    this.#closed = true
    this.#pump()
    if (this.#loads.size > 0 && !this.#outage) {
      const timer = setTimeout(() => this.#idle?.(), limitMs)
      await new Promise<void>(resolve => (this.#idle = resolve)).finally(() => clearTimeout(timer))
    }
    for (const wake of this.#wakers) wake()
    for (const load of [...this.#loads]) this.#finish(load, closedError())
    clearImmediate(this.#planned)
    clearTimeout(this.#linger)
  }

  #fillable(): Batch<M> {
    this.#filling ??= { rows: this.#emptyRows(), pieces: [], bornMs: 0 }
    return this.#filling
  }

  #emptyRows(): Rows {
    const { plan } = this.port
    for (let rows = this.#spare.pop(); rows; rows = this.#spare.pop()) if (rows.plan === plan) return rows
    return new Rows(plan, this.options.maxRows)
  }

  #seal(): void {
    if (this.#filling) this.#sealed.push(this.#filling)
    this.#filling = undefined
  }

  /** At the end of this turn of the event loop: messages that come together are written together. */
  #plan(): void {
    this.#planned ??= setImmediate(() => this.#pump())
  }

  #pump(): void {
    clearImmediate(this.#planned)
    clearTimeout(this.#linger)
    this.#planned = undefined
    while (this.#active < this.options.connections && !this.#outage) {
      if (this.#sealed.length === 0 && this.#isRipe()) this.#seal()
      const batch = this.#sealed.shift()
      if (!batch) break
      void this.#run(batch)
    }
    const waiting = this.#filling !== undefined && this.#filling.rows.count > 0
    if (waiting && !this.#outage && this.#active < this.options.connections) {
      this.#linger = setTimeout(() => this.#pump(), Math.ceil(this.options.lingerMs - this.#ageMs()))
    }
  }

  #ageMs = () => performance.now() - (this.#filling?.bornMs ?? 0)

  /** A fifth of a full batch costs the server hardly more per row than a full one. */
  #isRipe(): boolean {
    const rows = this.#filling?.rows.count ?? 0
    if (rows === 0) return false
    const isCalm = rows >= SMALL || this.#rate.of(this.#taken) < CALM_PER_SECOND
    return (this.#active === 0 && isCalm) || this.#closed || rows >= this.options.maxRows / 5 || this.#ageMs() >= this.options.lingerMs
  }

  async #run(batch: Batch<M>): Promise<void> {
    this.#active++
    const work = new Work(batch.rows, () => recordsIn(batch))
    try {
      await this.#task(() => this.port.write(work), batch.rows.count)
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

  /** Tries until it works, however long that takes. @throws MillraceError CLOSED */
  async #task(attempt: () => Promise<void>, records: number): Promise<void> {
    const begun = { atMs: performance.now() }
    this.#begun.add(begun)
    try {
      await this.#untilDone(attempt, records)
    } finally {
      this.#begun.delete(begun)
    }
  }

  async #untilDone(attempt: () => Promise<void>, records: number): Promise<void> {
    for (let failures = 0; ; failures++) {
      if (this.#outage && this.#outage.prober !== attempt) await this.#outage.over
      if (this.#closed && failures > 0) throw closedError()
      try {
        await attempt()
        if (this.#outage?.prober === attempt) this.#recover()
        return
      } catch (error) {
        if (this.#closed) throw error
        this.port.retried(records)
        const kind = failureKind(error)
        if (kind === 'busy') await this.#pause(backoffMs(failures, BUSY_WAITS))
        else await this.#waitOut(attempt, { kind: needsPerson(error) ? 'setting' : 'away', error })
      }
    }
  }

  async #waitOut(prober: object, trouble: Trouble): Promise<void> {
    this.#outage ??= outageOf(prober, trouble)
    if (this.#outage.prober !== prober) return
    this.port.troubled(trouble)
    await this.#pause(backoffMs(this.#outage.attempt++, OUTAGE_WAITS))
  }

  #recover(): void {
    this.#outage?.end()
    this.#outage = undefined
    this.port.troubled(undefined)
    this.#plan()
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise(resolve => {
      const wake = () => {
        clearTimeout(timer)
        this.#wakers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, waitMs)
      this.#wakers.add(wake)
    })
  }

  /** Gives each message its share. Which message's rows the duplicates were is only known in sum, so the last ones get them. */
  #settle(batch: Batch<M>, work: Work): void {
    const refusals = new Map(work.refused.map(({ row, reason }) => [row, reason]))
    let { duplicates } = work
    for (const piece of batch.pieces.toReversed()) {
      const { load } = piece
      let taken = piece.count
      if (refusals.size > 0) taken -= this.#refuse(piece, refusals)
      const doubled = Math.min(duplicates, taken)
      duplicates -= doubled
      load.duplicates += doubled
      load.stored += taken - doubled
      this.#deduct(load, piece.count)
    }
    for (const { load } of batch.pieces) if (load.open === 0 && this.#loads.has(load)) this.#finish(load)
  }

  #refuse({ load, firstRow, firstRecord, count }: Piece<M>, refusals: ReadonlyMap<number, Rejection['reason']>): number {
    let refused = 0
    for (const [row, reason] of refusals) {
      if (row < firstRow || row >= firstRow + count) continue
      load.rejections.push(reject(load.records[firstRecord + row - firstRow], this.options.stage, reason))
      refused++
    }
    return refused
  }

  #deduct(load: Load<M>, records: number): void {
    load.open -= records
    // what was given back is not waited for any more
    if (this.#loads.has(load)) this.#waiting -= records
  }

  #finish(load: Load<M>, error?: Error): void {
    this.#waiting -= load.open
    this.#loads.delete(load)
    this.port.finished(load, error)
    if (this.#loads.size === 0) this.#idle?.()
  }

  #misfit(record: unknown, problem: RowProblem): Rejection {
    const { stage } = this.options
    if (isKafkaMessage(record)) return reject(record, stage, notARecord('Kafka message; let the consumer give records instead'))
    if (typeof record !== 'object' || record === null) return reject(record, stage, notARecord('plain value'))
    return reject(record, stage, misfitReason(problem))
  }
}

const notARecord = (what: string) => ({ code: 'NOT_A_RECORD', message: `The payload is not a record but a ${what}.` })

/** The records by row. */
const recordsIn = <M extends object>({ pieces }: Batch<M>): unknown[] =>
  pieces.flatMap(({ load, firstRecord, count }) => load.records.slice(firstRecord, firstRecord + count))

function outageOf(prober: object, trouble: Trouble): Outage {
  let end = () => {}
  const over = new Promise<void>(resolve => {
    end = resolve
  })
  return { ...trouble, prober, attempt: 0, over, end }
}

const closedError = () =>
  new MillraceError('CLOSED', 'The node was stopped before the records were in the table; the source delivers them again.')
