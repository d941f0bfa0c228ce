import type { QueryConfig } from 'pg'
import { parseTableName, quoted } from '../../core/postgres/identifier.ts'
import type { Lookup } from './cached-directory.ts'
import { columnTypes } from './column-types.ts'
import type { Copy, Metadata, Row } from './metadata.ts'
import { keyText } from './table.ts'

/** What is needed of a database configuration node. */
export interface Queries {
  query(statement: QueryConfig, values: readonly unknown[]): Promise<{ rows: Record<string, unknown>[] }>
}

/** How many devices one statement asks for. */
const MAX_KEYS = 1000

/** The statement for a table; without any `copies` it reads all columns. @throws Error if `table` is not the name of a table */
export function statementFor(table: string, keyColumn: string, copies: readonly Copy[]): string {
  const name = parseTableName(table)
  if (!name) throw new Error(`"${table}" is not the name of a table`)
  const columns = new Set([keyColumn, ...copies.map(({ from }) => from.split('.')[0]!)])
  const list = copies.length === 0 ? '*' : [...columns].map(quoted).join(', ')
  return `SELECT ${list} FROM ${name.sql} WHERE ${quoted(keyColumn)} = ANY($1)`
}

/** Looks devices up by a statement whose $1 is the array of keys and whose rows hold the key. All devices of a batch at once. */
export function databaseLookup(database: Queries, statement: string, keyColumn: string, project: (row: Row) => Metadata): Lookup {
  return async keys => {
    const found = new Map<string, Metadata>()
    const types = await columnTypes()
    for (let at = 0; at < keys.length; at += MAX_KEYS) await ask(keys.slice(at, at + MAX_KEYS))
    return found

    async function ask(some: readonly string[]): Promise<void> {
      try {
        const { rows } = await database.query({ text: statement, types }, [some])
        for (const row of rows) {
          const key = keyText(row[keyColumn])
          if (key !== undefined && !found.has(key)) found.set(key, project(row))
        }
      } catch (error) {
        if (!isDataError(error)) throw error
        // One key that the column cannot hold ("abc" as a number, a NUL) fails them all: halve until it is alone.
        if (some.length === 1) return
        const middle = some.length >> 1
        await ask(some.slice(0, middle))
        await ask(some.slice(middle))
      }
    }
  }
}

/** SQLSTATE class 22 is "data exception": the key is wrong, not the statement. */
const isDataError = (error: unknown) => /^22...$/.test(String((error as { code?: unknown }).code))
