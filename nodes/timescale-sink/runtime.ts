import { type Context, type Done, defineNode } from '../../core/node/define-node.ts'
import { QueueLimit } from '../../core/node/queue-limit.ts'
import { type Blocker, blockerOf } from '../../core/postgres/blocked.ts'
import { awayWords, databaseSentence, databaseWords } from '../../core/postgres/connect-errors.ts'
import type { Database } from '../../core/postgres/pool.ts'
import { TableWriter } from '../../core/postgres/table-writer.ts'
import { Load, type Trouble, Writer, type WriterPort } from '../../core/postgres/writer.ts'
import { Rate } from '../../core/rate.ts'
import type { Message } from '../../core/record/message.ts'
import { recordsOf } from '../../core/record/message.ts'
import { WordAMinute } from '../../core/throttled-notice.ts'
import { heldSentence, heldWords, progressText, type SinkPlan, sinkPlan, waitingText } from './logic.ts'
import { spec } from './spec.ts'

const BEAT_MS = 2000
const DRAIN_MS = 8000
/** A batch that goes on for so long waits for something, and the status says so at the next beat. */
const HELD_MS = 4000
const STORED = 0
const REJECTED = 1

type SinkContext = Context<typeof spec>
interface Held extends Message {
  readonly message: Message
  readonly done: Done
}

/** A batch does not come to an end. */
interface Hold {
  /** Whoever holds a lock that it waits for, as far as known. */
  blocker: Blocker | undefined
  asking: boolean
  told: boolean
}

class Sink implements WriterPort<Held> {
  readonly #table: TableWriter
  readonly #writer: Writer<Held>
  readonly #rate = new Rate()
  readonly #beat: NodeJS.Timeout
  readonly #limit: QueueLimit
  readonly #lost: WordAMinute
  #trouble: Trouble | undefined
  #told = ''
  #hold: Hold | undefined
  #closed = false

  constructor(
    private readonly context: SinkContext,
    private readonly database: Database,
    sink: SinkPlan
  ) {
    const { options, node } = context
    const warn = (warning: string) => node.warn(warning)
    this.#table = new TableWriter(database, sink, {
      create: options.create === 'create',
      onConflict: options.conflict,
      offsets: options.offsets === 'transaction' ? { group: options.group, sink: context.id } : undefined,
      warn
    })
    this.#writer = new Writer(this, { ...options, connections: sink.connections, stage: 'timescale-sink' })
    this.#lost = new WordAMinute((records, why) =>
      warn(`${records} records were rejected, and no wire leaves the output "rejected" that could keep them. The first: ${why}`)
    )
    this.#limit = new QueueLimit({ ...context, warn, service: 'the database' })
    database.acquire()
    context.status.waiting('connecting')
    this.#beat = setInterval(() => this.#touch(), BEAT_MS)
    this.#writer.start()
  }

  get plan() {
    return this.#table.plan
  }

  accept(message: Message, done: Done): void {
    const records = recordsOf(message.payload)
    const refusal = this.#limit.refusal(message, records.length, this.#writer.waitingRecords)
    if (refusal) {
      done(refusal)
      return
    }
    this.#writer.add(new Load({ message, done }, records))
    this.context.metrics.inFlight = this.#writer.waitingRecords
  }

  async prepare(): Promise<void> {
    await this.#table.prepare()
    this.#show()
  }
  write = (work: Parameters<TableWriter['write']>[0]) => this.#table.write(work)
  retried(records: number): void {
    this.context.metrics.retried += records
  }

  finished(load: Load<Held>, error?: Error): void {
    const { metrics, tracker, send } = this.context
    const { stored, duplicates, rejections } = load
    const { message, done } = load.message
    metrics.stored += stored
    metrics.duplicates += duplicates
    metrics.inFlight = this.#writer.waitingRecords
    if (error) {
      done(error)
      return
    }
    metrics.rejected += rejections.length
    if (stored + duplicates > 0 || load.records.length === 0) tracker.confirm(message, { stored, duplicates })
    if (rejections.length > 0 && !this.context.isWired(REJECTED)) this.#lost.add(rejections.length, rejections[0]!.reason.message)
    send(outputsOf(load, this.context))
    done()
    if (!this.#trouble) this.#show()
  }

  troubled(trouble: Trouble | undefined): void {
    this.#trouble = trouble
    if (!trouble) {
      this.#told = ''
      this.#show()
      return
    }
    const sentence = databaseSentence(trouble.error, this.database.settings)
    const topic = trouble.kind === 'away' ? 'away' : sentence
    if (topic !== this.#told) this.context.node.warn(sentence)
    this.#told = topic
    this.#show()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#writer.close(DRAIN_MS)
    clearInterval(this.#beat)
    this.#limit.end()
    this.#lost.end()
    await this.database.release()
  }

  /** Deliveries whose records wait here must not time out. */
  #touch(): void {
    for (const { message } of this.#writer.loads) this.context.tracker.touch(message.message)
    this.#watch()
    this.#show()
  }

  /** Notices that a batch does not come to its end, which is no error to the database, however long it takes. */
  #watch(): void {
    if (this.#writer.heldMs < HELD_MS || this.#trouble) {
      this.#hold = undefined
      return
    }
    this.#hold ??= { blocker: undefined, asking: false, told: false }
    void this.#ask(this.#hold)
  }

  /** Finds out who keeps the table from being written. */
  async #ask(hold: Hold): Promise<void> {
    if (hold.asking) return
    hold.asking = true
    hold.blocker = await blockerOf(this.database, this.#table.processes)
    hold.asking = false
    if (this.#hold !== hold || this.#closed) return
    if (hold.blocker && !hold.told) this.context.node.warn(heldSentence(this.context.options.table, hold.blocker))
    hold.told ||= hold.blocker !== undefined
    this.#show()
  }

  #show(): void {
    const { status, metrics } = this.context
    const trouble = this.#trouble
    const { heldMs, waitingRecords } = this.#writer
    if (this.#hold && heldMs >= HELD_MS) status.waiting(waitingText(waitingRecords, heldWords(this.#hold.blocker, heldMs)))
    else if (!trouble) status.healthy(progressText(metrics.stored, metrics.rejected, this.#rate.of(metrics.stored)))
    else if (trouble.kind === 'away') status.waiting(waitingText(this.#writer.waitingRecords, awayWords(trouble.error)))
    else status.failed(waitingText(this.#writer.waitingRecords, databaseWords(trouble.error)))
  }
}

/** What is in the table on the first output, if somebody listens there; what could not be stored on the second. */
function outputsOf(
  { message: { message }, records, rejections, stored, duplicates }: Load<Held>,
  { isWired }: SinkContext
): (object | null)[] {
  const rejected = rejections.length > 0 ? { ...message, payload: rejections } : null
  if (!isWired(STORED) || stored + duplicates === 0) return [null, rejected]
  const left = new Set(rejections.map(({ record }) => record))
  const payload = left.size === 0 ? message.payload : records.filter(record => !left.has(record))
  return [{ ...message, payload, stored: { stored, duplicates, rejected: rejections.length } }, rejected]
}

export default defineNode(spec, context => {
  const sink = new Sink(context, context.provided<Database>('database'), sinkPlan(context.options))
  return { accept: (message, done) => sink.accept(message, done), close: () => sink.close() }
})
