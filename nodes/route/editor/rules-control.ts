import { asButton, element } from '../../../core/editor/element.ts'
import type { Control, Form } from '../../../core/editor/types.ts'
import { type Rule, ruleProblems } from '../rules.ts'
import { RuleBox } from './rule-box.ts'

const NEW_RULE: Rule = { match: 'all', conditions: [{ field: 'value', operator: 'gt', value: 80 }] }

/** A rule as the list is given it: with its place when the dialog was opened, none if it is new. */
interface Item {
  readonly rule?: Rule
  readonly before?: number
}

/** The rules as Node-RED's editableList, which can be sorted; each with its conditions as rows. */
export function rulesControl(place: HTMLElement, value: unknown, form: Form): Control {
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
      box.build()
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
