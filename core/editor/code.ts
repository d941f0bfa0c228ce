import type { CodeField } from '../node/spec.ts'
import { button, element } from './element.ts'
import type { CodeEditor } from './red.ts'
import { say } from './texts-of.ts'
import type { Control } from './types.ts'

const MODES = {
  json: 'ace/mode/json',
  sql: 'ace/mode/sql',
  csv: 'ace/mode/text',
  text: 'ace/mode/text'
} as const

/**
 * A field of code in Monaco, which colours it and checks the syntax of JSON. Monaco is heavy: it is
 * made when the field is shown.
 */
export class CodeControl implements Control {
  #editor: CodeEditor | undefined

  constructor(
    private readonly place: HTMLElement,
    private readonly field: CodeField,
    private before: string,
    private readonly changed: () => void
  ) {}

  value(): string {
    return this.#editor?.getValue() ?? this.before
  }

  /** Puts another text in its place. */
  write(text: string): void {
    if (this.#editor) this.#editor.setValue(text, -1)
    else this.before = text
  }

  shown(): void {
    if (this.#editor) return
    const box = element('div', { class: 'node-text-editor millrace-code' })
    const larger = button('expand', '', () =>
      openLarger(this.field, this.value(), text => this.#editor?.setValue(text, -1))
    )
    larger.classList.add('red-ui-button-small', 'millrace-larger')
    this.place.append(box, larger)
    larger.title = say('expand')
    const mode = MODES[this.field.language]
    this.#editor = window.RED.editor.createEditor({
      element: box,
      mode,
      value: this.before,
      minimap: { enabled: false }
    })
    this.#editor.getSession().on('change', this.changed)
  }

  close(): void {
    this.#editor?.destroy()
  }
}

function openLarger(
  { language }: CodeField,
  value: string,
  complete: (text: string) => void
): void {
  if (language === 'json') window.RED.editor.editJSON({ value, complete })
  else window.RED.editor.editText({ value, mode: language === 'sql' ? 'sql' : 'text', complete })
}
