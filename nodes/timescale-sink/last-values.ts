import { spec } from './spec.ts'

/** What a sink has that keeps every reading. */
export const telemetry = {
  table: spec.fields.table.default,
  columns: spec.fields.columns.default
} as const

/**
 * What it has that keeps the last value of each device and metric. The value is JSON, since one
 * metric is a number and the next one a text.
 */
export const lastValues = {
  table: 'last_values',
  columns: [
    { column: 'device_id', from: 'device_id', type: 'text', role: 'key' },
    { column: 'metric', from: 'metric', type: 'text', role: 'key' },
    { column: 'time', from: 'ts_utc', type: 'timestamptz', role: 'required' },
    { column: 'value', from: 'value', type: 'jsonb', role: 'required' }
  ]
} as const
