import type { Options } from '../../core/node/spec.ts'
import { compact } from '../../core/node/status.ts'
import { OptionsError } from '../../core/options-error.ts'
import type { Blocker } from '../../core/postgres/blocked.ts'
import type { TableWish } from '../../core/postgres/bootstrap.ts'
import { parseTableName, type TableName } from '../../core/postgres/identifier.ts'
import { type Mapping, type Plan, planOf } from '../../core/postgres/rows.ts'
import { isFieldPath } from '../../core/record/field-path.ts'
import { spec } from './spec.ts'

export type SinkOptions = Options<typeof spec>

/** What the options ask for, made ready. */
export interface SinkPlan extends TableWish {
  readonly plan: Plan
  readonly table: TableName
  /** Replacing rows by several connections at once would let an older value win. */
  readonly connections: number
}

/** @throws OptionsError that lists what is wrong with the table's name and the mapping */
export function sinkPlan(options: SinkOptions): SinkPlan {
  const table = parseTableName(options.table)
  const problems = table ? [] : [`${spec.fields.table.label}: "${options.table}" is not a table's name such as telemetry or iot.telemetry`]
  problems.push(...columnProblems(options).map(problem => `${spec.fields.columns.label}: ${problem}`))
  if (!table || problems.length > 0) throw new OptionsError(spec.label, problems)
  const { chunkDays, compressAfterDays, retainDays } = options
  const connections = options.conflict === 'update' ? 1 : options.connections
  return { plan: planOf(options.columns.map(mappingOf)), table, connections, chunkDays, compressAfterDays, retainDays }
}

const mappingOf = ({ column, from, type, role }: SinkOptions['columns'][number]): Mapping => ({
  column,
  from,
  type,
  key: role === 'key',
  required: role !== 'optional'
})

function columnProblems({ columns, conflict }: SinkOptions): string[] {
  if (columns.length === 0) return ['there must be at least one']
  const problems: string[] = []
  const seen = new Set<string>()
  for (const [index, { column, from }] of columns.entries()) {
    if (seen.has(column)) problems.push(`row ${index + 1}: the column ${column} is there twice`)
    if (!isFieldPath(from)) problems.push(`row ${index + 1}: "${from}" is not a field's name or path`)
    seen.add(column)
  }
  const keys = columns.filter(({ role }) => role === 'key')
  if (keys.length === 0 && conflict !== 'ignore') problems.push('to replace or reject what is there already, some columns must be the key')
  // TimescaleDB: a unique index must hold the column that the table is split by
  if (keys.length > 0 && !keys.some(({ type }) => type === 'timestamptz')) problems.push('a key needs a time among its columns')
  return problems
}

/** What the node says of itself while all is well. */
export function progressText(stored: number, rejected: number, perSecond: number): string {
  const parts = [
    perSecond >= 0.5 ? `${compact(perSecond)}/s` : '',
    `${compact(stored)} stored`,
    rejected > 0 ? `${compact(rejected)} rejected` : ''
  ]
  return parts.filter(part => part !== '').join(' · ')
}

/** What a batch waits for that has not come to an end for so long. */
export function heldWords(blocker: Pick<Blocker, 'ofRows'> | undefined, heldMs: number): string {
  if (!blocker) return `no answer for ${Math.round(heldMs / 1000)} s`
  return blocker.ofRows ? 'row locked' : 'table locked'
}

/** The same for the log. */
export function heldSentence(table: string, { process, user, application, ofRows }: Blocker): string {
  const who = [application, user === null ? '' : `user ${user}`].filter(part => part).join(', ')
  const what = ofRows ? 'rows that are to be written to the table' : 'the table'
  return `Process ${process} of the database${who === '' ? '' : ` (${who})`} locks ${what} ${table}; records wait until it is done.`
}

/** What the node says while nothing can be stored. */
export function waitingText(records: number, why: string): string {
  return records > 0 ? `${compact(records)} waiting · ${why}` : why
}
