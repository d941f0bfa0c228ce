import type { EditorHooks } from '../../core/editor/types.ts'
import { problemsBetween } from './check.ts'

export default {
  label: ({ devices, ratePerSecond }) => `${devices} devices, ${ratePerSecond}/s`,
  problems: values => problemsBetween(values as Parameters<typeof problemsBetween>[0])
} satisfies EditorHooks
