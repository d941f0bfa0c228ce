import type { Reason } from '../record/record.ts'
import { misfitReason, type Plan, Rows } from './rows.ts'

/** A row that the table cannot take, by its position in the batch. */
export interface Refused {
  readonly row: number
  readonly reason: Reason
}

/**
 * A batch on its way into the table. It keeps what is done, so that a retry goes on where the last
 * attempt broke off.
 */
export class Work {
  /**
   * What is sent: the rows of the batch, or those of them that were left, made anew for a table
   * that has changed.
   */
  rows: Rows
  /** Parts not stored yet, last one next; the rows of each in the order of the key. */
  readonly todo: Uint32Array[]
  stored = 0
  duplicates = 0
  readonly refused: Refused[] = []
  /** Rows of the batch that are not in the table, since of their keys newer ones are. */
  readonly superseded: number[] = []
  /** Codes that look like a setting, but were seen to depend on the rows. */
  readonly ofRows = new Set<string>()
  /** Which row of the batch each of `rows` is, where that is another one. */
  #origins: readonly number[] | undefined

  /** `records`: those of the batch by row; asked for only where they are needed. */
  constructor(
    readonly batch: Rows,
    private readonly records: () => readonly unknown[] = () => []
  ) {
    this.rows = batch
    this.todo = [batch.ordered()]
  }

  /** The record of each of `rows`. */
  recordsByRow(): readonly unknown[] {
    const records = this.records()
    return this.#origins?.map(row => records[row]) ?? records
  }

  refuse(row: number, reason: Reason): void {
    this.refused.push({ row: this.#origin(row), reason })
  }

  supersede(row: number): void {
    this.superseded.push(this.#origin(row))
  }

  /**
   * See `Rows.hashInto`: of the row as it was given, so that a record has the same hash after a
   * column has changed its type.
   */
  hashInto(row: number, into: Buffer, at: number): void {
    this.batch.hashInto(this.#origin(row), into, at)
  }

  /**
   * Makes what is still to do anew from the records where it was made for other types. Records that
   * do not fit are refused.
   */
  encode(plan: Plan): void {
    if (this.rows.plan === plan) return
    const open = this.todo.flatMap(part => [...part]).map(row => this.#origin(row))
    // in the order they came: of those with the same key, it says which one wins
    open.sort((a, b) => a - b)
    const records = this.records()
    const rows = new Rows(plan, open.length)
    this.#origins = open.filter(row => {
      const problem = rows.append(records[row])
      if (problem) this.refused.push({ row, reason: misfitReason(problem) })
      return problem === undefined
    })
    this.rows = rows
    this.todo.splice(0, this.todo.length, ...(rows.count > 0 ? [rows.ordered()] : []))
  }

  #origin(row: number): number {
    return this.#origins?.[row] ?? row
  }
}
