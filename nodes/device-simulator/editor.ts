import type { EditorHooks } from '../../core/editor/types.ts'

export default {
  label: ({ devices, ratePerSecond }) => `${devices} devices, ${ratePerSecond}/s`
} satisfies EditorHooks
