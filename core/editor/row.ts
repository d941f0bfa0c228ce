import type { Column, Field } from '../node/spec.ts'
import { choicesOf } from './choices.ts'
import { asButton, button, element, icon } from './element.ts'
import { readingOf } from './reading.ts'
import { textMeasure } from './text-width.ts'
import { say } from './texts-of.ts'

export interface RowParts {
  /** The element of the template, with what Node-RED fills. */
  readonly row: HTMLElement
  readonly name: string
  readonly field: Field
  /** What the input's id begins with. */
  readonly prefix: string
  /** A text of the field, e.g. `label`. */
  readonly text: (key: string) => string
}

/**
 * The row of a field: label with a quiet mark where it is required, the control, and below it the
 * help, shown and hidden by a button, and what is wrong.
 */
export class FieldRow {
  readonly root: HTMLElement
  readonly #name: string
  readonly #problem: HTMLElement
  readonly #control: HTMLElement
  /** What the control needs to show what it usually holds; none where it has a row of its own. */
  readonly #needed: (() => number) | undefined

  constructor({ row, name, field, prefix, text }: RowParts) {
    const id = `${prefix}-${name}`
    this.root = row
    this.#name = name
    this.#control = element('div', { class: 'millrace-control' })
    this.#problem = element('div', { class: 'millrace-problem', id: `${id}-problem`, hidden: '' })
    const help = element('div', { class: 'millrace-help', id: `${id}-help`, hidden: '' })
    help.append(...helpOf(field, text))
    const place = row.querySelector<HTMLElement>('.millrace-place')
    const input = row.querySelector('input')
    if (input && input.placeholder !== '') input.placeholder = text('placeholder')
    const head = headOf(field, id, text, row.dataset.icon ?? 'tag', place !== null)
    if (field.kind === 'bool') head.querySelector('label')!.prepend(row.querySelector('input')!)
    else this.#control.append(...row.childNodes)
    head.append(helpButton(help, text('label')))
    row.classList.add('form-row', 'millrace-row', `millrace-${field.kind}`)
    row.append(head, this.#control, this.#problem, help)
    if (field.kind === 'number' && field.unit !== undefined)
      this.#control.append(...unitOf(field.unit, text('unit'), row))
    if (place !== null) {
      place.setAttribute('role', 'group')
      place.setAttribute('aria-labelledby', `${id}-label`)
    }
    row.classList.toggle('millrace-wide', place !== null)
    const needed = () => neededPx(field, row, text)
    // What a configuration node is called is another text when another one is chosen.
    const usual = place === null && field.kind !== 'ref' ? needed() : undefined
    this.#needed = place === null ? () => usual ?? needed() : undefined
    this.#describe(field)
    if (field.kind === 'ref') nameButtons(row, text('label'))
  }

  /** Puts the control beside its label where that is wide enough, else below it. */
  fit(widthPx: number): void {
    if (this.#needed !== undefined)
      this.root.classList.toggle('millrace-wide', LABEL_PX + this.#needed() > widthPx)
  }

  /** Says what is wrong, to eyes and to screen readers; nothing if the list is empty. */
  say(problems: readonly string[]): void {
    const text = problems.join('\n')
    if (this.#problem.textContent !== text) this.#problem.textContent = text
    this.#problem.hidden = problems.length === 0
    for (const named of this.#named())
      named.setAttribute('aria-invalid', String(problems.length > 0))
  }

  /** What a screen reader reads as the field: its input, or the group of its parts. */
  #named(): Element[] {
    const place = this.root.querySelector('.millrace-place')
    const native = this.root.querySelector(`[id$="-input-${this.#name}"]`)
    return [place ?? native].filter(found => found !== null)
  }

  #describe(field: Field): void {
    for (const named of this.#named()) {
      const ids = [this.#problem.id, this.#problem.id.replace(/problem$/, 'help')]
      named.setAttribute('aria-describedby', ids.join(' '))
      if (isRequired(field) && named.getAttribute('role') !== 'group')
        named.setAttribute('aria-required', 'true')
    }
  }
}

/** The unit behind a number, and how a person says what stands there. */
function unitOf(unit: string, text: string, row: HTMLElement): HTMLElement[] {
  const reading = element('span', { class: 'millrace-unit millrace-facts' })
  const input = row.querySelector('input')!
  const show = () => {
    reading.textContent = readingOf(input.value, unit)
  }
  // Node-RED fills the inputs as well, and says so as a change.
  $(input).on('change input', show)
  show()
  return [element('span', { class: 'millrace-unit' }, text), reading]
}

/** Whether an empty field is wrong. Numbers and choices have a value in any case. */
export const isRequired = (field: Field): boolean =>
  field.kind === 'ref' ? field.optional !== true : 'required' in field && field.required === true

const REQUIRED_MARK = '•'

/** The mark of what must be filled in, which is told to screen readers by `aria-required`. */
export const requiredMark = (): HTMLElement =>
  element(
    'span',
    { class: 'millrace-required', title: say('required'), 'aria-hidden': 'true' },
    REQUIRED_MARK
  )

function headOf(
  field: Field,
  id: string,
  text: RowParts['text'],
  iconName: string,
  isGroup: boolean
): HTMLElement {
  const caption = element('span', { class: 'millrace-caption' }, text('label'))
  if (isRequired(field)) caption.append(requiredMark())
  if (field.kind === 'bool')
    return element('div', { class: 'millrace-head' }, element('label', {}, caption))
  const parts = [icon(iconName), caption]
  const label = isGroup
    ? element('div', { class: 'millrace-label', id: `${id}-label` }, ...parts)
    : element('label', { for: id, id: `${id}-label` }, ...parts)
  return element('div', { class: 'millrace-head' }, label)
}

function helpButton(help: HTMLElement, label: string): HTMLButtonElement {
  const opener = button('question-circle-o', '', () => {
    help.hidden = !help.hidden
    opener.setAttribute('aria-expanded', String(!help.hidden))
  })
  opener.className = 'millrace-ask'
  opener.setAttribute('aria-label', `${say('help')}: ${label}`)
  opener.setAttribute('aria-expanded', 'false')
  opener.setAttribute('aria-controls', help.id)
  opener.title = help.textContent ?? ''
  return opener
}

/** The field's own sentences, and those of the columns of a list. */
function helpOf(field: Field, text: RowParts['text']): Node[] {
  const own = element('div', {}, text('help'))
  if (field.kind !== 'list') return [own]
  return [
    own,
    ...Object.keys(field.columns).map(name =>
      element(
        'div',
        {},
        element('b', {}, text(`columns.${name}.label`)),
        ` ${text(`columns.${name}.help`)}`
      )
    )
  ]
}

/** As dialog.css has it. */
const LABEL_PX = 214
/** Padding and border, and the arrow of a select. */
const AROUND_PX = 16
const ARROW_PX = 52
/** The button behind an input. */
const PICK_PX = 50
/** The two behind the select of a configuration node. */
const REF_BUTTONS_PX = 96
const NUMBER_PX = 118
const NARROWEST_PX = 130

/** How wide the control of a row must be, so that nothing which it usually holds is cut. */
function neededPx(field: Field, row: HTMLElement, text: RowParts['text']): number {
  const measure = textMeasure(row)
  if (field.kind === 'bool') return 0
  if (field.kind === 'number')
    return NUMBER_PX + (field.unit === undefined ? 0 : measure(text('unit')))
  if (field.kind === 'choice')
    return ARROW_PX + Math.max(...choicesOf(field, text).map(([, label]) => measure(label)))
  if (field.kind === 'ref') return ARROW_PX + REF_BUTTONS_PX + measure(chosenIn(row))
  if (field.kind !== 'text') return NARROWEST_PX
  const placeholder = row.querySelector('input')?.placeholder ?? ''
  const behind = field.pick === undefined && field.as === undefined ? 0 : PICK_PX
  const widest = Math.max(measure(field.default), measure(placeholder))
  return Math.max(NARROWEST_PX, widest + AROUND_PX + behind)
}

/** What a select of configuration nodes shows. */
const chosenIn = (row: HTMLElement): string =>
  row.querySelector('select')?.selectedOptions[0]?.text ?? ''

function nameButtons(row: HTMLElement, label: string): void {
  for (const link of row.querySelectorAll<HTMLElement>('a.red-ui-button'))
    asButton(link, `${say(link.querySelector('.fa-plus') ? 'addOne' : 'editOne')}: ${label}`)
}

/** Whether a column must be filled in. */
export const isRequiredColumn = (column: Column): boolean =>
  column.kind === 'text' && column.required === true
