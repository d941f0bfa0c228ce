import { reasonOf } from '../errors.ts'
import type { Reason } from '../record/record.ts'
import { isolates, isTimeout, mayBeOfTheTable, partsAround, passing } from './bad-rows.ts'
import { Out } from './binary.ts'
import { CopyOrInsert } from './copy-or-insert.ts'
import { quoted, type TableName } from './identifier.ts'
import { insertStatement, type OnConflict } from './insert-statement.ts'
import type { Session } from './pool.ts'
import type { Receipts } from './receipts.ts'
import type { Plan, Rows } from './rows.ts'
import { copyLine, failureKind, type ServerError, sqlstateOf } from './sqlstate.ts'
import { inspectTable, neededColumn, type TableFacts } from './table.ts'
import {
  guard,
  isTableChange,
  type Look,
  lookAt,
  TableChanged,
  unchangedCondition
} from './table-check.ts'
import type { Work } from './work.ts'

interface LeftOut {
  readonly position: string
  /** Where the newest are kept: a newer one was there. */
  readonly older?: boolean
}

interface Stored {
  readonly stored: number
  readonly duplicates: number
  readonly refused?: readonly number[]
  /** Those of the duplicates that are known: of each key a newer one is there. */
  readonly superseded?: readonly number[]
}

/**
 * How often a COPY's error may lead to the bad row; with more bad rows than that, halving is
 * quicker.
 */
const MAX_HINTS = 8
/** feature_not_supported, wrong_object_type */
const COPY_UNSUPPORTED = ['0A000', '42809']
/** configuration_limit_exceeded */
const DECOMPRESSION_LIMIT = '53400'
const NOT_NULL_VIOLATION = '23502'
/** invalid_sql_statement_name */
const NO_SUCH_STATEMENT = '26000'

/**
 * Writes batches into one table. COPY is twice as fast as anything with ON CONFLICT but fails at
 * the first duplicate: it is used while none come.
 */
export class BulkInsert {
  readonly #method = new CopyOrInsert()
  #copyable: boolean
  readonly #copy: string
  readonly #look: Look
  /** Statements that are prepared stay: not so where a pooler shares connections among clients. */
  #prepares = true
  readonly #insert: string
  readonly #mapped: ReadonlySet<string>
  readonly #scratch: { readonly copy: Out; readonly arrays: readonly Out[] }[] = []

  constructor(
    readonly plan: Plan,
    readonly table: TableName,
    readonly onConflict: OnConflict,
    copyable: boolean,
    /** What was known of the table when this was made. */
    private readonly facts: TableFacts,
    private readonly receipts?: Receipts
  ) {
    // What is kept once of each key is there already, nearly always.
    this.#copyable = copyable && onConflict !== 'newest'
    this.#mapped = new Set(plan.mappings.map(({ column }) => column))
    const columns = plan.mappings.map(({ column }) => quoted(column)).join(', ')
    const unchanged = unchangedCondition(facts, plan, table)
    // one round trip and one transaction: the table is locked by the COPY when the assertion looks
    // at it
    this.#copy = `COPY ${table.sql} (${columns}) FROM STDIN (FORMAT binary)`
    this.#look = lookAt(unchanged, facts, table)
    this.#insert = insertStatement(plan, table, onConflict, guard(unchanged, table))
  }

