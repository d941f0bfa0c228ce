import { button, element } from './element.ts'
import { enter } from './opener.ts'
import { say } from './texts-of.ts'

const PORT = '9092'
const BROKER = /^([^\s:,/$]+)(?::(\d*))?$/

/**
 * Puts a row of host and port for each broker below the input of a list of them. Both are in step;
 * what is no such list, such as a variable of the environment, stands in the input alone.
 */
export function addBrokers(input: HTMLInputElement, row: HTMLElement): void {
  const place = element('div', { class: 'millrace-brokers' })
  const write = () => {
    const pairs = Array.from(place.querySelectorAll('.millrace-address'), line =>
      Array.from(line.querySelectorAll('input'), ({ value }) => value.trim())
    )
    enter(
      input,
      pairs
        .filter(([host]) => host !== '')
        .map(([host, port]) => (port === '' ? host : `${host}:${port}`))
        .join(', ')
    )
  }
  const add = button('plus', say('addBroker'), () => {
    const line = lineOf(['', ''], write)
    add.before(line)
    line.querySelector('input')!.focus()
  })
  add.classList.add('red-ui-button-small')
  const read = () => {
    const found = input.value.split(',').map(text => BROKER.exec(text.trim()))
    place.hidden = found.includes(null)
    if (place.hidden || place.contains(document.activeElement)) return
    const lines = found.map(match => lineOf([match![1]!, match![2] ?? ''], write))
    place.replaceChildren(...lines, add)
  }
  // The form reads its own fields; these only write one of them.
  place.addEventListener('change', event => event.stopPropagation())
  place.addEventListener('input', event => {
    event.stopPropagation()
    write()
  })
  input.addEventListener('input', read)
  $(input).on('change', read)
  row.querySelector('.millrace-control')!.after(place)
  read()
}

function lineOf([host, port]: readonly [string, string], write: () => void): HTMLElement {
  const part = (name: 'host' | 'port', value: string) => {
    const made = element('input', {
      type: 'text',
      autocomplete: 'off',
      class: `millrace-${name}`,
      placeholder: name === 'port' ? PORT : say(name),
      'aria-label': say(name)
    })
    made.value = value
    return made
  }
  const less = button('remove', '', () => {
    line.remove()
    write()
  })
  less.classList.add('red-ui-button-small')
  less.setAttribute('aria-label', say('remove'))
  const line = element(
    'div',
    { class: 'millrace-address' },
    part('host', host),
    ':',
    part('port', port),
    less
  )
  return line
}
