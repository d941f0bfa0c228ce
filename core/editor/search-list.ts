import { element } from './element.ts'
import { say } from './texts-of.ts'

/** Something to choose, and the text by which it is found. */
export interface Choosable {
  readonly text: string
  readonly shown: HTMLElement
}

/** More than these are easier to find by typing. */
const FEW = 8

/** A list of buttons, below a search where there are many; Enter in it takes the first. */
export function searchList(items: readonly Choosable[]): HTMLElement[] {
  const list = element('div', { class: 'millrace-items' }, ...items.map(({ shown }) => shown))
  if (items.length <= FEW) return [list]
  const search = element('input', {
    type: 'text',
    placeholder: say('filter'),
    'aria-label': say('filter'),
    autocomplete: 'off'
  })
  search.addEventListener('input', () => {
    const wanted = plain(search.value.trim())
    const found = items.filter(({ text }) => plain(text).includes(wanted))
    const none = found.length === 0 ? [element('div', {}, say('noneFound'))] : []
    list.replaceChildren(...found.map(({ shown }) => shown), ...none)
  })
  search.addEventListener('keydown', event => {
    if (event.key === 'Enter') list.querySelector('button')?.click()
  })
  return [search, list]
}

const plain = (text: string) => text.toLowerCase().replaceAll('_', ' ')

/** A line of such a list. */
export function choosable(text: string, choose: () => void): Choosable {
  const shown = element('button', { type: 'button', class: 'millrace-item' }, text)
  shown.addEventListener('click', choose)
  return { text, shown }
}
