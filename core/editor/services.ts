import type { OfferedService } from '../node/offered-service.ts'
import type { Field } from '../node/spec.ts'
import type { EditorHooks, Form, Values } from './types.ts'

/** What a service has written into a field, and what stood there before. */
interface Written {
  readonly before: unknown
  readonly now: unknown
}

/**
 * A dialog whose field `service` fills in the others, and says what there is to know. What a person
 * has typed stays, and what another service has written goes again.
 */
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
    let written = new Map<string, Written>()
    show(shown)
    form.onChange(({ service }: Values) => {
      const name = String(service)
      if (name === shown) return
      shown = name
      show(name)
      takeBack(form, written)
      written = fillIn(form, serviceOf(name)?.settings ?? {})
    })
  }
})

function takeBack(form: Form, written: ReadonlyMap<string, Written>): void {
  for (const [name, { before, now }] of written)
    if (isSame(form.values()[name], now)) form.set(name, before)
}

function fillIn(form: Form, settings: OfferedService['settings']): Map<string, Written> {
  const written = new Map<string, Written>()
  for (const [name, now] of Object.entries(settings)) {
    const before = form.values()[name]
    if (isTyped(form.fields[name], before)) continue
    written.set(name, { before, now })
    form.set(name, now)
  }
  return written
}

/** A text that is not the one which was there at first. */
const isTyped = (field: Field | undefined, value: unknown): boolean =>
  field?.kind === 'text' && value !== '' && !isSame(value, field.default)

/** Numbers may be text in a dialog. */
const isSame = (a: unknown, b: unknown): boolean => String(a) === String(b)
