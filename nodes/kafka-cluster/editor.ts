import type { EditorHooks, Values } from '../../core/editor/types.ts'
import { serviceOf } from './services.ts'

export default {
  opened(form) {
    const note = document.createElement('div')
    note.className = 'millrace-help'
    form.row('service')?.append(note)
    const show = (name: string) => {
      note.textContent = serviceOf(name)?.note ?? ''
    }
    let shown = String(form.values().service ?? '')
    show(shown)
    form.onChange(({ service }: Values) => {
      const name = String(service)
      if (name === shown) return
      shown = name
      show(name)
      const { settings = {} } = serviceOf(name) ?? {}
      for (const [field, value] of Object.entries(settings)) form.set(field, value)
    })
  }
} satisfies EditorHooks
