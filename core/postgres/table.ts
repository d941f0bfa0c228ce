import { type ColumnType, OIDS } from './binary.ts'
import type { TableName } from './identifier.ts'
import type { OnConflict } from './insert-statement.ts'
import type { Session } from './pool.ts'
import { type Mapping, type Plan, planOf } from './rows.ts'
import { SettingError } from './setting-error.ts'

interface MappingProblem {
  readonly says: string
  readonly words: string
}

function settingError(problems: readonly MappingProblem[]): SettingError {
  const more = problems.length > 1 ? ` +${problems.length - 1}` : ''
  const says = problems.map(problem => problem.says)
  return new SettingError(says, `${problems[0]!.words}${more}`)
}

export interface TableColumn {
  readonly name: string
  /** As PostgreSQL writes it, without length: `double precision`, `character varying`. */
  readonly type: string
  readonly required: boolean
  /** The database fills it itself, and takes no value. */
  readonly generated: boolean
  /** Object identifier of its type, which may be a domain. */
  readonly typeOid: number
}

export interface UniqueKey {
  readonly indexOid: number
  /** Without those it only includes. */
  readonly columns: readonly string[]
}

export interface TableFacts {
  readonly oid: number
  /** With its schema, ready for SQL, whatever the search path of a session. */
  readonly fullName: string
  readonly columns: readonly TableColumn[]
  /** The unique indexes that hold for all rows. */
  readonly uniqueKeys: readonly UniqueKey[]
  /** Mapped columns of another type that PostgreSQL converts to on INSERT, but not on COPY. */
  readonly converted: ReadonlySet<string>
}

const COLUMNS = `
  SELECT c.oid::int8 AS oid, format('%I.%I', n.nspname, c.relname) AS "fullName",
         a.attname AS name, format_type(t.base, NULL) AS type, a.atttypid::int8 AS "typeOid",
         (a.attnotnull OR t.required) AND NOT (a.atthasdef OR t.defaults) AND a.attidentity = '' AS required,
         a.attgenerated <> '' OR a.attidentity = 'a' AS generated,
         EXISTS (SELECT FROM pg_cast c WHERE c.castsource = ($2::oid[])[array_position($3::text[], a.attname::text)]
                 AND c.casttarget = t.base AND c.castcontext IN ('a', 'i')) AS converted
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (SELECT CASE WHEN y.typtype = 'd' THEN y.typbasetype ELSE y.oid END AS base,
                             y.typnotnull AS required, y.typdefault IS NOT NULL AS defaults
                      FROM pg_type y WHERE y.oid = a.atttypid) t
  WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`

const UNIQUE_KEYS = `
  SELECT i.indexrelid::int8 AS "indexOid", array_agg(a.attname::text ORDER BY a.attname) AS columns
  FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
  WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
  GROUP BY i.indexrelid ORDER BY 1`

/** int8 comes as text. */
interface ColumnRow extends Omit<TableColumn, 'typeOid'> {
  readonly oid: string
  readonly fullName: string
  readonly typeOid: string
  readonly converted: boolean
}

/** What the database knows of the table, or undefined where there is none of this name. */
export async function inspectTable(
  session: Session,
  table: TableName,
  mappings: readonly Mapping[]
): Promise<TableFacts | undefined> {
  const oids = mappings.map(({ type }) => OIDS[type])
  const names = mappings.map(({ column }) => column)
  const { rows } = await session.query<ColumnRow>(COLUMNS, [table.sql, oids, names])
  const [first] = rows
  if (first === undefined) return undefined
  const keys = await session.query<{ indexOid: string; columns: string[] }>(UNIQUE_KEYS, [
    table.sql
  ])
  return {
    oid: Number(first.oid),
    fullName: first.fullName,
    columns: rows.map(({ name, type, required, generated, typeOid }) => ({
      name,
      type,
      required,
      generated,
      typeOid: Number(typeOid)
    })),
    uniqueKeys: keys.rows.map(({ indexOid, columns }) => ({ indexOid: Number(indexOid), columns })),
    converted: new Set(
      rows.filter(row => row.converted && !BENT.includes(row.type)).map(({ name }) => name)
    )
  }
}

/**
 * What PostgreSQL would convert to on INSERT by cutting off: the day or the hour of a time, the end
 * of a text.
 */
const BENT = ['date', 'time without time zone', 'time with time zone', 'name', '"char"']

/**
 * The names that a column may have in the catalogue to be written in the binary form of the
 * mapping's type.
 */
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

/**
 * Where the column is of another type than the mapping says: the one to check and to send values
 * as, so that none is bent.
 */
const SENT_AS: Partial<Record<ColumnType, Readonly<Record<string, ColumnType>>>> = {
  'double precision': {
    smallint: 'integer',
    integer: 'integer',
    bigint: 'bigint',
    numeric: 'numeric'
  },
  numeric: { smallint: 'bigint', integer: 'bigint', bigint: 'bigint' }
}

