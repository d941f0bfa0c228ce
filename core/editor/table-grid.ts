import { csvOf, pastedCells, tableIn } from './cells.ts'
import { button, element } from './element.ts'
import { say } from './texts-of.ts'

/** Of a file; what is longer belongs into a file that the node reads itself. */
const MAX_FILE = 500_000

/**
 * A table to type in, to paste into from a spreadsheet, or to fill from a CSV file. The first line
 * names the columns.
 */
export class TableGrid {
  readonly element: HTMLElement
  readonly #table = element('table')
  readonly #says = element('div', { class: 'millrace-answer', role: 'status' })
  #cells: string[][] = []

  constructor(private readonly write: (text: string) => void) {
    const small = (made: HTMLButtonElement) => {
      made.classList.add('red-ui-button-small')
      return made
    }
    this.element = element(
      'div',
      { class: 'millrace-table' },
      element('div', { class: 'millrace-scroll' }, this.#table),
      element(
        'div',
        { class: 'millrace-table-end' },
        small(button('plus', say('addRow'), () => this.#grow(1, 0))),
        small(button('plus', say('addColumn'), () => this.#grow(0, 1))),
        small(button('upload', say('upload'), () => this.#pickFile())),
        element('small', {}, say('pasteHint'))
      ),
      this.#says
    )
    this.#table.addEventListener('input', event => this.#typed(event))
    this.#table.addEventListener('change', event => event.stopPropagation())
    this.#table.addEventListener('paste', event => this.#pasted(event))
    this.#table.addEventListener('keydown', event => this.#moved(event))
  }

  show(text: string): boolean {
    const cells = tableIn(text)
    if (cells === undefined) return false
    this.#cells = cells
    this.#draw()
    return true
  }

  #draw(): void {
    const [header = [], ...rows] = this.#cells
    const headCells = header.map((name, column) =>
      element('th', { scope: 'col' }, this.#cell(0, column, name, `${say('column')} ${column + 1}`))
    )
    const lines = rows.map((row, index) =>
      element(
        'tr',
        {},
        ...row.map((value, column) =>
          element('td', {}, this.#cell(index + 1, column, value, `${header[column]} ${index + 1}`))
        ),
        element('td', {}, this.#remover(index + 1))
      )
    )
    this.#table.replaceChildren(
      element('thead', {}, element('tr', {}, ...headCells, element('td'))),
      element('tbody', {}, ...lines)
    )
  }

  #cell(row: number, column: number, value: string, name: string): HTMLInputElement {
    const made = element('input', { type: 'text', autocomplete: 'off', 'aria-label': name })
    made.dataset.row = String(row)
    made.dataset.column = String(column)
    made.value = value
    return made
  }

  #remover(row: number): HTMLButtonElement {
    const made = button('remove', '', () => {
      this.#cells.splice(row, 1)
      this.#redraw()
    })
    made.classList.add('red-ui-button-small')
    made.setAttribute('aria-label', `${say('remove')}: ${row}`)
    return made
  }

  #redraw(): void {
    this.#draw()
    this.write(csvOf(this.#cells))
  }

  #grow(rows: number, columns: number): void {
    const width = (this.#cells[0]?.length ?? 0) + columns
    for (const row of this.#cells) while (row.length < width) row.push('')
    for (let more = 0; more < rows; more++) this.#cells.push(Array<string>(width).fill(''))
    this.#redraw()
    this.#focus(columns > 0 ? 0 : this.#cells.length - 1, columns > 0 ? width - 1 : 0)
  }

  #typed(event: Event): void {
    event.stopPropagation()
    const place = placeOf(event.target)
    if (place === undefined) return
    this.#cells[place.row]![place.column] = place.input.value
    this.write(csvOf(this.#cells))
  }

  /** One cell is pasted as everywhere; several fill the table from here on. */
  #pasted(event: ClipboardEvent): void {
    const place = placeOf(event.target)
    const text = event.clipboardData?.getData('text/plain') ?? ''
    if (place === undefined || !/[\t\n]/.test(text)) return
    event.preventDefault()
    const pasted = pastedCells(text)
    const width = Math.max(
      this.#cells[0]?.length ?? 0,
      ...pasted.map(({ length }) => place.column + length)
    )
    while (this.#cells.length < place.row + pasted.length) this.#cells.push([])
    for (const row of this.#cells) while (row.length < width) row.push('')
    for (const [down, row] of pasted.entries())
      for (const [right, cell] of row.entries())
        this.#cells[place.row + down]![place.column + right] = cell
    this.#redraw()
    this.#focus(place.row, place.column)
  }

  /** Enter and the arrows go up and down, as in a spreadsheet. */
  #moved(event: KeyboardEvent): void {
    const place = placeOf(event.target)
    const step = { ArrowDown: 1, Enter: 1, ArrowUp: -1 }[event.key]
    if (place === undefined || step === undefined) return
    event.preventDefault()
    this.#focus(place.row + step, place.column)
  }

  #focus(row: number, column: number): void {
    this.#table
      .querySelector<HTMLInputElement>(`[data-row="${row}"][data-column="${column}"]`)
      ?.focus()
  }

  #pickFile(): void {
    const input = element('input', { type: 'file', accept: '.csv,.tsv,.txt,text/csv' })
    input.addEventListener('change', async () => {
      const file = input.files?.[0]
      if (file === undefined) return
      const text = file.size > MAX_FILE ? '' : await file.text()
      const cells = text === '' ? undefined : tableIn(text)
      this.#says.textContent = cells === undefined ? `${file.name}: ${say('noTable')}` : ''
      if (cells === undefined) return
      this.#cells = cells
      this.#redraw()
    })
    input.click()
  }
}

function placeOf(target: EventTarget | null) {
  if (!(target instanceof HTMLInputElement)) return undefined
  const { row, column } = target.dataset
  return row === undefined ? undefined : { input: target, row: Number(row), column: Number(column) }
}
