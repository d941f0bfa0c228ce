import { asButton, button, element } from '../../core/editor/element.ts'
import { mark } from '../../core/editor/mark.ts'
import type { Control, EditorHooks, Form, Values } from '../../core/editor/types.ts'
import { OPERATORS, type Operand, type Operator, type OperatorName } from './operators.ts'
import {
  listText,
  outputLabels,
  parseList,
  problemsOfCondition,
  type Rule,
  type RuleCondition,
  ruleProblems,
  sentence
} from './rules.ts'

/** Longer labels make a node wider than a screen. */
const MAX_CHARACTERS = 40
const NEW_RULE: Rule = { match: 'all', conditions: [{ field: 'value', operator: 'gt', value: 80 }] }

const ROW =
  'display: flex; flex-wrap: wrap; gap: 4px; align-items: center; margin-bottom: 4px; border-radius: 4px'
const FULL = 'width: 100%; min-width: 0; margin: 0; box-sizing: border-box'

const rulesIn = ({ rules }: Values): readonly Rule[] =>
  ruleProblems(rules).length === 0 ? (rules as readonly Rule[]) : []

const cut = (text: string) =>
  text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text

export default {
  label(values) {
    const [first, ...more] = outputLabels(rulesIn(values), false)
    if (first === undefined) return 'route'
    return more.length === 0 ? `${cut(first)} → 1` : `${cut(first)} → 1, ${more.length} more`
  },
  outputLabels(values) {
    const rules = Array.isArray(values.rules) ? values.rules : []
    const labels = outputLabels(rulesIn(values), values.otherwise !== false)
    // while a rule is being typed, the number of outputs still follows the number of rules
    return rulesIn(values).length === rules.length
      ? labels
      : [...rules.map((_, index) => `rule ${index + 1}`), ...labels]
  },
  controls: { rules: { problems: ruleProblems, edit: rulesControl } },
  learns: true
} satisfies EditorHooks

/** A rule as the list is given it: with its place when the dialog was opened, none if it is new. */
interface Item {
  readonly rule?: Rule
  readonly before?: number
}

/** The rules as Node-RED's editableList, which can be sorted; each with its conditions as rows. */
function rulesControl(place: HTMLElement, value: unknown, form: Form): Control {
  const boxes = new WeakMap<HTMLElement, RuleBox>()
  const before = new WeakMap<HTMLElement, number>()
  const list = $(element('ol', { class: 'millrace-list' })).appendTo(place)
  // The list gives a collection of collections, one a rule; a rule that is being built has no box
  // yet.
  const containers = () =>
    (list.editableList('items') as unknown as JQuery)
      .toArray()
      .map(item => $(item)[0]!)
      .filter(container => boxes.has(container))
  const changed = () => form.changed()
  list.editableList({
    addButton: 'rule',
    sortable: true,
    removable: true,
    height: 'auto',
    addItem(container: JQuery, _index: number, { rule = NEW_RULE, before: index }: Item) {
      const box = new RuleBox(rule, form)
      container.append(box.root)
      const remove = container.parent().find('.red-ui-editableList-item-remove')[0]
      if (remove) asButton(remove, 'Remove this rule')
      boxes.set(container[0]!, box)
      if (index !== undefined) before.set(container[0]!, index)
      else changed()
    },
    removeItem: changed,
    sortItems: changed
  } as object)
  const rules = ruleProblems(value).length === 0 || Array.isArray(value) ? (value as Rule[]) : []
  list.editableList(
    'addItems',
    rules.map((rule, index): Item => ({ rule, before: index }))
  )
  form.onChange(() => {
    for (const [index, container] of containers().entries())
      boxes.get(container)!.refresh(index + 1)
  })
  return {
    value: () => containers().map(container => boxes.get(container)!.value()),
    movedFrom: () => containers().map(container => before.get(container))
  }
}

/** One rule: its name, whether all or any of its conditions count, and the conditions. */
class RuleBox {
  readonly root = element('div')
  readonly #match: HTMLSelectElement
  readonly #name: HTMLInputElement
  readonly #output = element('span', { style: 'white-space: nowrap' })
  readonly #place = element('div', { style: 'margin-top: 6px' })
  #rows: ConditionRow[] = []

