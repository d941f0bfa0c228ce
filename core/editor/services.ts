import type { OfferedService } from '../node/offered-service.ts'
import type { EditorHooks, Values } from './types.ts'

/** A dialog whose field `service` fills in the others, and says what there is to know. */
export const offersServices = (
  serviceOf: (name: string) => OfferedService | undefined
): EditorHooks => ({
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
})
