import { textTemplate } from '../../core/record/text-template.ts'
import type { InfluxSinkOptions } from './logic.ts'

const QUEST_TYPES: Readonly<Record<InfluxSinkOptions['rows'][number]['type'], string>> = {
  tag: 'SYMBOL',
  number: 'DOUBLE',
  integer: 'LONG',
  unsigned: 'LONG',
  text: 'VARCHAR',
  boolean: 'BOOLEAN',
  json: 'VARCHAR'
}

/** The statement that makes what is missing, and does nothing where it is there. */
export function creation(options: InfluxSinkOptions, service: 'influx1' | 'questdb'): string {
  if (service === 'influx1') return `CREATE DATABASE ${influxQuoted(options.database)}`
  const columns = options.rows.map(({ name, type }) => `${quoted(name)} ${QUEST_TYPES[type]}`)
  const tags = options.rows.filter(({ type }) => type === 'tag').map(({ name }) => quoted(name))
  return `CREATE TABLE IF NOT EXISTS ${quoted(measurementOf(options))} (${[
    'timestamp TIMESTAMP',
    ...columns
  ].join(', ')}) TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(${[
    'timestamp',
    ...tags
  ].join(', ')})`
}

/** Of one that is made of no fields: without the second of two braces. */
export function measurementOf({ measurement }: InfluxSinkOptions): string {
  const filled = textTemplate(measurement).fill({})
  return 'text' in filled ? filled.text : measurement
}

/** InfluxQL: a quote and a backslash have a backslash before them, a line break is written \n. */
const influxQuoted = (name: string) => `"${name.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`

/** QuestDB has no way to write a quote in a name, and refuses it. */
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** Whether a table of QuestDB keeps a point that comes twice as one row. */
export const dedupQuery = (options: InfluxSinkOptions): string =>
  `SELECT dedup FROM tables() WHERE table_name = '${measurementOf(options).replaceAll("'", "''")}'`
