import { type Answered, askRuntime } from '../../../core/editor/ask.ts'
import { button, element } from '../../../core/editor/element.ts'
import { devicesTable, type Listed } from './table.ts'
import { importPanel } from './upload.ts'

interface Page extends Answered {
  readonly total?: number
  readonly rows?: readonly Listed[]
}

const PAGE_ROWS = 20
/** After the last key, so that not every letter is asked for. */
const TYPING_MS = 300
const KINDS = ['', 'new', 'approved', 'blocked', 'online', 'offline', 'silent']

/** The devices of a node that runs: searched, approved, blocked, named and imported. */
export function devicesPanel(id: string): HTMLElement {
  let page = 0
  let asked = 0
  const search = element('input', {
    type: 'search',
    placeholder: 'Search name, type, site…',
    'aria-label': 'Search devices'
  })
  const only = element(
    'select',
    { 'aria-label': 'Which devices' },
    ...KINDS.map(kind => element('option', { value: kind }, kind === '' ? 'all' : kind))
  )
  const said = element('div', { class: 'millrace-answer', role: 'status' })
  const body = element('div', { class: 'millrace-devices-body' })
  const place = element('span', { class: 'millrace-facts' })

  const show = async (): Promise<void> => {
    const number = ++asked
    const answer: Page = await askRuntime<Page>('millrace/devices', {
      id,
      action: 'list',
      search: search.value.trim(),
      only: only.value,
      page
    })
    if (number !== asked) return
    const { ok, message, rows = [], total = 0 } = answer
    if (!ok) {
      body.replaceChildren(element('p', { class: 'millrace-facts' }, message ?? ''))
      place.textContent = ''
      return
    }
    const first = page * PAGE_ROWS
    place.textContent =
      total === 0
        ? 'no devices'
        : `${first + 1}–${first + rows.length} of ${total.toLocaleString('en')}`
    previous.disabled = page === 0
    next.disabled = first + rows.length >= total
    body.replaceChildren(...(rows.length === 0 ? [] : [devicesTable(rows, change)]))
  }

  const change = async (devices: readonly string[], command: string, set: object = {}) => {
    const { ok, message } = await askRuntime('millrace/devices', {
      id,
      action: 'change',
      devices,
      command,
      set
    })
    said.className = `millrace-answer ${ok ? '' : 'millrace-failed'}`
    said.textContent = ok ? '' : (message ?? '')
    await show()
  }

  const turn = (by: number) => () => {
    page = Math.max(0, page + by)
    void show()
  }
  const previous = button('chevron-left', '', turn(-1))
  const next = button('chevron-right', '', turn(1))
  previous.setAttribute('aria-label', 'Previous devices')
  next.setAttribute('aria-label', 'Next devices')
  let typing = 0
  search.addEventListener('input', () => {
    window.clearTimeout(typing)
    typing = window.setTimeout(() => {
      page = 0
      void show()
    }, TYPING_MS)
  })
  only.addEventListener('change', () => {
    page = 0
    void show()
  })
  const again = button('refresh', '', () => void show())
  again.setAttribute('aria-label', 'Ask again')
  void show()
  return element(
    'div',
    { class: 'millrace-section millrace-devices', role: 'group', 'aria-label': 'Devices' },
    element('h4', { class: 'millrace-heading' }, 'Devices'),
    element('div', { class: 'millrace-devices-head' }, search, only, again),
    body,
    element('div', { class: 'millrace-devices-foot' }, previous, next, place),
    said,
    importPanel(id, show)
  )
}
