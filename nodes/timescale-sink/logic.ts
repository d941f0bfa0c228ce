import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import type { Blocker } from '../../core/postgres/blocked.ts'
import { splitColumn, type TableWish } from '../../core/postgres/bootstrap.ts'
import { parseTableName, type TableName } from '../../core/postgres/identifier.ts'
import { type Mapping, type Plan, planOf } from '../../core/postgres/rows.ts'
import { aggregatesOf } from './aggregate-rows.ts'
import { problemsBetween } from './check.ts'
import { namesIn, ordersIn } from './column-list.ts'
import { spec } from './spec.ts'

export type SinkOptions = Options<typeof spec>

/** What the options ask for, made ready. */
export interface SinkPlan extends TableWish {
  readonly plan: Plan
  readonly table: TableName
  /**
   * Replacing rows by several connections at once would let an older value win; and what is the
   * newest leaves in order.
   */
  readonly connections: number
}

/** @throws OptionsError that lists what is wrong with the table's name and the mapping */
export function sinkPlan(options: SinkOptions): SinkPlan {
  const table = parseTableName(options.table)
  const problems = problemsBetween(options)
  if (!table || problems.length > 0) throw OptionsError.between(spec, problems)
  const { chunkDays, compressAfterDays, retainDays, segmentBy, orderBy } = options
  const connections =
    options.conflict === 'update' || options.conflict === 'newest' ? 1 : options.connections
  const plan = planOf(options.columns.map(mappingOf), options.conflict === 'newest')
  const time = splitColumn(plan)
  if (options.aggregates.length > 0 && time === undefined)
    throw OptionsError.between(spec, [['aggregates', NO_TIME]])
  return {
    plan,
    table,
    connections,
    chunkDays,
    compressAfterDays,
    retainDays,
    segmentBy: segmentBy === '' ? undefined : namesIn(segmentBy),
    orderBy: orderBy === '' ? undefined : ordersIn(orderBy),
    aggregates: time === undefined ? [] : aggregatesOf(options, time)
  }
}

const NO_TIME = 'a time must be among the columns that are the key or required'

const mappingOf = ({ column, from, type, role }: SinkOptions['columns'][number]): Mapping => ({
  column,
  from,
  type,
  key: role === 'key',
  required: role !== 'optional'
})

/** What a batch waits for that has not come to an end for so long. */
export function heldWords(blocker: Pick<Blocker, 'ofRows'> | undefined, heldMs: number): string {
  if (!blocker) return `no answer for ${Math.round(heldMs / 1000)} s`
  return blocker.ofRows ? 'row locked' : 'table locked'
}

/** The same for the log. */
export function heldSentence(
  table: string,
  { process, user, application, ofRows }: Blocker
): string {
  const who = [application, user === null ? '' : `user ${user}`].filter(part => part).join(', ')
  const what = ofRows ? 'rows that are to be written to the table' : 'the table'
  return `Process ${process} of the database${who === '' ? '' : ` (${who})`} locks ${what} ${table}; records wait until it is done.`
}
