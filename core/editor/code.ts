import type { Control } from '../editor.ts'
import type { CodeField } from '../spec.ts'
import { button, element } from './element.ts'
import { say } from './texts-of.ts'

const MODES = { json: 'ace/mode/json', sql: 'ace/mode/sql', csv: 'ace/mode/text' } as const

/** A field of code in Monaco, which colours it and checks the syntax of JSON. */
export function codeControl(place: HTMLElement, field: CodeField, value: string, changed: () => void): Control & { close(): void } {
  const box = element('div', { class: 'node-text-editor millrace-code' })
  const larger = button('expand', '', () => openLarger(field, editor.getValue(), text => editor.setValue(text, -1)))
  larger.classList.add('red-ui-button-small', 'millrace-larger')
  place.append(box, larger)
  window.RED.popover.tooltip($(larger), say('expand'))
  const editor = window.RED.editor.createEditor({
    element: box,
    mode: MODES[field.language],
    value,
    minimap: { enabled: false }
  })
  editor.getSession().on('change', changed)
  return { value: () => editor.getValue(), close: () => editor.destroy() }
}

function openLarger({ language }: CodeField, value: string, complete: (text: string) => void): void {
  if (language === 'json') window.RED.editor.editJSON({ value, complete })
  else window.RED.editor.editText({ value, mode: language === 'sql' ? 'sql' : 'text', complete })
}