  /**
   * Stores what is still to do. Rows that cannot be stored end in `refused`.
   * @throws TableChanged and whatever else keeps rows from being stored
   */
  async write(session: Session, work: Work): Promise<void> {
    let hints = 0
    let known = false
    let alone: Uint32Array | undefined
    for (let part = work.todo.at(-1); part !== undefined; part = work.todo.at(-1)) {
      // what INSERT has shown of an error holds for INSERT
      const byCopy =
        this.#copyable && this.#method.copies && work.ofRows.size === 0 && part !== alone
      try {
        // before a transaction begins, which an error would end
        const look = byCopy ? await this.#lookOn(session) : ''
        this.#count(work, await this.#storePart(session, work, part, look))
        work.todo.pop()
      } catch (error) {
        if (isTableChange(error)) throw new TableChanged(this.table)
        if (byCopy && (this.#triesInsert(error) || this.#triesUnprepared(error))) continue
        if (!known && mayBeOfTheTable(error)) await this.#expectUnchanged(session)
        known = true
        if (this.#lacksColumn(error)) throw neededColumn(this.table, (error as ServerError).column!)
        if (byCopy && part.length === 1 && isolates(error, part)) {
          // the last word on a row has INSERT: it knows the types, and its guard holds while it
          // converts
          alone = part
          continue
        }
        if (await this.#findsRowsToBlame(session, work, part, error)) continue
        if (!isolates(error, part) && !work.ofRows.has(sqlstateOf(error) ?? '')) throw error
        work.todo.pop()
        if (part.length === 1) work.refuse(part[0]!, this.#refusal(error))
        else work.todo.push(...partsAround(part, hints++ < MAX_HINTS ? copyLine(error) : undefined))
        if (isTimeout(error)) throw error
      }
    }
  }

  /** Looks at the table that is locked by the COPY before, and fails where it has changed. */
  async #lookOn(session: Session): Promise<string> {
    const { name, prepare, text } = this.#look
    if (!this.#prepares) return text
    this.#prepares = (await session.prepare(name, prepare)) !== undefined
    return this.#prepares ? `EXECUTE ${name}` : text
  }

  #triesUnprepared(error: unknown): boolean {
    if (!this.#prepares || sqlstateOf(error) !== NO_SUCH_STATEMENT) return false
    this.#prepares = false
    return true
  }

  #count(work: Work, { stored, duplicates, refused = [], superseded = [] }: Stored): void {
    work.stored += stored
    work.duplicates += duplicates
    for (const row of refused) work.refuse(row, this.#duplicateReason())
    for (const row of superseded) work.supersede(row)
  }

  /**
   * An error may say that the table has been changed since, and no row is to blame for that.
   * @throws TableChanged
   */
  async #expectUnchanged(session: Session): Promise<void> {
    const facts = await inspectTable(session, this.table, this.plan.mappings)
    if (JSON.stringify(facts) !== JSON.stringify(this.facts)) throw new TableChanged(this.table)
  }

  /** Nulls in a column that no record has a value for are not the fault of the rows. */
  #lacksColumn(error: unknown): boolean {
    const { column } = error as Partial<ServerError>
    return (
      sqlstateOf(error) === NOT_NULL_VIOLATION && column !== undefined && !this.#mapped.has(column)
    )
  }

  /**
   * Whether an error that looks like a setting is one, which would keep every row out: tries ever
   * smaller pieces of the part from both ends, and if one is stored, the rest is left as parts. A
   * single row cannot tell.
   */
  async #findsRowsToBlame(
    session: Session,
    work: Work,
    part: Uint32Array,
    error: unknown
  ): Promise<boolean> {
    const code = sqlstateOf(error)
    if (failureKind(error) !== 'setting' || code === undefined || work.ofRows.has(code))
      return false
    for (let size = part.length >> 1; size > 0; size >>= 1) {
      for (const [from, to] of [
        [0, size] as const,
        [this.#keyBegin(work.rows, part, part.length - size), part.length] as const
      ]) {
        const stored =
          from < to &&
          (await this.#storePart(session, work, part.subarray(from, to), '').catch(passing))
        // what was there already may not have met the trigger or the right that is in question
        if (!stored || stored.stored === 0) continue
        this.#count(work, stored)
        work.ofRows.add(code)
        work.todo.pop()
        work.todo.push(
          ...[part.subarray(to), part.subarray(0, from)].filter(rest => rest.length > 0)
        )
        return true
      }
    }
    return false
  }

  /**
   * The first row from `at` on whose key is another than that of the row before: of one key, the
   * order of the rows counts.
   */
  #keyBegin(rows: Rows, part: Uint32Array, at: number): number {
    let begin = at
    if (this.plan.key.length > 0)
      while (begin < part.length && rows.compare(part[begin - 1]!, part[begin]!) === 0) begin++
    return begin
  }

  /** What COPY cannot do, INSERT can. */
  #triesInsert(error: unknown): boolean {
    if (failureKind(error) === 'duplicate') this.#method.duplicateInCopy()
    // tables with row security, and some views and foreign tables, take no COPY but INSERT
    else if (COPY_UNSUPPORTED.includes(sqlstateOf(error) ?? '')) this.#copyable = false
    else return false
    return true
  }

  async #storePart(session: Session, work: Work, part: Uint32Array, look: string): Promise<Stored> {
    const { receipts } = this
    // a COPY brings its limit with it where a pooler is between
    const isAlone = look !== '' || !session.isPooled
    if (!receipts && isAlone) return this.#put(session, work.rows, part, look)
    await session.begin()
    try {
      const stored = receipts
        ? await this.#putWithReceipts(receipts, session, work, part, look)
        : await this.#put(session, work.rows, part, look)
      await session.query('COMMIT')
      return stored
    } catch (error) {
      // a session that broke cannot; the server rolls back by itself
      await session.query('ROLLBACK').catch(() => {})
      throw error
    }
  }

  async #putWithReceipts(
    receipts: Receipts,
    session: Session,
    work: Work,
    part: Uint32Array,
    look: string
  ): Promise<Stored> {
    const claim = await receipts.claim(session, work, part)
    const { kept } = claim
    const known = part.length - kept.length
    if (kept.length === 0) return { stored: 0, duplicates: known }
    const put = await this.#put(session, work.rows, kept, look)
    const { duplicates, refused = [] } = put
    await receipts.note(
      session,
      claim,
      refused.length === 0 ? kept : kept.filter(row => !refused.includes(row))
    )
    return { ...put, duplicates: duplicates + known }
  }

