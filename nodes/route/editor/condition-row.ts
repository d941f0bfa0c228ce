import { button, element } from '../../../core/editor/element.ts'
import { mark } from '../../../core/editor/mark.ts'
import type { Form } from '../../../core/editor/types.ts'
import { OPERATORS, type OperatorName, type ShownOperator } from '../operators.ts'
import { problemsOfCondition, type RuleCondition, shownAs } from '../rules.ts'
import { TIME_OPERATORS, type TimeOperatorName } from '../time-operators.ts'
import { Operands } from './operands.ts'

const ROW = 'display: flex; gap: 4px; align-items: center; margin-bottom: 4px; border-radius: 4px'
/** What does not fit beside the others stands below them, but never the button that removes all. */
const PARTS = 'display: flex; flex-wrap: wrap; gap: 4px; align-items: center; flex: 1; min-width: 0'

/** One condition: field, operator, and the inputs that the operator needs. */
export class ConditionRow {
  readonly root = element('div', { style: ROW })
  readonly #field: HTMLInputElement
  readonly #operator: HTMLSelectElement
  readonly #operands: Operands

  constructor(
    private readonly condition: RuleCondition,
    form: Form,
    remove: () => void
  ) {
    this.#field = element('input', {
      type: 'text',
      autocomplete: 'off',
      placeholder: 'value',
      style: 'width: 100%; min-width: 0; margin: 0; box-sizing: border-box',
      'aria-label': 'field'
    })
    this.#field.value = String(condition.field ?? '')
    this.#operands = new Operands(form, () => this.#field.value.trim())
    this.#operator = operatorSelect(condition.operator)
    this.#operator.addEventListener('change', () => {
      this.#operands.build(this.#shown, this.#operands.value())
      form.changed()
    })
    const less = button('remove', '', remove)
    less.classList.add('red-ui-button-small')
    less.setAttribute('aria-label', 'Remove this condition')
    const field = element(
      'span',
      { class: 'millrace-cell-control', style: 'flex: 1 1 100px; min-width: 0' },
      this.#field
    )
    form.pickField(this.#field)
    $(this.#field).on('change', () => this.#operands.offerCodes())
    const parts = element('div', { style: PARTS }, field, this.#operator, this.#operands.root)
    this.root.append(parts, less)
  }

  value(): RuleCondition {
    return {
      field: this.#field.value.trim(),
      operator: this.#operator.value as OperatorName | TimeOperatorName,
      ...this.#operands.value()
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
  build(): void {
    this.#operands.build(this.#shown, this.condition)
  }

  get #shown(): ShownOperator {
    return this.#operator.value === ''
      ? OPERATORS.equals
      : shownAs(this.#operator.value as OperatorName)
  }
}

function operatorSelect(chosen: string): HTMLSelectElement {
  const optionsOf = (operators: Readonly<Record<string, ShownOperator>>) =>
    Object.entries(operators).map(([value, { label }]) => element('option', { value }, label))
  const select = element(
    'select',
    { style: 'flex: none; width: auto; max-width: 100%; margin: 0', 'aria-label': 'operator' },
    ...optionsOf(OPERATORS),
    element('hr'),
    ...optionsOf(TIME_OPERATORS)
  )
  select.value = chosen
  return select
}
