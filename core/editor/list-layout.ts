import type { ChoiceField, Column, ListField } from '../node/spec.ts'
import { element } from './element.ts'
import { textMeasure } from './text-width.ts'

type Row = Readonly<Record<string, string | number | boolean>>

/** Padding and border of an input, and the button of a Pick. */
const AROUND_PX = 16
const PICK_PX = 22
const NARROWEST_PX = { text: 84, number: 58, bool: 40 } as const
/** A longer value is seen by moving through it. */
const WIDEST_PX = 220
/** Handle, button to remove, and what is around a row. */
const BESIDE_PX = 62
const GAP_PX = 4

/**
 * Makes each column of a list as wide as what it holds. Where they do not fit beside each other,
 * the cells of a row stand in several lines, each below its own caption.
 */
export function fitColumns(
  place: HTMLElement,
  { columns }: ListField,
  rows: readonly Row[],
  text: (key: string) => string
): void {
  const widths = Object.entries(columns).map(([name, column]) =>
    column.kind === 'choice'
      ? Math.max(selectWidth(place, column), textMeasure(place)(text(`${name}.label`)) + AROUND_PX)
      : Math.ceil(widthOf(column, name, rows, text, textMeasure(place)))
  )
  const needed = widths.reduce((sum, width) => sum + width + GAP_PX, BESIDE_PX)
  for (const [index, width] of widths.entries())
    place.style.setProperty(`--millrace-column-${index}`, `${width}px`)
  const settle = () => place.classList.toggle('millrace-stacked', place.clientWidth < needed)
  settle()
  new ResizeObserver(settle).observe(place)
}

function widthOf(
  column: Exclude<Column, ChoiceField>,
  name: string,
  rows: readonly Row[],
  text: (key: string) => string,
  measure: (text: string) => number
): number {
  const head = measure(text(`${name}.label`)) + AROUND_PX
  const texts = [
    ...rows.map(row => String(row[name] ?? '')),
    String(column.default),
    column.placeholder === undefined ? '' : text(`${name}.placeholder`)
  ]
  const beside = column.kind === 'text' && column.pick ? PICK_PX : 0
  const content = column.kind === 'bool' ? 0 : Math.max(...texts.map(measure))
  const needed = Math.max(head, content + AROUND_PX + beside, NARROWEST_PX[column.kind])
  return Math.min(needed, WIDEST_PX)
}

/** As wide as the browser makes it by itself: it knows its arrow. */
function selectWidth(place: HTMLElement, { choices }: ChoiceField): number {
  const options = Object.values(choices).map(label => element('option', {}, label))
  const select = element('select', { class: 'millrace-probe' }, ...options)
  const cell = element('span', { class: 'millrace-cell-control' }, select)
  place.append(cell)
  const { offsetWidth } = select
  cell.remove()
  return offsetWidth
}
