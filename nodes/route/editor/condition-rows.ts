import { button, element } from '../../../core/editor/element.ts'
import type { Form } from '../../../core/editor/types.ts'
import { isGroup, type RuleCondition, type RuleGroup } from '../rules.ts'
import { ConditionRow } from './condition-row.ts'

const NEW_ROW: RuleCondition = { field: '', operator: 'equals', value: '' }

/** The rows of a rule or of a group, among them groups. */
export class ConditionRows {
  readonly root = element('div')
  #rows: (ConditionRow | GroupBox)[] = []

  constructor(
    rows: readonly (RuleCondition | RuleGroup)[],
    private readonly form: Form
  ) {
    for (const row of rows) this.#append(row)
  }

  value(): (RuleCondition | RuleGroup)[] {
    return this.#rows.map(row => row.value())
  }

  build(): void {
    for (const row of this.#rows) row.build()
  }

  refresh(): void {
    for (const row of this.#rows) row.refresh()
  }

  addRow(): void {
    this.#add(NEW_ROW)
  }

  addGroup(): void {
    this.#add({ match: 'any', conditions: [NEW_ROW, NEW_ROW] })
  }

  #add(row: RuleCondition | RuleGroup): void {
    this.#append(row).build()
    this.form.changed()
  }

  #append(given: RuleCondition | RuleGroup): ConditionRow | GroupBox {
    const remove = () => this.#remove(row)
    const row: ConditionRow | GroupBox = isGroup(given)
      ? new GroupBox(given, this.form, remove)
      : new ConditionRow(given, this.form, remove)
    this.#rows.push(row)
    this.root.append(row.root)
    return row
  }

  #remove(row: ConditionRow | GroupBox): void {
    this.#rows = this.#rows.filter(other => other !== row)
    row.root.remove()
    this.form.changed()
  }
}

const GROUP =
  'margin: 0 0 4px 2px; padding: 4px 0 2px 8px; border-left: 3px solid var(--red-ui-form-input-border-color)'

/** Rows of which all or any must hold, within a rule. */
class GroupBox {
  readonly root = element('div', { style: GROUP, role: 'group', 'aria-label': 'group' })
  readonly #match: HTMLSelectElement
  readonly #rows: ConditionRows

  constructor(group: RuleGroup, form: Form, remove: () => void) {
    this.#match = matchSelect(group.match)
    this.#rows = new ConditionRows(group.conditions, form)
    const less = small(button('remove', '', remove))
    less.setAttribute('aria-label', 'Remove this group')
    const add = small(button('plus', 'condition', () => this.#rows.addRow()))
    add.style.marginLeft = 'auto'
    const head = element(
      'div',
      { style: 'display: flex; gap: 6px; align-items: center; margin-bottom: 4px' },
      this.#match,
      add,
      less
    )
    this.root.append(head, this.#rows.root)
  }

  value(): RuleGroup {
    // A group holds no groups: only rows can be added to it.
    const conditions = this.#rows.value() as RuleCondition[]
    return { match: this.#match.value === 'any' ? 'any' : 'all', conditions }
  }

  build(): void {
    this.#rows.build()
  }

  refresh(): void {
    this.#rows.refresh()
  }
}

export function matchSelect(match: 'all' | 'any'): HTMLSelectElement {
  const select = element(
    'select',
    { style: 'width: auto; margin: 0; flex: none', 'aria-label': 'all or any of the conditions' },
    element('option', { value: 'all' }, 'all of'),
    element('option', { value: 'any' }, 'any of')
  )
  select.value = match === 'any' ? 'any' : 'all'
  return select
}

export function small(made: HTMLButtonElement): HTMLButtonElement {
  made.classList.add('red-ui-button-small')
  return made
}
