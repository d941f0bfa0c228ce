import { TABLE_NAME } from '../table-name.ts'

/**
 * Quotes a name for SQL. PostgreSQL's names hold any character but NUL, and are compared as they
 * are when quoted.
 */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/**
 * A table as a person writes it: `telemetry`, `iot.telemetry`, or `"My Table"` where the name has
 * dots or spaces.
 */
export interface TableName {
  readonly schema?: string
  readonly name: string
  /** Ready for SQL; also what `to_regclass` takes. */
  readonly sql: string
}

/**
 * The parts of a table's name, or undefined if it is none. Unquoted names are not folded to lower
 * case.
 */
export function parseTableName(text: string): TableName | undefined {
  const match = TABLE_NAME.exec(text.trim())
  if (!match) return undefined
  const name = unquoted(match[2]!)
  if (match[1] === undefined) return { name, sql: quoted(name) }
  const schema = unquoted(match[1])
  return { schema, name, sql: `${quoted(schema)}.${quoted(name)}` }
}

const unquoted = (part: string): string =>
  part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part

/** PostgreSQL cuts names at 63 bytes without an error, which can make two of them the same. */
export const MAX_NAME_BYTES = 63

/** The name made from these parts, within PostgreSQL's limit. */
export const nameFrom = (...parts: readonly string[]): string =>
  parts.join('_').slice(0, MAX_NAME_BYTES)
