import { button, element } from '../../../core/editor/element.ts'
import type { Form } from '../../../core/editor/types.ts'
import { type Rule, ruleProblems } from '../rules.ts'
import { sentence } from '../sentence.ts'
import { ConditionRows, matchSelect, small } from './condition-rows.ts'
import { TimeRows } from './time-rows.ts'

/** One rule: its name, its rows, whether all or any of them count, and what time makes of them. */
export class RuleBox {
  readonly root = element('div')
  readonly #match: HTMLSelectElement
  readonly #name: HTMLInputElement
  readonly #output = element('span', { style: 'white-space: nowrap' })
  readonly #rows: ConditionRows
  readonly #time: TimeRows

  constructor(rule: Rule, form: Form) {
    this.#match = matchSelect(rule.match)
    this.#name = element('input', {
      type: 'text',
      autocomplete: 'off',
      style: 'flex: 1; min-width: 0; margin: 0',
      'aria-label': 'name of the rule'
    })
    this.#name.value = rule.name ?? ''
    this.#rows = new ConditionRows(rule.conditions ?? [], form)
    this.#time = new TimeRows(rule.time ?? {}, form)
    const head = element(
      'div',
      { style: 'display: flex; gap: 6px; align-items: center; margin-bottom: 6px' },
      this.#match,
      this.#name,
      this.#output
    )
    const add = element(
      'div',
      { style: 'display: flex; flex-wrap: wrap; gap: 6px; align-items: center' },
      small(button('plus', 'condition', () => this.#rows.addRow())),
      small(button('plus', 'group', () => this.#rows.addGroup())),
      this.#time.adder
    )
    this.root.append(head, this.#rows.root, this.#time.root, add)
  }

  /** Only once it is in the dialog, since typedInput measures where it stands. */
  build(): void {
    this.#rows.build()
  }

  value(): Rule {
    const name = this.#name.value.trim()
    const time = this.#time.value()
    return {
      ...(name === '' ? {} : { name }),
      match: this.#match.value === 'any' ? 'any' : 'all',
      conditions: this.#rows.value(),
      ...(Object.keys(time).length === 0 ? {} : { time })
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
    const isRight = ruleProblems([rule]).length === 0
    this.#name.placeholder = isRight ? sentence(rule) : 'name'
    this.#name.title = isRight ? sentence(rule) : ''
    this.#rows.refresh()
    this.#time.refresh()
  }
}