  /** `look`: what is run behind the COPY; empty where it is an INSERT, which has its guard. */
  async #put(session: Session, rows: Rows, part: Uint32Array, look: string): Promise<Stored> {
    const scratch = this.#scratch.pop() ?? {
      copy: new Out(),
      arrays: this.plan.mappings.map(() => new Out(4096))
    }
    try {
      if (look === '') return await this.#insertPart(session, rows, part, scratch.arrays)
      const messages = rows.copyMessages(part, scratch.copy)
      // one round trip and one transaction
      const stored = await session.copyIn(`${this.#copy}; ${look}`, messages)
      this.#method.copied()
      return { stored, duplicates: 0 }
    } finally {
      this.#scratch.push(scratch)
    }
  }

  async #insertPart(
    session: Session,
    rows: Rows,
    part: Uint32Array,
    scratches: readonly Out[]
  ): Promise<Stored> {
    const kept = this.#withoutTwins(rows, part)
    const result = await session.query<LeftOut>(this.#insert, rows.arrays(kept, scratches))
    if (this.onConflict === 'reject') return this.#rejected(part, kept, result.rows)
    if (this.onConflict === 'newest') {
      const duplicates = part.length - kept.length + result.rows.length
      const superseded = leftOut(
        part,
        kept,
        result.rows.filter(({ older }) => older)
      )
      return { stored: part.length - duplicates, duplicates, superseded }
    }
    const stored = result.rowCount ?? 0
    const duplicates = part.length - stored
    this.#method.inserted(duplicates)
    return { stored, duplicates }
  }

  /**
   * DO UPDATE may not meet a key twice in one statement (21000); and of those to reject, the first
   * one is stored.
   */
  #withoutTwins(rows: Rows, part: Uint32Array): Uint32Array {
    if (this.onConflict === 'ignore') return part
    return this.onConflict !== 'reject' ? rows.lastOfEachKey(part) : rows.firstOfEachKey(part)
  }

  #rejected(part: Uint32Array, kept: Uint32Array, found: readonly LeftOut[]): Stored {
    const refused = leftOut(part, kept, found)
    this.#method.inserted(refused.length)
    return { stored: part.length - refused.length, duplicates: 0, refused }
  }

  #refusal(error: unknown): Reason {
    const kind = failureKind(error)
    if (kind === 'duplicate') return this.#duplicateReason()
    if (sqlstateOf(error) === DECOMPRESSION_LIMIT)
      return { code: 'DECOMPRESSION_LIMIT', message: `${this.table.name}: ${reasonOf(error)}.` }
    const { column, detail } = error as ServerError
    const path = this.plan.mappings.find(mapping => mapping.column === column)?.from
    const message = `${this.table.name} refused the row: ${reasonOf(error)} (${sqlstateOf(error)}).${detail ? ` ${detail}` : ''}`
    return { code: 'ROW_REFUSED', message, ...(path === undefined ? {} : { path }) }
  }

  #duplicateReason(): Reason {
    const key = this.plan.key.map(index => this.plan.mappings[index]!.column).join(', ')
    return {
      code: 'DUPLICATE_KEY',
      message: `A row with this key (${key}) is already in ${this.table.name}.`
    }
  }
}

/** The rows of a part that are not in the table: those found by their position, and twins. */
function leftOut(part: Uint32Array, kept: Uint32Array, found: readonly LeftOut[]): number[] {
  const rows = found.map(({ position }) => kept[Number(position) - 1]!)
  if (kept.length < part.length) {
    const first = new Set(kept)
    for (const row of part) if (!first.has(row)) rows.push(row)
  }
  return rows
}
