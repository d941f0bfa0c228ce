import { quoted, type TableName } from './identifier.ts'
import type { Plan } from './rows.ts'

/**
 * What happens to a record whose key is in the table: it is left out, replaces the row, or is
 * rejected.
 */
export type OnConflict = 'ignore' | 'update' | 'reject'

/** Inserts rows that are given as one array a column, where the condition holds. */
export function insertStatement(
  plan: Plan,
  table: TableName,
  onConflict: OnConflict,
  condition: string
): string {
  const names = plan.mappings.map(({ column }) => quoted(column))
  const columns = names.join(', ')
  const given = `unnest(${plan.mappings.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')})`
  const insert = `INSERT INTO ${table.sql} (${columns}) SELECT * FROM ${given} WHERE ${condition}`
  if (onConflict === 'ignore') return `${insert} ON CONFLICT DO NOTHING`
  const key = plan.key.map(index => names[index]!)
  if (onConflict === 'update') {
    const others = names.filter(name => !key.includes(name))
    const action =
      others.length > 0
        ? `UPDATE SET ${others.map(name => `${name} = excluded.${name}`).join(', ')}`
        : 'NOTHING'
    return `${insert} ON CONFLICT (${key.join(', ')}) DO ${action}`
  }
  // a row of INSERT … RETURNING does not know which record it came from; its key does
  return `WITH given AS (SELECT * FROM ${given} WITH ORDINALITY AS g (${columns}, "millrace position")),
    put AS (INSERT INTO ${table.sql} (${columns}) SELECT ${columns} FROM given WHERE ${condition}
            ON CONFLICT DO NOTHING RETURNING ${key.join(', ')})
    SELECT "millrace position" AS position FROM given
    WHERE NOT EXISTS (SELECT FROM put WHERE ${key.map(name => `put.${name} = given.${name}`).join(' AND ')})`
}
