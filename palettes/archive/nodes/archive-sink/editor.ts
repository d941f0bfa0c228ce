import type { EditorHooks } from '@millrace/node-red-telemetry/editor'
import { problemsBetween } from './check.ts'

const FORMATS: Readonly<Record<string, string>> = {
  parquet: 'Parquet',
  jsonl: 'JSON lines',
  csv: 'CSV'
}

export default {
  label: ({ format }) => `→ ${FORMATS[String(format ?? 'parquet')] ?? 'files'}`,
  hasPreview: true,
  problems: problemsBetween
} satisfies EditorHooks
