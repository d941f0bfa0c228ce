import { button, element } from './element.ts'
import { addPanel, enter } from './opener.ts'
import { say } from './texts-of.ts'
import { hereZone } from './time-zones.ts'

/** Puts a button behind an input of a time, which opens the browser's calendar and clock. */
export function addInstant(input: HTMLInputElement): void {
  addPanel(input, 'calendar', panel => {
    const picker = element('input', {
      type: 'datetime-local',
      step: '1',
      'aria-label': say('dateAndTime')
    })
    const zone = element(
      'select',
      { 'aria-label': say('timeZone') },
      element('option', { value: '' }, hereZone()),
      element('option', { value: 'Z' }, 'UTC')
    )
    const set = button('check', say('set'), () => {
      const ms = Date.parse(`${picker.value}${zone.value}`)
      if (!Number.isNaN(ms)) enter(input, new Date(ms).toISOString().replace('.000Z', 'Z'))
      panel.close(input)
    })
    panel.content.append(element('div', { class: 'millrace-moment' }, picker, zone, set))
  })
}
