import { element } from '../../../core/editor/element.ts'
import { textMeasure } from '../../../core/editor/text-width.ts'
import type { Form } from '../../../core/editor/types.ts'
import { listText, parseList } from '../list-text.ts'
import type { Operand, ShownOperator } from '../operators.ts'
import { type Compared, isFieldOperand, mayCompareWithField, type RuleCondition } from '../rules.ts'

type Values = Pick<RuleCondition, 'value' | 'value2'>

/** A topic of five levels is seen whole. */
const LONG_PX = 186
const LONG = `3 1 ${LONG_PX}px`
/** Padding and border of an input. */
const AROUND_PX = 18
const SHORT = '2 1 112px'
const LINE = 'display: flex; gap: 4px; align-items: center'
const FULL = 'width: 100%; min-width: 0; margin: 0; box-sizing: border-box'

/** What the field of a row is compared with: the inputs that its operator needs. */
export class Operands {
  readonly root = element('div', { style: 'min-width: 0' })
  #read: () => Values = () => ({})
  #built = ''

  constructor(
    private readonly form: Form,
    private readonly field: () => string
  ) {}

  value(): Values {
    return this.#read()
  }

  /** Builds the inputs, and keeps what stands in them where the operator needs the same. */
  build(shown: ShownOperator, { value, value2 }: Values): void {
    const { needs, isNumeric = false } = shown
    const built = `${needs} ${isNumeric} ${mayCompareWithField(shown)}`
    if (built === this.#built) return
    this.#built = built
    this.root.replaceChildren()
    this.root.style.flex = ['text', 'list', 'hours'].includes(needs) ? LONG : SHORT
    this.root.style.display = needs === 'none' ? 'none' : ''
    this.#read = this.#inputs(
      shown,
      firstOf(value),
      Array.isArray(value) ? value : undefined,
      value2
    )
    this.offerCodes()
  }

  /** A field of reasons is compared with codes, which nobody knows by heart. */
  offerCodes(): void {
    const isOfCodes = /(^|\.)code$/.test(this.field())
    const picker = this.root.querySelector('.millrace-picker')
    const input = this.root.querySelector<HTMLInputElement>('.millrace-cell-control > input')
    if (!isOfCodes) this.#built.startsWith('hours') || picker?.remove()
    else if (picker === null && input !== null) this.form.pickCodes(input)
  }