  constructor(
    rule: Rule,
    private readonly form: Form
  ) {
    this.#match = element(
      'select',
      { style: 'width: 78px; margin: 0; flex: none', 'aria-label': 'all or any of the conditions' },
      option('all', 'all of'),
      option('any', 'any of')
    )
    this.#match.value = rule.match === 'any' ? 'any' : 'all'
    this.#name = element('input', {
      type: 'text',
      autocomplete: 'off',
      style: `${FULL}; flex: 1`,
      'aria-label': 'name of the rule'
    })
    this.#name.value = rule.name ?? ''
    const head = element(
      'div',
      { style: 'display: flex; gap: 6px; align-items: center' },
      this.#match,
      this.#name,
      this.#output
    )
    const add = button('plus', 'condition', () =>
      this.#add({ field: '', operator: 'equals', value: '' })
    )
    add.classList.add('red-ui-button-small')
    this.root.append(head, this.#place, add)
    for (const condition of rule.conditions ?? []) this.#append(condition)
  }

  value(): Rule {
    const name = this.#name.value.trim()
    const conditions = this.#rows.map(row => row.value())
    return {
      ...(name === '' ? {} : { name }),
      match: this.#match.value === 'any' ? 'any' : 'all',
      conditions
    }
  }

  /**
   * Shows what depends on the whole: the number of the output, the sentence while there is no name,
   * what is wrong.
   */
  refresh(output: number): void {
    const rule = this.value()
    this.#output.textContent = `→ ${output}`
    this.#match.style.display = rule.conditions.length > 1 ? '' : 'none'
    this.#name.placeholder = ruleProblems([rule]).length === 0 ? sentence(rule) : 'name'
    for (const row of this.#rows) row.refresh()
  }

  #add(condition: RuleCondition): void {
    this.#append(condition)
    this.form.changed()
  }

  #append(condition: RuleCondition): void {
    const row = new ConditionRow(condition, this.form, () => this.#remove(row))
    this.#rows.push(row)
    this.#place.append(row.root)
    row.build()
  }

  #remove(row: ConditionRow): void {
    this.#rows = this.#rows.filter(other => other !== row)
    row.root.remove()
    this.form.changed()
  }
}

/** One condition: field, operator, and the inputs that the operator needs. */
class ConditionRow {
  readonly root = element('div', { style: ROW })
  readonly #field: HTMLInputElement
  readonly #operator: HTMLSelectElement
  readonly #operands = element('div', { style: 'flex: 1 1 130px; min-width: 0' })
  #read: () => Pick<RuleCondition, 'value' | 'value2'> = () => ({})
  #needs: Operator['needs'] | undefined

