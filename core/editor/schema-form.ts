import { button, element } from './element.ts'
import { type SchemaRow, schemaRows, withRows } from './schema-rows.ts'
import { say } from './texts-of.ts'

const TYPES: Readonly<Record<string, string>> = {
  '': 'any',
  number: 'number',
  integer: 'integer',
  string: 'text',
  boolean: 'true / false',
  'number,string': 'number or text',
  object: 'object',
  array: 'list'
}
const NEW: SchemaRow = {
  name: '',
  type: '',
  minimum: '',
  maximum: '',
  among: '',
  required: false,
  more: [],
  was: undefined
}
type Cell = 'name' | 'minimum' | 'maximum' | 'among'

/** The fields of a JSON Schema, a row each. */
export class SchemaForm {
  readonly element: HTMLElement
  readonly #body = element('tbody')
  #rows: Row[] = []
  #text = ''

  constructor(private readonly write: (text: string) => void) {
    const heads = ['schemaField', 'schemaType', 'schemaMin', 'schemaMax', 'schemaAmong'] as const
    const head = element(
      'tr',
      {},
      ...heads.map(key => element('th', { scope: 'col' }, say(key))),
      element('th', { scope: 'col' }, say('schemaRequired')),
      element('td')
    )
    const add = button('plus', say('add'), () => {
      this.#append(NEW).focus()
    })
    add.classList.add('red-ui-button-small')
    this.element = element(
      'div',
      { class: 'millrace-table' },
      element('table', {}, element('thead', {}, head), this.#body),
      add
    )
    // The form checks the text; a cell is no field of its own.
    for (const event of ['input', 'change'])
      this.element.addEventListener(event, happened => {
        happened.stopPropagation()
        this.#changed()
      })
  }

  show(text: string): boolean {
    const rows = schemaRows(text)
    if (rows === undefined) return false
    this.#text = text
    this.#rows = []
    this.#body.replaceChildren()
    for (const row of rows) this.#append(row)
    return true
  }

  #append(given: SchemaRow): Row {
    const row = new Row(given, () => {
      this.#rows = this.#rows.filter(other => other !== row)
      row.root.remove()
      this.#changed()
    })
    this.#rows.push(row)
    this.#body.append(row.root)
    return row
  }

  #changed(): void {
    this.write(
      withRows(
        this.#text,
        this.#rows.map(row => row.value())
      )
    )
  }
}

class Row {
  readonly root: HTMLElement
  readonly #cells: Readonly<Record<Cell, HTMLInputElement>>
  readonly #type: HTMLSelectElement
  readonly #required = element('input', { type: 'checkbox' })

  constructor(
    private readonly before: SchemaRow,
    remove: () => void
  ) {
    const { more, name, required } = before
    this.#cells = {
      name: cell(name, say('schemaField')),
      minimum: cell(before.minimum, say('schemaMin')),
      maximum: cell(before.maximum, say('schemaMax')),
      among: cell(before.among, say('schemaAmong'))
    }
    this.#type = typeSelect(before.type)
    this.#required.checked = required
    this.#required.setAttribute('aria-label', say('schemaRequired'))
    const less = button('remove', '', remove)
    less.classList.add('red-ui-button-small')
    less.setAttribute('aria-label', say('remove'))
    const { minimum, maximum, among } = this.#cells
    const note = more.length === 0 ? [] : [element('small', {}, `+ ${more.join(', ')}`)]
    this.root = element(
      'tr',
      {},
      element('td', {}, this.#cells.name, ...note),
      ...[this.#type, minimum, maximum, among, this.#required, less].map(each =>
        element('td', {}, each)
      )
    )
  }

  value(): SchemaRow {
    const text = (name: Cell) => this.#cells[name].value.trim()
    return {
      ...this.before,
      name: text('name'),
      type: this.#type.value,
      minimum: text('minimum'),
      maximum: text('maximum'),
      among: text('among'),
      required: this.#required.checked
    }
  }

  focus(): void {
    this.#cells.name.focus()
  }
}

function cell(value: string, name: string): HTMLInputElement {
  const made = element('input', { type: 'text', autocomplete: 'off', 'aria-label': name })
  made.value = value
  return made
}

function typeSelect(type: string): HTMLSelectElement {
  const known = type in TYPES ? TYPES : { ...TYPES, [type]: type.replaceAll(',', ' or ') }
  const options = Object.entries(known).map(([value, text]) => element('option', { value }, text))
  const select = element('select', { 'aria-label': say('schemaType') }, ...options)
  select.value = type
  return select
}
