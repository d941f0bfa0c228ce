import { button, element } from './element.ts'
import { MAX_DEPTH, type SchemaRow, schemaRows, withRows } from './schema-rows.ts'
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
  depth: 0,
  name: '',
  isElement: false,
  type: '',
  minimum: '',
  maximum: '',
  among: '',
  required: false,
  more: [],
  from: undefined
}
type Cell = 'name' | 'minimum' | 'maximum' | 'among'

/** The fields of a JSON Schema, a row each; those of objects and lists below them. */
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
      this.#insert(NEW, this.#rows.length).focus()
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
    for (const row of rows) this.#insert(row, this.#rows.length)
    return true
  }

  #insert(given: SchemaRow, at: number): Row {
    const row: Row = new Row(given, {
      remove: () => this.#remove(row),
      addBelow: () => this.#addBelow(row)
    })
    this.#body.insertBefore(row.root, this.#rows[at]?.root ?? null)
    this.#rows.splice(at, 0, row)
    return row
  }

  /** Where the rows that stand below this one end. */
  #endOf(row: Row): number {
    const at = this.#rows.indexOf(row) + 1
    const rest = this.#rows.slice(at).findIndex(({ depth }) => depth <= row.depth)
    return rest < 0 ? this.#rows.length : at + rest
  }

  #remove(row: Row): void {
    const at = this.#rows.indexOf(row)
    for (const gone of this.#rows.splice(at, this.#endOf(row) - at)) gone.root.remove()
    this.#changed()
  }

  /** Of a list, what each element is; of that and of an object, a field. */
  #addBelow(row: Row): void {
    const depth = row.depth + 1
    const end = this.#endOf(row)
    const below = this.#rows.slice(this.#rows.indexOf(row) + 1, end)
    const each = below.find(({ depth: at, isElement }) => isElement && at === depth)
    if (each !== undefined && !row.isOf('object')) {
      this.#addBelow(each)
      return
    }
    const isElement = each === undefined && row.isOf('array')
    const type = isElement ? 'object' : ''
    this.#insert({ ...NEW, depth, isElement, type }, end).focus()
    this.#changed()
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
  readonly depth: number
  readonly isElement: boolean
  readonly #cells: Readonly<Record<Cell, HTMLInputElement>>
  readonly #type: HTMLSelectElement
  readonly #required = element('input', { type: 'checkbox' })

  constructor(
    private readonly before: SchemaRow,
    { remove, addBelow }: Readonly<Record<'remove' | 'addBelow', () => void>>
  ) {
    const { more, name, required } = before
    this.depth = before.depth
    this.isElement = before.isElement
    this.#cells = {
      name: cell(name, say('schemaField')),
      minimum: cell(before.minimum, say('schemaMin')),
      maximum: cell(before.maximum, say('schemaMax')),
      among: cell(before.among, say('schemaAmong'))
    }
    this.#type = typeSelect(before.type)
    this.#required.checked = required
    this.#required.setAttribute('aria-label', say('schemaRequired'))
    const moreBelow = small('plus', 'schemaBelow', addBelow)
    const showsBelow = () => {
      moreBelow.hidden = this.depth >= MAX_DEPTH || !(this.isOf('object') || this.isOf('array'))
    }
    this.#type.addEventListener('change', showsBelow)
    showsBelow()
    const { minimum, maximum, among } = this.#cells
    const note =
      more.length === 0 ? [] : [element('small', {}, `${say('schemaMore')} ${more.join(', ')}`)]
    const named = this.isElement ? element('em', {}, say('schemaEach')) : this.#cells.name
    const first = element(
      'td',
      {},
      element('div', { class: 'millrace-nested' }, named, moreBelow),
      ...note
    )
    first.style.paddingLeft = `${this.depth * 16}px`
    const rest = [this.#type, minimum, maximum, among, this.isElement ? '' : this.#required]
    this.root = element(
      'tr',
      {},
      first,
      ...[...rest, small('remove', 'remove', remove)].map(each => element('td', {}, each))
    )
  }

  /** Whether it may be of this type. */
  isOf(type: string): boolean {
    return this.#type.value.split(',').includes(type)
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
    if (this.isElement) this.#type.focus()
    else this.#cells.name.focus()
  }
}

function small(
  iconName: string,
  name: 'remove' | 'schemaBelow',
  act: () => void
): HTMLButtonElement {
  const made = button(iconName, '', act)
  made.classList.add('red-ui-button-small')
  made.setAttribute('aria-label', say(name))
  made.title = say(name)
  return made
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
