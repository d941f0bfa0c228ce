import type { Context } from '../../core/node/define-node.ts'
import { fitting } from '../../core/node/show-rate.ts'
import { compact } from '../../core/node/status.ts'
import { BatchWriter, type BatchWriterPort } from '../../core/postgres/batch-writer.ts'
import { policyStatements } from '../../core/postgres/bootstrap.ts'
import { PendingMessage } from '../../core/postgres/pending-message.ts'
import { policiesOf } from '../../core/postgres/policies.ts'
import type { Database } from '../../core/postgres/pool.ts'
import { ReadyTable } from '../../core/postgres/ready-table.ts'
import { storedText } from '../../core/sink/sink-status.ts'
import type { OpenSink, SinkPort, WriteRequest } from '../../core/sink/types.ts'
import { AgeWatch } from './age-watch.ts'
import { examined } from './examine.ts'
import { LockWatch } from './lock-watch.ts'
import type { SinkPlan } from './logic.ts'
import type { spec } from './spec.ts'
import { TableGauges } from './table-gauges.ts'
import { troubleOf } from './trouble.ts'

type SinkContext = Context<typeof spec>

/** Writes the records of messages into one table, in batches over several connections. */
export class TableSink implements OpenSink {
  readonly #table: ReadyTable
  readonly #writer: BatchWriter<WriteRequest>
  readonly #locks: LockWatch
  readonly #ages: AgeWatch
  #gauges: TableGauges | undefined
  #late = 0

  constructor(
    private readonly context: SinkContext,
    private readonly database: Database,
    private readonly plan: SinkPlan,
    private readonly port: SinkPort
  ) {
    const { options, node } = context
    const warn = (warning: string) => node.warn(warning)
    this.#table = new ReadyTable(database, plan, {
      create: options.create === 'create',
      onConflict: options.conflict,
      offsets:
        options.offsets === 'transaction' ? { group: options.group, sink: context.id } : undefined,
      warn,
      unprotected: sentence => context.learnt({ unprotected: sentence })
    })
    this.#locks = new LockWatch({
      database,
      table: options.table,
      processes: () => this.#table.processes,
      warn,
      known: () => port.refresh()
    })
    this.#ages = new AgeWatch({
      database,
      table: plan.table.sql,
      field: options.columns.find(({ type }) => type === 'timestamptz')?.from,
      warn,
      late: records => {
        this.#late += records
        context.metrics.gauges.set('late_compressed_records', this.#late)
      }
    })
    this.#writer = new BatchWriter(this.#writerPort(), {
      ...options,
      connections: plan.connections
    })
    database.acquire()
    this.#writer.start()
  }

  #writerPort(): BatchWriterPort<WriteRequest> {
    const { context, database, port } = this
    const table = this.#table
    return {
      get plan() {
        return table.plan
      },
      prepare: async () => {
        await table.prepare()
        await this.#ages.look()
        this.#gauges ??= new TableGauges(database, this.plan.table, context.metrics)
        void this.#learnPolicies()
        port.up()
      },
      write: work => table.write(work),
      finished: (pending, error) => {
        finish(pending, error)
        if (!error) this.#ages.see(pending.message.records, pending.refused)
      },
      troubled: failure => (failure ? port.down(troubleOf(failure, database.place)) : port.up()),
      retried: records => {
        context.metrics.retried += records
      }
    }
  }

  /** For the checks at deploy; without an answer nothing is said. */
  async #learnPolicies(): Promise<void> {
    const { context, database, plan } = this
    const found = await policiesOf(database, plan.table).catch(() => undefined)
    if (found === undefined) return
    const isSmall = plan.plan.newestBy !== undefined
    const statements = policyStatements(plan, found.timescale ?? 'columnstore')
    context.learnt({ table: { name: plan.table.name, isSmall, statements, ...found } })
  }

  write(request: WriteRequest): void {
    this.#writer.add(new PendingMessage(request, request.records))
  }

  examine = (signal: AbortSignal) => examined(this.database, this.plan.table, signal)

  waitsFor = (): string | undefined => this.#locks.look(this.#writer.heldMs)

  progress(perSecond: number): string {
    const { metrics } = this.context
    const text = storedText(metrics.stored, metrics, perSecond)
    return this.#late === 0 ? text : fitting([`${text} · ${compact(this.#late)} late`, text])
  }

  async close(limitMs: number): Promise<void> {
    this.#locks.close()
    this.#ages.close()
    this.#gauges?.close()
    await this.#writer.close(limitMs)
    await this.database.release()
  }
}

/** The message that leaves says how many of its records are in the table. */
function finish(
  { message: request, stored, duplicates, refused, superseded }: PendingMessage<WriteRequest>,
  error?: Error
): void {
  if (error) {
    request.fail(error, { stored, duplicates })
    return
  }
  const properties = { stored: { stored, duplicates, rejected: refused.size } }
  request.finish({ stored, duplicates, refused, superseded, properties })
}
