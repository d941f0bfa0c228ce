import type { Column, ListField } from '../node/spec.ts'
import { cellProblems } from './check.ts'
import { asButton, element } from './element.ts'
import { fitColumns } from './list-layout.ts'
import { mark } from './mark.ts'
import { isRequiredColumn, requiredMark } from './row.ts'
import { say } from './texts-of.ts'
import type { Ticked } from './ticks.ts'
import type { Control } from './types.ts'

type Row = Record<string, string | number | boolean>
type Text = (key: string) => string
type Cells = Map<string, HTMLInputElement | HTMLSelectElement>

export interface ListParts {
  readonly field: ListField
  readonly label: string
  readonly rows: readonly Row[]
  /** A text of a column, e.g. `path.label`. */
  readonly text: Text
  readonly changed: () => void
  /** Puts a Pick button beside a cell whose column has one. */
  readonly addPick: (column: Column, cell: HTMLInputElement) => void
  /** Puts a button beside the one that adds a row. */
  readonly addTicks?: (behind: HTMLElement, ticked: Ticked) => void
}

/** A list of rows with one control a column, in Node-RED's editableList. */
export function listControl(
  place: HTMLElement,
  { field, label, rows, text, changed, addPick, addTicks }: ListParts
): Control {
  const columns = Object.entries(field.columns)
  const list = $(element('ol', { class: 'millrace-list' })).appendTo(place)
  const describedBy = place.getAttribute('aria-describedby') ?? ''
  const cellsOf = new WeakMap<HTMLElement, Cells>()
  list.editableList({
    header: $(header(columns, text)),
    addButton: say('add'),
    sortable: true,
    removable: true,
    height: 'auto',
    addItem(container: JQuery, _index: number, row: object) {
      const cells: Cells = new Map()
      const line = element('div', { class: 'millrace-cells' })
      for (const [index, [name, column]] of columns.entries()) {
        const cell = cellOf(column, name, (row as Row)[name] ?? column.default, text)
        cell.setAttribute('aria-label', captionOf(column, text(`${name}.label`)))
        cell.setAttribute('aria-describedby', describedBy)
        cells.set(name, cell)
        line.append(wrapped(cellAttributes(column, index), caption(column, name, text), cell))
        if (column.kind === 'text' && column.pick) addPick(column, cell as HTMLInputElement)
        mark(cell, cellProblems(column, cellValue(column, cell)))
        $(cell).on('change input', () => mark(cell, cellProblems(column, cellValue(column, cell))))
      }
      container.append(line)
      cellsOf.set(container[0]!, cells)
      const remove = container.parent().find('.red-ui-editableList-item-remove')
      if (remove[0]) asButton(remove[0], say('remove'))
    },
    removeItem: changed,
    sortItems: changed
  } as object)
  list.editableList(
    'addItems',
    rows.map(row => ({ ...row }))
  )
  const add = place.querySelector<HTMLElement>('.red-ui-editableList-addButton')
  if (add) asButton(add, `${say('add')}: ${label}`)
  fitColumns(place, field, rows, key => text(key))
  const rowOf = (container: HTMLElement): Row => {
    const cells = cellsOf.get(container)
    return Object.fromEntries(
      columns.map(([name, column]) => [
        name,
        cells ? cellValue(column, cells.get(name)!) : column.default
      ])
    )
  }
  const value = () => containersOf(list).map(item => rowOf(item[0]!))
  if (add) addTicks?.(add, tickedIn(list, columns[0]![0], value, changed))
  return { value }
}

/** The list gives a collection of collections, one a row. */
const containersOf = (list: JQuery): JQuery[] =>
  (list.editableList('items') as unknown as JQuery).toArray().map(item => $(item))

/** The rows of a list by what stands in one of their columns. */
function tickedIn(
  list: JQuery,
  column: string,
  rows: () => readonly Row[],
  changed: () => void
): Ticked {
  const placeOf = (name: string) => rows().findIndex(row => row[column] === name)
  return {
    has: name => placeOf(name) >= 0,
    set(name, isTicked) {
      const item = containersOf(list)[placeOf(name)]
      if (isTicked) list.editableList('addItem', { [column]: name })
      else if (item) list.editableList('removeItem', item.data('data') as object)
      changed()
    }
  }
}

function header(columns: readonly (readonly [string, Column])[], text: Text): HTMLElement {
  const cells = columns.map(([name, column], index) =>
    element('span', cellAttributes(column, index), caption(column, name, text))
  )
  return element(
    'div',
    { class: 'millrace-cells millrace-header', 'aria-hidden': 'true' },
    ...cells
  )
}

function caption(column: Column, name: string, text: Text): HTMLElement {
  const made = element(
    'span',
    { class: 'millrace-cell-caption' },
    captionOf(column, text(`${name}.label`))
  )
  if (isRequiredColumn(column)) made.append(requiredMark())
  return made
}

const captionOf = (column: Column, label: string) =>
  column.kind === 'number' && column.unit ? `${label}, ${column.unit}` : label

const cellAttributes = ({ kind }: Column, index: number) => ({
  class: `millrace-cell millrace-${kind}-cell`,
  style: `flex-basis: var(--millrace-column-${index})`
})

/** A cell with its caption, which is seen where the columns do not fit beside each other. */
function wrapped(
  attributes: Readonly<Record<string, string>>,
  own: HTMLElement,
  cell: HTMLElement
): HTMLElement {
  own.setAttribute('aria-hidden', 'true')
  const control = element('span', { class: 'millrace-cell-control' }, cell)
  return element('span', attributes, own, control)
}

function cellOf(
  column: Column,
  name: string,
  value: string | number | boolean,
  text: Text
): HTMLInputElement | HTMLSelectElement {
  if (column.kind === 'choice') {
    const options = Object.entries(column.choices).map(([key, label]) =>
      element('option', { value: key }, label)
    )
    const select = element('select', {}, ...options)
    select.value = String(value)
    return select
  }
  const input = element('input', {
    type: column.kind === 'bool' ? 'checkbox' : 'text',
    autocomplete: 'off'
  })
  if (column.kind === 'bool') input.checked = value === true || value === 'true'
  else input.value = String(value)
  if (column.placeholder !== undefined) input.placeholder = text(`${name}.placeholder`)
  return input
}

function cellValue(
  column: Column,
  cell: HTMLInputElement | HTMLSelectElement
): string | number | boolean {
  if (column.kind === 'bool') return (cell as HTMLInputElement).checked
  const typed = cell.value.trim()
  return column.kind === 'number' && typed !== '' && Number.isFinite(Number(typed))
    ? Number(typed)
    : typed
}
