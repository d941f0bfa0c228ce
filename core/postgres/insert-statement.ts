import { quoted, type TableName } from './identifier.ts'
import type { Plan } from './rows.ts'

/**
 * What happens to a record whose key is in the table: it is left out, replaces the row, replaces it
 * where it is newer, or is rejected.
 */
export type OnConflict = 'ignore' | 'update' | 'newest' | 'reject'

/**
 * Inserts rows that are given as one array a column, where the condition holds. To reject, or to
 * keep the newest, it gives the positions of those that were left out.
 */
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
  // a row of INSERT … RETURNING does not know which record it came from; its key does
  const leftOut = (
    onKey: string,
    more = ''
  ) => `WITH given AS (SELECT * FROM ${given} WITH ORDINALITY AS g (${columns}, "millrace position")),
    put AS (INSERT INTO ${table.sql} AS kept (${columns}) SELECT ${columns} FROM given WHERE ${condition}
            ${onKey} RETURNING ${key.map(name => `kept.${name}`).join(', ')})
    SELECT "millrace position" AS position${more} FROM given
    WHERE NOT EXISTS (SELECT FROM put WHERE ${key.map(name => `put.${name} = given.${name}`).join(' AND ')})`
  if (onConflict === 'update' || onConflict === 'newest') {
    const others = names.filter(name => !key.includes(name))
    const action =
      others.length > 0
        ? `UPDATE SET ${others.map(name => `${name} = excluded.${name}`).join(', ')}`
        : 'NOTHING'
    const onKey = `ON CONFLICT (${key.join(', ')}) DO ${action}`
    if (onConflict === 'update') return `${insert} ${onKey}`
    const time = names[plan.newestBy ?? -1]!
    const same = key.map(name => `newer.${name} = given.${name}`).join(' AND ')
    // One that is there already was stored before, and whoever comes next may not have it yet.
    const older = `, EXISTS (SELECT FROM ${table.sql} newer WHERE ${same} AND newer.${time} > given.${time}) AS older`
    // A row that has no time yet is replaced as well.
    return leftOut(`${onKey} WHERE (kept.${time} < excluded.${time}) IS NOT FALSE`, older)
  }
  return leftOut('ON CONFLICT DO NOTHING')
}
