import { element } from './element.ts'
import { addPanel, enter } from './opener.ts'
import { say } from './texts-of.ts'

/** Fields that a level of a topic mostly stands for. */
const USUAL = ['device_id', 'site', 'location', 'device_type', 'metric', 'org']
/** A topic of more levels is written by hand. */
const MOST_LEVELS = 20

/**
 * Puts a button behind the input of a topic template, which shows the levels of the topic seen: a
 * level stays as it is, stands for any, or becomes a field.
 */
export function addTopicPick(input: HTMLInputElement, topic: () => string): void {
  addPanel(
    input,
    'sitemap',
    ({ content }) => {
      const levels = topic().split('/').slice(0, MOST_LEVELS)
      if (levels.join('') === '') {
        content.append(element('div', {}, say('noTopic')))
        return
      }
      const before = input.value.split('/')
      const list = element('datalist', { id: `millrace-levels-${++count}` })
      for (const name of USUAL) list.append(element('option', { value: `{${name}}` }))
      list.append(element('option', { value: '+' }))
      const cells = levels.map((level, index) => cellOf(level, before[index], list.id))
      const write = () => enter(input, cells.map(({ value }, at) => value || levels[at]!).join('/'))
      for (const cell of cells) {
        cell.addEventListener('input', write)
        cell.addEventListener('change', event => event.stopPropagation())
      }
      content.append(
        element('div', { class: 'millrace-half-title' }, say('topicLevels')),
        ...cells.map((cell, index) =>
          element(
            'label',
            { class: 'millrace-level' },
            element('span', {}, levels[index] || say('emptyLevel')),
            cell
          )
        ),
        list
      )
    },
    'pickLevels'
  )
}

let count = 0

/** What stands there for this level now; the level itself where the template has no such. */
function cellOf(level: string, now: string | undefined, list: string): HTMLInputElement {
  const cell = element('input', { type: 'text', list, autocomplete: 'off' })
  cell.value = now !== undefined && /^(\{.*\}|\+|#)$/.test(now) && now !== '#' ? now : level
  return cell
}
