import { element } from './element.ts'
import { addPanel, enter } from './opener.ts'
import { say } from './texts-of.ts'

/** The zones that the browser knows; what the field holds is checked by the runtime's rule. */
export const timeZones = (): string[] => {
  const known = Intl.supportedValuesOf('timeZone')
  return known.includes('UTC') ? known : ['UTC', ...known]
}

/** Puts a button behind an input of a time zone, which offers them with a search. */
export function addTimeZones(input: HTMLInputElement): void {
  addPanel(input, 'globe', (content, close) => {
    const list = element('div', { class: 'millrace-items' })
    const search = element('input', {
      type: 'text',
      placeholder: say('filter'),
      'aria-label': say('filter'),
      autocomplete: 'off'
    })
    const choose = (zone: string) => {
      enter(input, zone)
      close()
    }
    const fill = () => {
      const wanted = search.value.trim().toLowerCase().replaceAll(' ', '_')
      const found = timeZones().filter(zone => zone.toLowerCase().includes(wanted))
      list.replaceChildren(...found.map(zone => zoneButton(zone, () => choose(zone))))
    }
    search.addEventListener('input', fill)
    search.addEventListener('keydown', event => {
      if (event.key === 'Enter') (list.firstElementChild as HTMLElement | null)?.click()
    })
    fill()
    content.append(search, list)
  })
}

function zoneButton(zone: string, click: () => void): HTMLElement {
  const made = element('button', { type: 'button', class: 'millrace-item' }, zone)
  made.addEventListener('click', click)
  return made
}