  #inputs(
    shown: ShownOperator,
    first: Compared | undefined,
    list: readonly Operand[] | undefined,
    value2: Compared | undefined
  ): () => Values {
    switch (shown.needs) {
      case 'none':
        return () => ({})
      case 'list':
        return this.#list(list ?? (isPlain(first) ? [first] : []))
      case 'text':
        return this.#text(first, '')
      case 'duration':
        return this.#text(first, '5 min')
      case 'hours':
        return this.#hours(first, value2)
      case 'rate':
        return this.#rate(shown, first, value2)
      case 'two':
        return this.#two(shown, first, value2)
      default: {
        const read = this.#typed(this.root, shown, first)
        return () => operand('value', read())
      }
    }
  }

  #list(values: readonly Operand[]): () => Values {
    const input = this.#plain(listText(values), 'a, b, 3')
    return () => ({ value: parseList(input.value) })
  }

  #text(value: Compared | undefined, placeholder: string): () => Values {
    const input = this.#plain(isPlain(value) ? String(value) : '', placeholder)
    return () => ({ value: input.value.trim() })
  }

  #two(
    shown: ShownOperator,
    first: Compared | undefined,
    value2: Compared | undefined
  ): () => Values {
    const from = this.#typed(this.root, shown, first)
    this.root.append(element('div', { style: 'height: 4px' }))
    const to = this.#typed(this.root, shown, value2)
    return () => ({ ...operand('value', from()), ...operand('value2', to()) })
  }

  #hours(hours: Compared | undefined, zone: Compared | undefined): () => Values {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone
    const isHours = typeof hours === 'string' && hours !== '' && typeof zone === 'string'
    const when = this.#plain(isHours ? hours : 'Mon-Fri 06:00-22:00', 'Mon-Fri 06:00-22:00')
    when.setAttribute('aria-label', 'hours')
    this.root.append(element('div', { style: 'height: 4px' }))
    const where = this.#plain(isHours ? zone : here, 'Europe/Berlin')
    where.setAttribute('aria-label', 'time zone')
    this.form.pickZone(where)
    return () => ({ value: when.value.trim(), value2: where.value.trim() })
  }

  #rate(
    shown: ShownOperator,
    first: Compared | undefined,
    per: Compared | undefined
  ): () => Values {
    const line = element('div', { style: LINE })
    const amount = element('div', { style: 'flex: 1 1 80px; min-width: 0' })
    const span = element('input', {
      type: 'text',
      autocomplete: 'off',
      placeholder: '1 min',
      style: 'flex: 0 0 70px; width: 70px; margin: 0',
      'aria-label': 'per'
    })
    span.value = typeof per === 'string' ? per : '1 min'
    line.append(amount, 'per', span)
    this.root.append(line)
    const read = this.#typed(amount, shown, first)
    return () => ({ ...operand('value', read()), value2: span.value.trim() })
  }

  #plain(text: string, placeholder: string): HTMLInputElement {
    const input = element('input', {
      type: 'text',
      autocomplete: 'off',
      placeholder,
      style: FULL,
      'aria-label': 'compare with'
    })
    input.value = text
    this.#fit(input)
    input.addEventListener('change', () => this.#fit(input))
    this.root.append(element('span', { class: 'millrace-cell-control' }, input))
    if (placeholder === '' || placeholder.includes(',')) this.#offerValues(this.root, input)
    return input
  }

  /** What is longer stands below the field and the operator, where it has the whole width. */
  #fit({ value }: HTMLInputElement): void {
    const neededPx = Math.ceil(textMeasure(document.body)(value)) + AROUND_PX
    this.root.style.flexBasis = `${Math.max(LONG_PX, neededPx)}px`
  }

  /** A number, a text, true or false, or what another field has, told apart by the person. */
  #typed(
    place: HTMLElement,
    shown: ShownOperator,
    given: Compared | undefined
  ): () => Compared | undefined {
    const input = $(element('input', { type: 'text', style: 'width: 100%' })).appendTo(place)
    const types = [
      ...(shown.isNumeric ? ['num'] : ['num', 'str', 'bool']),
      ...(mayCompareWithField(shown) ? [FIELD] : [])
    ]
    const type = typeOf(given)
    const isKnown = type === FIELD.value ? types.includes(FIELD) : types.includes(type)
    input.typedInput({ types: types as ('num' | 'str' | 'bool')[], default: 'num' })
    input.typedInput('type', (isKnown ? type : 'num') as 'num')
    input.typedInput('value', isFieldOperand(given) ? given.field : String(given ?? ''))
    for (const part of place.querySelectorAll('.red-ui-typedInput-input, select')) {
      part.setAttribute('aria-label', 'compare with')
      if (part instanceof HTMLInputElement) this.#offerValues(place, part)
    }
    return () => operandOf(input.typedInput('type'), input.typedInput('value'))
  }

  /** The last values of the field, to choose from while one is typed. */
  #offerValues(place: HTMLElement, input: HTMLInputElement): void {
    const list = element('datalist', { id: `millrace-values-${++count}` })
    input.setAttribute('list', list.id)
    place.append(list)
    input.addEventListener('focus', () => {
      const values = this.form.valuesSeen(this.field())
      list.replaceChildren(...values.map(value => element('option', { value: String(value) })))
    })
  }
}

let count = 0

/** The type of a typedInput that names another field of the record. */
const FIELD = { value: 'field', label: 'field', icon: 'fa fa-arrow-circle-o-right', hasValue: true }

const isPlain = (value: unknown): value is Operand => value !== undefined && !isFieldOperand(value)

const firstOf = (value: RuleCondition['value']): Compared | undefined =>
  Array.isArray(value) ? (value[0] as Operand | undefined) : (value as Compared | undefined)

function typeOf(given: Compared | undefined): string {
  if (isFieldOperand(given)) return FIELD.value
  if (given === undefined || typeof given === 'number') return 'num'
  return typeof given === 'boolean' ? 'bool' : 'str'
}

const operand = (key: 'value' | 'value2', value: Compared | undefined) =>
  value === undefined ? {} : { [key]: value }

function operandOf(type: string, text: string): Compared | undefined {
  if (type === FIELD.value) return { field: text.trim() }
  if (type === 'str') return text
  if (type === 'bool') return text === 'true'
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined
}