export interface Fitness {
  /**
   * The plan, with the types that values are checked and sent as; the very same where it fits as it
   * is.
   */
  readonly plan: Plan
  /** COPY BINARY takes no conversions. */
  readonly copyable: boolean
  /** Some unique index keeps a record out that comes a second time. */
  readonly keyed: boolean
}

/**
 * Holds the mapping against the table. The server does not: eight bytes that are a time are a
 * number, too.
 * @throws SettingError that lists all that must be corrected
 */
export function checkMapping(
  facts: TableFacts,
  plan: Plan,
  table: TableName,
  onConflict: OnConflict
): Fitness {
  const known = new Map(facts.columns.map(column => [column.name, column]))
  const mapped = new Set(plan.mappings.map(({ column }) => column))
  const problems = plan.mappings.flatMap(mapping =>
    mappingProblem(mapping, known.get(mapping.column), facts.converted, table)
  )
  for (const { name, required } of facts.columns)
    if (required && !mapped.has(name)) problems.push(noValueFor(table, name))
  const key = keyOf(plan)
  const exact = facts.uniqueKeys.some(
    ({ columns }) => columns.length === key.length && columns.every(column => key.includes(column))
  )
  if (onConflict !== 'ignore' && !exact) {
    const says = `To ${WISHES[onConflict]}, the table ${table.name} needs a unique index on exactly (${key.join(', ')}).`
    problems.push({ says, words: 'unique index missing' })
  }
  if (problems.length > 0) throw settingError(problems)
  const types = plan.mappings.map(
    ({ column, type }) => SENT_AS[type]?.[known.get(column)!.type] ?? type
  )
  return {
    plan: sentAs(plan, types),
    copyable: plan.mappings.every(({ column }, index) =>
      SAME_FORM[types[index]!].includes(known.get(column)!.type)
    ),
    keyed: protectingKeys(facts, plan).length > 0
  }
}

const WISHES: Readonly<Record<Exclude<OnConflict, 'ignore'>, string>> = {
  update: 'update rows',
  newest: 'keep the newest row of each key',
  reject: 'reject what is there already'
}

const sentAs = (plan: Plan, types: readonly ColumnType[]): Plan =>
  plan.mappings.every(({ type }, index) => type === types[index])
    ? plan
    : planOf(
        plan.mappings.map((mapping, index) => ({ ...mapping, type: types[index]! })),
        plan.newestBy !== undefined
      )

/**
 * The unique keys on mapped columns alone. One that the database fills, as from a sequence, is new
 * each time.
 */
export function protectingKeys(facts: TableFacts, plan: Plan): UniqueKey[] {
  const mapped = new Set(plan.mappings.map(({ column }) => column))
  return facts.uniqueKeys.filter(({ columns }) => columns.every(column => mapped.has(column)))
}

export const keyOf = (plan: Plan): string[] => plan.key.map(index => plan.mappings[index]!.column)

/** Of a column that is in the table, takes no nulls, and gets no value from the mapping. */
export const neededColumn = (table: TableName, column: string): SettingError =>
  settingError([noValueFor(table, column)])

const noValueFor = (table: TableName, column: string): MappingProblem => ({
  says: `The table ${table.name} needs a value for column "${column}", which is not in the mapping.`,
  words: `no value for ${column}`
})

/** Said of a table where nothing keeps a record out that comes a second time. */
export const unprotected = (table: TableName, plan: Plan): string =>
  `The table ${table.name} has no unique index on columns of the mapping alone: a record that is delivered twice will be in it twice. Create one on (${keyOf(plan).join(', ') || 'time, …'}).`

function mappingProblem(
  { column, type }: Mapping,
  found: TableColumn | undefined,
  converted: ReadonlySet<string>,
  table: TableName
): MappingProblem[] {
  if (!found)
    return [
      { says: `The table ${table.name} has no column "${column}".`, words: `no column ${column}` }
    ]
  if (found.generated) {
    const says = `The column "${column}" is generated by the database: take it out of the mapping.`
    return [{ says, words: `generated: ${column}` }]
  }
  if (SAME_FORM[type].includes(found.type) || converted.has(column)) return []
  const says = `The column "${column}" is ${found.type}, but the mapping says ${type}.`
  return [{ says, words: `wrong type: ${column}` }]
}

/**
 * Tables that a person could mean, as the dialog's list shows them. Those of other extensions are
 * left out.
 */
export const LIST_TABLES = `
  SELECT CASE WHEN n.nspname = ANY (current_schemas(false)) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE ALL (ARRAY['pg\\_%', '\\_timescaledb\\_%', 'timescaledb\\_%', 'information\\_schema', 'toolkit\\_%'])
  ORDER BY 1 LIMIT 1000`

export const LIST_COLUMNS = `
  SELECT attname::text AS name FROM pg_attribute
  WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`
