import type { EditorHooks } from '../../core/editor/types.ts'

const MAX_NAMES = 2

export default {
  learns: true,
  label({ copy }) {
    const names = (Array.isArray(copy) ? copy : []).map(
      ({ from, to }: { from?: unknown; to?: unknown }) => String(to || from)
    )
    if (names.length === 0) return '+ metadata'
    const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ''
    return `+ ${names.slice(0, MAX_NAMES).join(', ')}${more}`
  }
} satisfies EditorHooks
