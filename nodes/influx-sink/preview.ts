import type { Previewed, SortedSample } from '../../core/node/preview.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { reject } from '../../core/record/record.ts'
import { creation } from './creation.ts'
import { type InfluxSinkOptions, sinkPlan } from './logic.ts'

/** So many lines hold what a dialog asks for. */
const MOST_LINES = 1_000

/**
 * The lines that records would become, as InfluxDB takes them, and why some would be rejected; no
 * server is asked.
 */
export function previewed(options: InfluxSinkOptions): Previewed {
  // What the server takes is known where the node runs.
  const { maker } = sinkPlan({ ...options, create: 'off', retention: '' })
  const text = statementsFrom(options)
  return {
    sort(message: Message): SortedSample {
      const written: unknown[] = []
      const rejected: unknown[] = []
      for (const record of recordsOf(message.payload).slice(0, MOST_LINES)) {
        const line = maker.line(record)
        if (typeof line === 'string') written.push({ $row: { line } })
        else rejected.push(reject(record, 'influx-sink', line))
      }
      return { outputs: [written, rejected], filtered: 0, ...(text === '' ? {} : { text }) }
    }
  }
}

/** What would be run where the database or table is missing. */
const statementsFrom = (options: InfluxSinkOptions): string =>
  options.create === 'create'
    ? [
        '-- InfluxDB 1, where the database is missing',
        `${creation(options, 'influx1')};`,
        '-- QuestDB, where the table is missing',
        `${creation(options, 'questdb')};`
      ].join('\n')
    : ''
