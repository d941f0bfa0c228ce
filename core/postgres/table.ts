import { MillraceError } from '../errors.ts'
import { type ColumnType, OIDS } from './binary.ts'
import type { TableName } from './identifier.ts'
import type { Session } from './pool.ts'
import type { Mapping, Plan } from './rows.ts'

/** A setting of the node or the database must be corrected by a person before anything can be stored. */
export class SettingError extends MillraceError {
  constructor(readonly problems: readonly string[]) {
    super('DATABASE_SETTING', problems.join(' '))
  }
}

export interface TableColumn {
  readonly name: string
  /** As PostgreSQL writes it, without length: `double precision`, `character varying`. */
  readonly type: string
  readonly required: boolean
  /** The database fills it itself, and takes no value. */
  readonly generated: boolean
}

export interface TableFacts {
  readonly columns: readonly TableColumn[]
  /** The columns of each unique index that holds for all rows, without those it only includes. */
  readonly uniqueKeys: readonly (readonly string[])[]
  /** Mapped columns of another type that PostgreSQL converts to on INSERT, but not on COPY. */
  readonly converted: ReadonlySet<string>
}

const COLUMNS = `
  SELECT a.attname AS name, format_type(t.base, NULL) AS type, a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS required,
         a.attgenerated <> '' OR a.attidentity = 'a' AS generated,
         EXISTS (SELECT FROM pg_cast c WHERE c.castsource = ($2::oid[])[array_position($3::text[], a.attname::text)]
                 AND c.casttarget = t.base AND c.castcontext IN ('a', 'i')) AS converted
  FROM pg_attribute a
  CROSS JOIN LATERAL (SELECT CASE WHEN y.typtype = 'd' THEN y.typbasetype ELSE y.oid END AS base FROM pg_type y WHERE y.oid = a.atttypid) t
  WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`

const UNIQUE_KEYS = `
  SELECT array_agg(a.attname::text ORDER BY a.attname) AS columns
  FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
  WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
  GROUP BY i.indexrelid`

interface ColumnRow extends TableColumn {
  readonly converted: boolean
}

/** What the database knows of the table, or undefined where there is none of this name. */
export async function inspectTable(session: Session, table: TableName, mappings: readonly Mapping[]): Promise<TableFacts | undefined> {
  const oids = mappings.map(({ type }) => OIDS[type])
  const names = mappings.map(({ column }) => column)
  const { rows: columns } = await session.query<ColumnRow>(COLUMNS, [table.sql, oids, names])
  if (columns.length === 0) return undefined
  const keys = await session.query<{ columns: string[] }>(UNIQUE_KEYS, [table.sql])
  return {
    columns,
    uniqueKeys: keys.rows.map(row => row.columns),
    converted: new Set(columns.filter(column => column.converted).map(({ name }) => name))
  }
}

/** The names that a column may have in the catalogue to be written in the binary form of the mapping's type. */
const SAME_FORM: Readonly<Record<ColumnType, readonly string[]>> = {
  timestamptz: ['timestamp with time zone'],
  text: ['text', 'character varying', 'character', 'citext'],
  'double precision': ['double precision'],
  integer: ['integer'],
  bigint: ['bigint'],
  boolean: ['boolean'],
  jsonb: ['jsonb'],
  numeric: ['numeric']
}

export interface Fitness {
  /** COPY BINARY takes no conversions. */
  readonly copyable: boolean
  readonly warnings: readonly string[]
}

/**
 * Holds the mapping against the table. The server does not: eight bytes that are a time are a number, too.
 * @throws SettingError that lists all that must be corrected
 */
export function checkMapping(facts: TableFacts, plan: Plan, table: TableName, onConflict: 'ignore' | 'update' | 'reject'): Fitness {
  const known = new Map(facts.columns.map(column => [column.name, column]))
  const mapped = new Set(plan.mappings.map(({ column }) => column))
  const problems = plan.mappings.flatMap(mapping => mappingProblem(mapping, known.get(mapping.column), facts.converted, table))
  for (const { name, required } of facts.columns) {
    if (required && !mapped.has(name))
      problems.push(`The table ${table.name} needs a value for column "${name}", which is not in the mapping.`)
  }
  const key = plan.key.map(index => plan.mappings[index]!.column)
  const exact = facts.uniqueKeys.some(columns => columns.length === key.length && columns.every(column => key.includes(column)))
  if (onConflict !== 'ignore' && !exact) {
    const wish = onConflict === 'update' ? 'update rows' : 'reject what is there already'
    problems.push(`To ${wish}, the table ${table.name} needs a unique index on exactly (${key.join(', ')}).`)
  }
  if (problems.length > 0) throw new SettingError(problems)
  return {
    copyable: plan.mappings.every(({ column, type }) => SAME_FORM[type].includes(known.get(column)!.type)),
    // a key that the database fills, as from a sequence, is new each time
    warnings: facts.uniqueKeys.some(columns => columns.every(column => mapped.has(column))) ? [] : [unprotected(table, key)]
  }
}

const unprotected = (table: TableName, key: readonly string[]) =>
  `The table ${table.name} has no unique index on columns of the mapping alone: a record that is delivered twice will be in it twice. Create one on (${key.join(', ') || 'time, …'}).`

function mappingProblem(
  { column, type }: Mapping,
  found: TableColumn | undefined,
  converted: ReadonlySet<string>,
  table: TableName
): string[] {
  if (!found) return [`The table ${table.name} has no column "${column}".`]
  if (found.generated) return [`The column "${column}" is generated by the database: take it out of the mapping.`]
  if (SAME_FORM[type].includes(found.type) || converted.has(column)) return []
  return [`The column "${column}" is ${found.type}, but the mapping says ${type}.`]
}

/** Tables that a person could mean, as the dialog's list shows them. Those of other extensions are left out. */
export const LIST_TABLES = `
  SELECT CASE WHEN n.nspname = ANY (current_schemas(false)) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE ALL (ARRAY['pg\\_%', '\\_timescaledb\\_%', 'timescaledb\\_%', 'information\\_schema', 'toolkit\\_%'])
  ORDER BY 1 LIMIT 1000`

export const LIST_COLUMNS = `
  SELECT attname::text AS name FROM pg_attribute
  WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`
