import type { EditorHooks } from '../../core/editor/types.ts'
import { problemsBetween } from './check.ts'
import { lastValues, telemetry } from './last-values.ts'

export default {
  label: ({ table }) =>
    typeof table === 'string' && table !== '' ? `records → ${table}` : 'timescale sink',
  hasPreview: true,
  learns: true,
  shows: (field, { aggregates }) => field !== 'zone' || hasDays(aggregates),
  opened: form =>
    form.onChange(({ conflict, columns }) => {
      // Who has changed the columns has their own.
      const others = conflict === 'newest' ? lastValues : telemetry
      const before = conflict === 'newest' ? telemetry : lastValues
      if (JSON.stringify(columns) !== JSON.stringify(before.columns)) return
      form.set('columns', others.columns)
      if (form.values().table === before.table) form.set('table', others.table)
    }),
  problems: values => problemsBetween(values as Parameters<typeof problemsBetween>[0])
} satisfies EditorHooks

/** Only buckets from a day on begin by a time zone. */
const hasDays = (aggregates: unknown): boolean =>
  Array.isArray(aggregates) &&
  aggregates.some(({ bucket }: { bucket?: unknown }) => /day|week|month/.test(String(bucket)))
