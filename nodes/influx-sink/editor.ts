import type { EditorHooks } from '../../core/editor/types.ts'
import { problemsBetween } from './check.ts'

export default {
  label: ({ measurement }) =>
    typeof measurement === 'string' && measurement !== ''
      ? `records → ${measurement}`
      : 'influx sink',
  hasPreview: true,
  learns: true,
  problems: values => problemsBetween(values as Parameters<typeof problemsBetween>[0])
} satisfies EditorHooks
