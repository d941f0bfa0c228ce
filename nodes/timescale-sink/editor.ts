import type { EditorHooks } from '../../core/editor/types.ts'
import { problemsBetween } from './check.ts'

export default {
  label: ({ table }) =>
    typeof table === 'string' && table !== '' ? `records → ${table}` : 'timescale sink',
  hasPreview: true,
  learns: true,
  problems: values => problemsBetween(values as Parameters<typeof problemsBetween>[0])
} satisfies EditorHooks