  constructor(
    private readonly condition: RuleCondition,
    private readonly form: Form,
    remove: () => void
  ) {
    this.#field = element('input', {
      type: 'text',
      autocomplete: 'off',
      placeholder: 'value',
      style: FULL,
      'aria-label': 'field'
    })
    this.#field.value = String(condition.field ?? '')
    const options = Object.entries(OPERATORS).map(([name, { label }]) => option(name, label))
    this.#operator = element(
      'select',
      { style: 'flex: none; width: auto; margin: 0', 'aria-label': 'operator' },
      ...options
    )
    this.#operator.value = condition.operator
    this.#operator.addEventListener('change', () => {
      this.build(this.#read())
      form.changed()
    })
    const less = button('remove', '', remove)
    less.classList.add('red-ui-button-small')
    less.setAttribute('aria-label', 'Remove this condition')
    const field = element(
      'span',
      { class: 'millrace-cell-control', style: 'flex: 1 1 96px; min-width: 0' },
      this.#field
    )
    form.pickField(this.#field)
    $(this.#field).on('change', () => this.#offerCodes())
    this.root.append(field, this.#operator, this.#operands, less)
  }

  value(): RuleCondition {
    return {
      field: this.#field.value.trim(),
      operator: this.#operator.value as OperatorName,
      ...this.#read()
    }
  }

  refresh(): void {
    const problems = problemsOfCondition(this.value())
    mark(this.root, problems)
    this.root.style.outline =
      problems.length === 0 ? '' : '1px solid var(--red-ui-form-input-border-error-color, #d00)'
  }

  /**
   * Builds the inputs for the operator. Only once the row is in the dialog, since typedInput
   * measures where it stands.
   */
  build({ value, value2 }: Pick<RuleCondition, 'value' | 'value2'> = this.condition): void {
    const { needs }: Operator = OPERATORS[this.#operator.value as OperatorName] ?? OPERATORS.equals
    if (needs === this.#needs) return
    this.#needs = needs
    this.#operands.replaceChildren()
    this.#buildOperands(needs, value, value2)
    this.#offerCodes()
  }

  #buildOperands(needs: Operator['needs'], value: RuleCondition['value'], value2?: Operand): void {
    const first = Array.isArray(value)
      ? (value[0] as Operand | undefined)
      : (value as Operand | undefined)
    if (needs === 'none') this.#read = () => ({})
    else if (needs === 'list') {
      const input = this.#plain(
        listText(Array.isArray(value) ? value : first === undefined ? [] : [first]),
        'a, b, 3'
      )
      this.#read = () => ({ value: parseList(input.value) })
    } else if (needs === 'text') {
      const input = this.#plain(String(first ?? ''), '')
      this.#read = () => ({ value: input.value.trim() })
    } else if (needs === 'two') {
      const from = this.#typed(first)
      this.#operands.append(element('div', { style: 'height: 4px' }))
      const to = this.#typed(value2)
      this.#read = () => ({ ...operand('value', from()), ...operand('value2', to()) })
    } else {
      const read = this.#typed(first)
      this.#read = () => operand('value', read())
    }
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
    this.#operands.append(element('span', { class: 'millrace-cell-control' }, input))
    this.#offerValues(input)
    return input
  }

  /** A number, a text, or true or false, told apart by the person. */
  #typed(value: Operand | undefined): () => Operand | undefined {
    const input = $(element('input', { type: 'text', style: 'width: 100%' })).appendTo(
      this.#operands
    )
    const type =
      value === undefined || typeof value === 'number'
        ? 'num'
        : typeof value === 'boolean'
          ? 'bool'
          : 'str'
    input.typedInput({ types: ['num', 'str', 'bool'], default: type })
    input.typedInput('type', type)
    input.typedInput('value', String(value ?? ''))
    for (const part of this.#operands.querySelectorAll('.red-ui-typedInput-input, select')) {
      part.setAttribute('aria-label', 'compare with')
      if (part instanceof HTMLInputElement) this.#offerValues(part)
    }
    return () => operandOf(input.typedInput('type'), input.typedInput('value'))
  }

  /** The last values of the field, to choose from while one is typed. */
  #offerValues(input: HTMLInputElement): void {
    const list = element('datalist', { id: `millrace-values-${++count}` })
    input.setAttribute('list', list.id)
    this.#operands.append(list)
    input.addEventListener('focus', () => {
      const values = this.form.valuesSeen(this.#field.value.trim())
      list.replaceChildren(...values.map(value => element('option', { value: String(value) })))
    })
  }

  /** A field of reasons is compared with codes, which nobody knows by heart. */
  #offerCodes(): void {
    const isOfCodes = /(^|\.)code$/.test(this.#field.value.trim())
    const picker = this.#operands.querySelector('.millrace-picker')
    const input = this.#operands.querySelector<HTMLInputElement>('.millrace-cell-control > input')
    if (!isOfCodes) picker?.remove()
    else if (picker === null && input !== null) this.form.pickCodes(input)
  }
}

let count = 0

const option = (value: string, label: string) => element('option', { value }, label)

const operand = (key: 'value' | 'value2', value: Operand | undefined) =>
  value === undefined ? {} : { [key]: value }

function operandOf(type: string, text: string): Operand | undefined {
  if (type === 'str') return text
  if (type === 'bool') return text === 'true'
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined
}
