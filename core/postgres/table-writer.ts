import { createTable, type TableWish } from './bootstrap.ts'
import { Receipts } from './offsets.ts'
import type { Database, Session } from './pool.ts'
import { failureKind } from './sqlstate.ts'
import { type OnConflict, Store, type Work } from './store.ts'
import { checkMapping, inspectTable, SettingError } from './table.ts'

export interface TableWriterOptions {
  /** Make the table where it is missing. */
  readonly create: boolean
  readonly onConflict: OnConflict
  /** Keeps the offsets of this consumer group with the rows, for this sink. */
  readonly offsets?: { readonly group: string; readonly sink: string } | undefined
  /** Told once for each new way in which the table is not as it should be. */
  readonly warn: (warning: string) => void
}

/** One table, made ready when first needed, and again after it turned out to have changed. */
export class TableWriter {
  #ready: Promise<Store> | undefined
  readonly #warned = new Set<string>()

  constructor(
    private readonly database: Database,
    private readonly wish: TableWish,
    private readonly options: TableWriterOptions
  ) {}

  /** Connects, creates the table if wished, and holds the mapping against it. @throws SettingError and whatever keeps it from that */
  async prepare(): Promise<void> {
    await this.#store()
  }

  /** See `Store.write`. */
  async write(work: Work): Promise<void> {
    const store = await this.#store()
    try {
      await this.database.with(session => store.write(session, work))
    } catch (error) {
      // a table that was dropped or changed is looked at, and maybe made, anew
      if (failureKind(error) === 'setting') this.#ready = undefined
      throw error
    }
  }

  #store(): Promise<Store> {
    this.#ready ??= this.database
      .with(session => this.#prepared(session))
      .catch(error => {
        this.#ready = undefined
        throw error
      })
    return this.#ready
  }

  async #prepared(session: Session): Promise<Store> {
    const { table, plan } = this.wish
    const { create, onConflict, offsets } = this.options
    if (create) this.#warn(await createTable(session, this.wish))
    const facts = await inspectTable(session, table, plan.mappings)
    if (!facts) throw new SettingError([`There is no table ${table.name}. Create it, or let the node create it.`])
    const { copyable, warnings } = checkMapping(facts, plan, table, onConflict)
    this.#warn(warnings)
    const receipts = offsets && new Receipts(offsets.group, offsets.sink, table)
    await receipts?.prepare(session)
    return new Store(plan, table, onConflict, copyable, receipts)
  }

  #warn(warnings: readonly string[]): void {
    for (const warning of warnings) {
      if (!this.#warned.has(warning)) this.options.warn(warning)
      this.#warned.add(warning)
    }
  }
}
