import { element } from './element.ts'
import { enter } from './opener.ts'
import { say } from './texts-of.ts'

/** Schemes with the port that stands for each. */
const MQTT_PORTS: Readonly<Record<string, string>> = {
  mqtt: '1883',
  mqtts: '8883',
  ws: '80',
  wss: '443'
}

/**
 * Puts scheme, host and port below the input of an address. Both are in step; what is no such
 * address, such as a variable of the environment, stands in the input alone.
 */
export function addAddress(input: HTMLInputElement, row: HTMLElement): void {
  const scheme = element(
    'select',
    { 'aria-label': say('scheme') },
    ...Object.keys(MQTT_PORTS).map(name => element('option', { value: name }, `${name}://`))
  )
  const host = part('host')
  const port = part('port')
  const parts = element('div', { class: 'millrace-address' }, scheme, host, ':', port)
  let path = ''
  const read = () => {
    const found = /^([a-z]+):\/\/([^/:@\s[\]${}]*)(?::(\d*))?(\/[^@\s]*)?$/.exec(input.value.trim())
    const isKnown = found !== null && MQTT_PORTS[found[1]!] !== undefined
    parts.classList.toggle('millrace-unknown', !isKnown)
    if (!isKnown || parts.contains(document.activeElement)) return
    scheme.value = found[1]!
    host.value = found[2]!
    port.value = found[3] ?? ''
    path = found[4] ?? ''
    port.placeholder = MQTT_PORTS[scheme.value]!
  }
  const write = () => {
    port.placeholder = MQTT_PORTS[scheme.value]!
    const behind = port.value.trim() === '' ? '' : `:${port.value.trim()}`
    enter(input, `${scheme.value}://${host.value.trim()}${behind}${path}`)
  }
  for (const each of [scheme, host, port]) {
    each.addEventListener('input', write)
    // The form reads its own fields; these only write one of them.
    each.addEventListener('change', event => event.stopPropagation())
  }
  input.addEventListener('input', read)
  $(input).on('change', read)
  row.querySelector('.millrace-control')!.after(parts)
  read()
}

const part = (name: 'host' | 'port') =>
  element('input', {
    type: 'text',
    autocomplete: 'off',
    class: `millrace-${name}`,
    placeholder: say(name),
    'aria-label': say(name)
  })
