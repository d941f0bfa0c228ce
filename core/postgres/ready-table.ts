import { createTable, type TableWish } from './bootstrap.ts'
import { BulkInsert } from './bulk-insert.ts'
import type { OnConflict } from './insert-statement.ts'
import { makeAggregates } from './make-aggregates.ts'
import type { Database, Session } from './pool.ts'
import { Receipts } from './receipts.ts'
import type { Plan } from './rows.ts'
import { SettingError } from './setting-error.ts'
import { failureKind } from './sqlstate.ts'
import { checkMapping, inspectTable, keyOf, unprotected } from './table.ts'
import { TableChanged } from './table-check.ts'
import type { Work } from './work.ts'

export interface ReadyTableOptions {
  /** Make the table where it is missing. */
  readonly create: boolean
  readonly onConflict: OnConflict
  /** Keeps the offsets of this consumer group with the rows, for this sink. */
  readonly offsets?: { readonly group: string; readonly sink: string } | undefined
  /** Told once for each new way in which the table is not as it should be. */
  readonly warn: (warning: string) => void
  /** Told where a record that comes twice will be in the table twice, and how to mend it. */
  readonly unprotected: (sentence: string) => void
}

/** A table that is changed again each time it has been looked at is left alone for a while. */
const MAX_CHANGES = 3

/** One table, made ready when first needed, and again after it turned out to have changed. */
export class ReadyTable {
  #ready: Promise<BulkInsert> | undefined
  #plan: Plan
  #wasThere = false
  #wasKeyed = false
  readonly #warned = new Set<string>()
  readonly #sessions = new Set<Session>()

  constructor(
    private readonly database: Database,
    private readonly wish: TableWish,
    private readonly options: ReadyTableOptions
  ) {
    this.#plan = wish.plan
  }

  /**
   * What rows are best made for, as far as the table is known. Receipts are of what the mapping
   * says, whatever the table's types, so that a record is known again after they have changed.
   */
  get plan(): Plan {
    return this.options.offsets ? this.wish.plan : this.#plan
  }

  /**
   * Connects, creates the table if wished, and holds the mapping against it. @throws SettingError
   * and whatever keeps it from that
   */
  async prepare(): Promise<void> {
    await this.#bulkInsert()
  }

  /**
   * See `BulkInsert.write`. A table that has changed is looked at anew, and the rows are made anew
   * for it.
   */
  async write(work: Work): Promise<void> {
    for (let changes = 1; ; changes++) {
      const ready = this.#bulkInsert()
      const insert = await ready
      work.encode(insert.plan)
      try {
        await this.database.with(session =>
          this.#atWork(session, () => insert.write(session, work))
        )
        return
      } catch (error) {
        const changed = error instanceof TableChanged
        // a table that was dropped or changed is looked at, and maybe made, anew
        if (this.#ready === ready && (changed || failureKind(error) === 'setting'))
          this.#lookAnew(changed)
        if (!changed || changes === MAX_CHANGES) throw error
      }
    }
  }

  /** The server's processes that write, or make ready, at the moment. */
  get processes(): readonly number[] {
    return [...this.#sessions].map(({ processId }) => processId)
  }

  async #atWork<T>(session: Session, work: () => Promise<T>): Promise<T> {
    this.#sessions.add(session)
    try {
      return await work()
    } finally {
      this.#sessions.delete(session)
    }
  }

  #lookAnew(changed: boolean): void {
    this.#ready = undefined
    // sessions that began before may find another table by the name, where the search path of the
    // user has been changed
    if (changed) this.database.renew()
  }

  #bulkInsert(): Promise<BulkInsert> {
    this.#ready ??= this.database
      .with(session => this.#atWork(session, () => this.#prepared(session)))
      .catch(error => {
        this.#ready = undefined
        throw error
      })
    return this.#ready
  }

  async #prepared(session: Session): Promise<BulkInsert> {
    const { table } = this.wish
    const { create, onConflict, offsets } = this.options
    const made = create ? await createTable(session, this.wish) : undefined
    if (made) this.#created(made)
    const facts = await inspectTable(session, table, this.wish.plan.mappings)
    if (!facts)
      throw new SettingError(
        [`There is no table ${table.name}. Create it, or let the node create it.`],
        'table missing'
      )
    const { plan, copyable, keyed } = checkMapping(facts, this.wish.plan, table, onConflict)
    if (!keyed && !offsets) this.#unprotected()
    const receipts = offsets && new Receipts(offsets.group, offsets.sink, table)
    await receipts?.prepare(session)
    if (made) await this.#makeAggregates(session, made.created)
    this.#wasThere = true
    this.#wasKeyed ||= keyed
    this.#plan = plan
    return new BulkInsert(plan, table, onConflict, copyable, facts, receipts)
  }

  #created({
    created,
    warnings
  }: {
    readonly created: boolean
    readonly warnings: readonly string[]
  }): void {
    if (created && this.#wasThere)
      this.options.warn(`The table ${this.wish.table.name} was gone, and has been created anew.`)
    for (const warning of warnings) this.#warnOnce(warning)
  }

  async #makeAggregates(session: Session, isNew: boolean): Promise<void> {
    const { table, aggregates = [] } = this.wish
    const { place } = this.database
    for (const sentence of await makeAggregates(session, table, aggregates, { isNew, place }))
      this.#warnOnce(sentence)
  }

  /**
   * A key that is there no more would let in what comes again, without an error: a person should
   * know before it happens.
   */
  #unprotected(): void {
    const { table, plan } = this.wish
    if (!this.#wasKeyed) {
      this.options.unprotected(unprotected(table, plan))
      return
    }
    const columns = keyOf(plan).join(', ')
    const gone = `The unique index of the table ${table.name} is gone: a record that is delivered twice would be in it twice.`
    const remedy = `Create it again${columns === '' ? '' : ` on (${columns})`}, or deploy the node anew to go on without.`
    throw new SettingError([gone, remedy], 'unique index gone')
  }

  #warnOnce(warning: string): void {
    if (!this.#warned.has(warning)) this.options.warn(warning)
    this.#warned.add(warning)
  }
}
