import { type Answered, askRuntime } from '../../../core/editor/ask.ts'
import { button, element, icon } from '../../../core/editor/element.ts'

interface Read extends Answered {
  readonly form?: string
  readonly devices?: number
  readonly refused?: number
  readonly rows?: readonly Readonly<Record<string, unknown>>[]
  readonly problems?: readonly { readonly line: number; readonly message: string }[]
}

const SHOWN = ['id', 'name', 'type', 'site', 'location', 'firmware', 'status'] as const
const MOST_ROWS = 8

/** A list of another system is pasted or chosen, looked at, and then taken. */
export function importPanel(id: string, done: () => Promise<void>): HTMLElement {
  const text = element('textarea', {
    rows: '5',
    spellcheck: 'false',
    'aria-label': 'List of devices',
    placeholder:
      'device_id,name,type,site\nsensor-7,Boiler room,TH-10,plant 1\n\nor JSON of AWS IoT, Azure IoT Hub or DPS'
  })
  const file = element('input', { type: 'file', accept: '.csv,.json,.txt,.jsonl', hidden: '' })
  const shown = element('div', { class: 'millrace-import-shown' })
  const said = element('div', { class: 'millrace-answer', role: 'status' })
  const take = button('upload', 'Import', async () => {
    take.disabled = true
    const { ok, message } = await askRuntime('millrace/devices', {
      id,
      action: 'import',
      text: text.value
    })
    say(said, ok, message ?? '')
    shown.replaceChildren()
    if (!ok) return
    text.value = ''
    await done()
  })
  take.disabled = true
  const look = async () => {
    take.disabled = true
    const answer: Read = await askRuntime<Read>('millrace/devices', {
      id,
      action: 'read',
      text: text.value
    })
    shown.replaceChildren()
    say(said, answer.ok, answer.message ?? '')
    if (!answer.ok) return
    shown.append(...foundIn(answer))
    take.disabled = (answer.devices ?? 0) === 0
  }
  file.addEventListener('change', async () => {
    const [chosen] = file.files ?? []
    if (chosen === undefined) return
    text.value = await chosen.text()
    file.value = ''
    await look()
  })
  text.addEventListener('input', () => {
    take.disabled = true
  })
  return element(
    'details',
    { class: 'millrace-import' },
    element('summary', {}, 'Import a list'),
    text,
    file,
    element(
      'div',
      { class: 'millrace-devices-foot' },
      button('folder-open-o', 'File', () => file.click()),
      button('eye', 'Preview', () => void look()),
      take
    ),
    said,
    shown
  )
}

function say(place: HTMLElement, ok: boolean, message: string): void {
  place.className = `millrace-answer millrace-${ok ? 'ok' : 'failed'}`
  place.replaceChildren(
    ...(message === '' ? [] : [icon(ok ? 'check' : 'exclamation-triangle'), ` ${message}`])
  )
}

function foundIn({
  form = '',
  devices = 0,
  refused = 0,
  rows = [],
  problems = []
}: Read): HTMLElement[] {
  const facts = `${form}: ${devices} devices${refused > 0 ? `, ${refused} lines are left out` : ''}`
  const columns = SHOWN.filter(name => rows.some(row => row[name] !== undefined))
  const table = element(
    'table',
    { class: 'millrace-rows' },
    element('tr', {}, ...columns.map(name => element('th', {}, name))),
    ...rows
      .slice(0, MOST_ROWS)
      .map(row =>
        element('tr', {}, ...columns.map(name => element('td', {}, String(row[name] ?? ''))))
      )
  )
  const list = element(
    'ul',
    { class: 'millrace-failed' },
    ...problems.map(({ line, message }) => element('li', {}, `line ${line}: ${message}`))
  )
  return [
    element('p', { class: 'millrace-facts' }, facts),
    ...(rows.length > 0 ? [table] : []),
    ...(problems.length > 0 ? [list] : [])
  ]
}
