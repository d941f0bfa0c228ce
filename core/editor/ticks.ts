import type { Answered } from './ask.ts'
import { element, icon } from './element.ts'
import { addPanel } from './opener.ts'
import { failures } from './preview-out.ts'
import { say } from './texts-of.ts'

/** The rows of a list, by what their first column holds. */
export interface Ticked {
  has(name: string): boolean
  set(name: string, isTicked: boolean): void
}

/** Puts a button behind another, which asks for what there is and shows it with boxes to tick. */
export function addTicks(
  behind: HTMLElement,
  ask: () => Promise<Answered & { readonly items?: readonly string[] }>,
  ticked: Ticked
): void {
  const opener = addPanel(
    behind,
    'check-square-o',
    async panel => {
      const { content } = panel
      content.append(
        element('div', { class: 'millrace-busy' }, icon('spinner fa-spin'), ` ${say('busy')}`)
      )
      const { ok, message = '', items = [] } = await ask()
      const list = element(
        'div',
        { class: 'millrace-items' },
        ...items.map(name => boxOf(name, ticked))
      )
      const nothing = ok && items.length === 0 ? [element('div', {}, say('nothing'))] : []
      content.replaceChildren(...(ok ? [list] : failures(message)), ...nothing)
      panel.focus()
    },
    'pickColumns'
  )
  opener.classList.add('red-ui-button-small')
  opener.append(` ${say('pickColumns')}`)
}

function boxOf(name: string, ticked: Ticked): HTMLElement {
  const box = element('input', { type: 'checkbox' })
  box.checked = ticked.has(name)
  box.addEventListener('change', event => {
    event.stopPropagation()
    ticked.set(name, box.checked)
  })
  return element('label', { class: 'millrace-item millrace-code-item' }, box, name)
}
