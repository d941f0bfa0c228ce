import type { CodeField } from '../node/spec.ts'
import { CodeControl } from './code.ts'
import { element } from './element.ts'
import { SchemaForm } from './schema-form.ts'
import { TableGrid } from './table-grid.ts'
import { say } from './texts-of.ts'
import type { Control } from './types.ts'

/** Rows in front of a text. */
export interface RowsView {
  readonly element: HTMLElement
  /** Shows what the text says; false where rows cannot. */
  show(text: string): boolean
}

const VIEWS: Readonly<
  Record<NonNullable<CodeField['as']>, new (write: (text: string) => void) => RowsView>
> = { table: TableGrid, 'json-schema': SchemaForm }

/**
 * A text that is mostly filled in by rows. Both say the same: the rows write the text, and are read
 * from it; what rows cannot show is shown as text.
 */
export class ComposedCode implements Control {
  readonly #rows: RowsView
  readonly #code: CodeControl
  readonly #codePlace = element('div', { class: 'millrace-code-place' })
  readonly #buttons: Readonly<Record<'rows' | 'text', HTMLButtonElement>>
  #isText = false

  constructor(
    place: HTMLElement,
    field: CodeField & { readonly as: NonNullable<CodeField['as']> },
    before: string,
    changed: () => void
  ) {
    this.#code = new CodeControl(this.#codePlace, field, before, () => changed())
    this.#rows = new VIEWS[field.as](text => {
      this.#code.write(text)
      changed()
    })
    this.#buttons = { rows: this.#button('rows'), text: this.#button('text') }
    const views = element(
      'div',
      { class: 'millrace-views', role: 'group', 'aria-label': say('views') },
      this.#buttons.rows,
      this.#buttons.text
    )
    place.append(views, this.#rows.element, this.#codePlace)
    this.#show(!this.#rows.show(before))
  }

  value(): string {
    return this.#code.value()
  }

  shown(): void {
    if (this.#isText) this.#code.shown()
  }

  close(): void {
    this.#code.close()
  }

  #button(view: 'rows' | 'text'): HTMLButtonElement {
    const made = element(
      'button',
      { type: 'button', class: 'red-ui-button red-ui-button-small' },
      say(view === 'rows' ? 'asRows' : 'asText')
    )
    made.addEventListener('click', () => {
      const isText = view === 'text' || !this.#rows.show(this.value())
      this.#show(isText)
      if (isText) this.#code.shown()
    })
    return made
  }

  #show(isText: boolean): void {
    this.#isText = isText
    this.#rows.element.hidden = isText
    this.#codePlace.hidden = !isText
    this.#buttons.rows.setAttribute('aria-pressed', String(!isText))
    this.#buttons.text.setAttribute('aria-pressed', String(isText))
  }
}
