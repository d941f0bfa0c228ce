import {
  isRejection,
  type Message,
  type Previewed,
  provenanceOf,
  recordsOf,
  reject
} from '@millrace/node-red-telemetry'
import { type Cell, cellText } from '../../core/column.ts'
import { type Plan, planOf, type SinkOptions } from './logic.ts'
import { spec } from './spec.ts'

/** So many rows hold what a dialog asks for. */
const MOST_ROWS = 1_000

/** Where records would be archived and as what, and why some would be rejected. */
export function previewed(options: SinkOptions): Previewed {
  const plan = planOf(options, spec.label, 'archive')
  return {
    sort({ payload, topic }: Message) {
      const filed: unknown[] = []
      const rejected: unknown[] = []
      for (const record of recordsOf(payload).slice(0, MOST_ROWS)) {
        const from = fromOf(record, String(topic ?? 'topic'))
        const found = isRejection(record) ? record.reason : plan.file(record as object, from)
        if ('code' in found) rejected.push(reject(record, 'archive-sink', found))
        else filed.push({ $row: { folder: found.path, ...shown(found.text, plan) } })
      }
      return { outputs: [filed, rejected], filtered: 0 }
    }
  }
}

/** Cells of Parquet by their columns; else the line as it stands in the file. */
function shown(text: string, { finishing: { format, columns } }: Plan): Record<string, unknown> {
  if (format !== 'parquet') return { line: text.trimEnd() }
  const cells = JSON.parse(text) as Cell[]
  return Object.fromEntries(
    columns.map((column, index) => {
      const cell = cells[index]!
      return [column.name, cell === null ? null : cellText(column, cell)]
    })
  )
}

/** As Kafka would have it now, where the record in the dialog was never there. */
function fromOf(record: unknown, topic: string) {
  const origin = provenanceOf(record)?.taken.origin
  return origin?.kind === 'kafka'
    ? { topic: origin.topic, partition: origin.partition, kafkaMs: Number(origin.timestamp) }
    : { topic, partition: 0, kafkaMs: Date.now() }
}
