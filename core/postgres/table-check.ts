import { createHash } from 'node:crypto'
import { quoted, type TableName } from './identifier.ts'
import type { Plan } from './rows.ts'
import { TABLE_CHANGED } from './sqlstate.ts'
import { protectingKeys, type TableFacts } from './table.ts'

/**
 * The table is not any more what rows were made for; they must be made anew. Nothing of them has
 * been stored.
 */
export class TableChanged extends Error {
  readonly code = TABLE_CHANGED
  constructor(table: TableName) {
    super(`The table ${table.name} has been changed while rows were written.`)
  }
}

const MARK = 'millrace: the table has changed'

/**
 * Whether the check has raised this error. The server's words around the mark are in its language.
 */
export const isTableChange = (error: unknown): boolean =>
  error instanceof TableChanged || (error instanceof Error && error.message.includes(MARK))

/**
 * An SQL condition that is true while the table is what it was: the same one by its name, columns
 * of the same types, and every unique key that keeps repetitions out. It must run in the
 * transaction that writes, once that has begun to write: then the table is locked against changes
 * until the end of the transaction.
 *
 * It asks no catalogue table: a query of pg_attribute and pg_index takes five times as long, and
 * would see the catalogue as it was when the transaction began where its isolation is above "read
 * committed".
 */
export function unchangedCondition(facts: TableFacts, plan: Plan, table: TableName): string {
  const types = new Map(facts.columns.map(({ name, typeOid }) => [name, typeOid]))
  return [
    `pg_catalog.to_regclass(${literal(table.sql)})::oid = ${facts.oid}`,
    ...plan.mappings.map(
      ({ column }) =>
        `pg_catalog.pg_typeof((NULL::${facts.fullName}).${quoted(column)})::oid = ${types.get(column)}`
    ),
    // null where there is no such index
    ...protectingKeys(facts, plan).map(
      ({ indexOid }) => `pg_catalog.pg_index_has_property(${indexOid}, 'clusterable') IS NOT NULL`
    )
  ].join(' AND ')
}

/**
 * A statement that fails where the condition is not true. The name in it keeps the planner from
 * failing beforehand.
 */
const assertion = (condition: string, table: TableName): string =>
  `SELECT ${failure(table)} WHERE (${condition}) IS NOT TRUE`

/** The look at the table that goes with a COPY. */
export interface Look {
  /** Comes behind the COPY, on any connection. */
  readonly text: string
  /**
   * Of the statement that does the same where a connection has prepared it. The server reads and
   * plans it anew when the table has changed, and then only, which takes most of the time.
   */
  readonly name: string
  readonly prepare: string
}

export function lookAt(condition: string, facts: TableFacts, table: TableName): Look {
  // By a constant of the type regclass, and by nothing else here, the server knows that the plan
  // depends on the table; a right to read it is not asked for.
  const depending = `${literal(facts.fullName)}::pg_catalog.regclass IS NOT NULL AND ${condition}`
  const text = assertion(depending, table)
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 24)
  const name = `millrace_look_${digest}`
  return { text, name, prepare: `PREPARE ${name} AS ${text}` }
}

/** The same for the WHERE of a statement that writes. */
export const guard = (condition: string, table: TableName): string =>
  `CASE WHEN ${condition} THEN true ELSE ${failure(table)} END`

const failure = (table: TableName): string =>
  `('${MARK}' || coalesce(pg_catalog.to_regclass(${literal(table.sql)})::text, ''))::boolean`

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
