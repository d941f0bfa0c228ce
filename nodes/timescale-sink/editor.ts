import type { EditorHooks } from '../../core/editor/types.ts'

export default {
  label: ({ table }) => (typeof table === 'string' && table !== '' ? `records → ${table}` : 'timescale sink')
} satisfies EditorHooks
