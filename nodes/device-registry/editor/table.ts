import { button, element } from '../../../core/editor/element.ts'

/** A device as the runtime lists it. */
export interface Listed {
  readonly id: string
  readonly name: string | null
  readonly type: string | null
  readonly site: string | null
  readonly location: string | null
  readonly firmware: string | null
  readonly status: string
  readonly presence: string
  readonly seen: string | null
}

export type ChangeDevices = (
  devices: readonly string[],
  command: string,
  set?: Readonly<Record<string, string | null>>
) => Promise<void>

const NAMED = ['name', 'type', 'site', 'location'] as const

/** The devices as rows, with what can be done to each and to those that are ticked. */
export function devicesTable(rows: readonly Listed[], change: ChangeDevices): HTMLElement {
  const ticks = rows.map(({ id }) =>
    element('input', { type: 'checkbox', value: id, 'aria-label': `Choose ${id}` })
  )
  const chosen = () => ticks.filter(tick => tick.checked).map(tick => tick.value)
  const all = element('input', { type: 'checkbox', 'aria-label': 'Choose all of this page' })
  const several = element(
    'div',
    { class: 'millrace-devices-several', hidden: '' },
    button('check', 'Approve', () => void change(chosen(), 'approve')),
    button('ban', 'Block', () => void change(chosen(), 'block'))
  )
  const refresh = () => {
    several.hidden = chosen().length === 0
  }
  all.addEventListener('change', () => {
    for (const tick of ticks) tick.checked = all.checked
    refresh()
  })
  for (const tick of ticks) tick.addEventListener('change', refresh)
  const list = element(
    'ul',
    { class: 'millrace-devices-rows' },
    ...rows.map((row, index) => rowOf(row, ticks[index]!, change))
  )
  const head = element('label', { class: 'millrace-devices-all' }, all, ' all of this page')
  return element(
    'div',
    {},
    element('div', { class: 'millrace-devices-tools' }, head, several),
    list
  )
}

function rowOf(device: Listed, tick: HTMLInputElement, change: ChangeDevices): HTMLElement {
  const { id, name, status, presence, seen } = device
  const about = [device.type, device.site, device.location, device.firmware].filter(Boolean)
  const told = seen === null ? 'never heard' : `heard ${shownTime(seen)}`
  const form = element('div', { hidden: '' })
  const edit = iconButton('pencil', `Name ${id}`, () => {
    form.hidden = !form.hidden
    if (!form.hidden && form.childElementCount === 0) form.append(namingOf(device, change))
    if (!form.hidden) form.querySelector('input')?.focus()
  })
  const approve = iconButton('check', `Approve ${id}`, () => void change([id], 'approve'))
  const block = iconButton('ban', `Block ${id}`, () => void change([id], 'block'))
  approve.hidden = status === 'approved'
  block.hidden = status === 'blocked'
  return element(
    'li',
    { class: `millrace-device millrace-device-${status}` },
    element(
      'div',
      { class: 'millrace-device-line' },
      tick,
      element('span', { class: `millrace-presence millrace-${presence}`, title: presence }),
      element(
        'div',
        { class: 'millrace-device-about' },
        element('div', { class: 'millrace-device-id' }, name ? `${name} · ${id}` : id),
        element('div', { class: 'millrace-facts' }, [...about, presence, told].join(' · '))
      ),
      element('span', { class: `millrace-status millrace-status-${status}` }, status),
      element('div', { class: 'millrace-device-do' }, approve, block, edit)
    ),
    form
  )
}

function iconButton(icon: string, name: string, click: () => void): HTMLButtonElement {
  const made = button(icon, '', click)
  made.setAttribute('aria-label', name)
  made.title = name
  return made
}

function namingOf(device: Listed, change: ChangeDevices): HTMLElement {
  const inputs = NAMED.map(field => {
    const input = element('input', { type: 'text', value: device[field] ?? '', maxlength: '500' })
    return [field, input] as const
  })
  const save = button('check', 'Save', () => {
    const set = Object.fromEntries(
      inputs.map(([field, input]) => [field, input.value.trim() === '' ? null : input.value.trim()])
    )
    void change([device.id], 'set', set)
  })
  return element(
    'div',
    { class: 'millrace-device-naming' },
    ...inputs.map(([field, input]) => element('label', {}, field, input)),
    save
  )
}

/** In the time of who looks, without the date where it is today. */
function shownTime(text: string): string {
  const at = new Date(text)
  return at.toDateString() === new Date().toDateString()
    ? at.toLocaleTimeString()
    : at.toLocaleString()
}
