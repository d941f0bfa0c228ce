import { addPanel, enter } from './opener.ts'
import { choosable, searchList } from './search-list.ts'
import { say } from './texts-of.ts'

/** That of the computer that the browser runs on. */
export const hereZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

/**
 * The zones that the browser knows, with what to call them; the likeliest ones first. What a field
 * holds is checked by the runtime's rule.
 */
export function timeZones(): [zone: string, label: string][] {
  const here = hereZone()
  const first = [...new Set([here, 'UTC'])]
  const others = Intl.supportedValuesOf('timeZone').filter(zone => !first.includes(zone))
  return [...first, ...others].map(zone => [
    zone,
    zone === here ? `${zone} (${say('thisComputer')})` : zone
  ])
}

/** Puts a button behind an input of a time zone, which offers them with a search. */
export function addTimeZones(input: HTMLInputElement): void {
  addPanel(input, 'globe', panel => {
    const choose = (zone: string) => {
      enter(input, zone)
      panel.close(input)
    }
    const items = timeZones().map(([zone, label]) => choosable(label, () => choose(zone)))
    panel.content.append(...searchList(items))
  })
}
