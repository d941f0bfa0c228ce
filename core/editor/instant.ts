import { button, element } from './element.ts'
import { addPanel, enter } from './opener.ts'
import { say } from './texts-of.ts'

/** Puts a button behind an input of a time, which opens the browser's calendar and clock. */
export function addInstant(input: HTMLInputElement): void {
  addPanel(input, 'calendar', (content, close) => {
    const picker = element('input', {
      type: 'datetime-local',
      step: '1',
      'aria-label': say('dateAndTime')
    })
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone
    const zone = element(
      'select',
      { 'aria-label': say('timeZone') },
      element('option', { value: '' }, here),
      element('option', { value: 'Z' }, 'UTC')
    )
    const set = button('check', say('set'), () => {
      const ms = Date.parse(`${picker.value}${zone.value}`)
      if (!Number.isNaN(ms)) enter(input, new Date(ms).toISOString().replace('.000Z', 'Z'))
      close()
    })
    content.append(element('div', { class: 'millrace-moment' }, picker, zone, set))
  })
}
