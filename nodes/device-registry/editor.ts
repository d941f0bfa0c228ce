import type { EditorHooks } from '../../core/editor/types.ts'
import { devicesPanel } from './editor/panel.ts'

export default {
  label: ({ table, unknown }) =>
    `devices → ${table}${unknown === 'reject' ? ', approved only' : ''}`,
  opened: form => form.main.append(devicesPanel(form.id))
} satisfies EditorHooks
