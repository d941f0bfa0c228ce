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
  return new DevicesPanel(id).element
}

class DevicesPanel {
  readonly element: HTMLElement
  #page = 0
  #asked = 0
  #typing = 0
  readonly #search = element('input', {
    type: 'search',
    placeholder: 'Search name, type, site…',
    'aria-label': 'Search devices'
  })
  readonly #only = element(
    'select',
    { 'aria-label': 'Which devices' },
    ...KINDS.map(kind => element('option', { value: kind }, kind === '' ? 'all' : kind))
  )
  readonly #said = element('div', { class: 'millrace-answer', role: 'status' })
  readonly #body = element('div', { class: 'millrace-devices-body' })
  readonly #place = element('span', { class: 'millrace-facts' })
  readonly #previous = iconOnly('chevron-left', 'Previous devices', () => this.#turn(-1))
  readonly #next = iconOnly('chevron-right', 'Next devices', () => this.#turn(1))

  constructor(private readonly id: string) {
    const again = iconOnly('refresh', 'Ask again', () => void this.#show())
    this.element = element(
      'div',
      { class: 'millrace-devices', role: 'group', 'aria-label': 'Devices' },
      element('div', { class: 'millrace-heading' }, 'Devices'),
      element('div', { class: 'millrace-devices-head' }, this.#search, this.#only, again),
      this.#body,
      element('div', { class: 'millrace-devices-foot' }, this.#previous, this.#next, this.#place),
      this.#said,
      importPanel(id, () => this.#show())
    )
    this.#search.addEventListener('input', () => {
      window.clearTimeout(this.#typing)
      this.#typing = window.setTimeout(() => this.#begin(), TYPING_MS)
    })
    this.#only.addEventListener('change', () => this.#begin())
    void this.#show()
  }

  #begin(): void {
    this.#page = 0
    void this.#show()
  }

  #turn(by: number): void {
    this.#page = Math.max(0, this.#page + by)
    void this.#show()
  }

  async #show(): Promise<void> {
    const number = ++this.#asked
    const answer: Page = await askRuntime<Page>('millrace/devices', {
      id: this.id,
      action: 'list',
      search: this.#search.value.trim(),
      only: this.#only.value,
      page: this.#page
    })
    // Another question was asked meanwhile.
    if (number !== this.#asked) return
    if (answer.ok) this.#list(answer.rows ?? [], answer.total ?? 0)
    else {
      this.#body.replaceChildren(element('p', { class: 'millrace-facts' }, answer.message ?? ''))
      this.#place.textContent = ''
      this.#previous.disabled = this.#next.disabled = true
    }
  }

  #list(rows: readonly Listed[], total: number): void {
    const first = this.#page * PAGE_ROWS
    this.#place.textContent =
      rows.length === 0
        ? 'no devices'
        : `${first + 1}–${first + rows.length} of ${total.toLocaleString('en')}`
    this.#previous.disabled = this.#page === 0
    this.#next.disabled = first + rows.length >= total
    const change = this.#change.bind(this)
    this.#body.replaceChildren(...(rows.length === 0 ? [] : [devicesTable(rows, change)]))
  }

  async #change(devices: readonly string[], command: string, set: object = {}): Promise<void> {
    const body = { id: this.id, action: 'change', devices, command, set }
    const { ok, message } = await askRuntime('millrace/devices', body)
    this.#said.className = `millrace-answer ${ok ? '' : 'millrace-failed'}`
    this.#said.textContent = ok ? '' : (message ?? '')
    await this.#show()
  }
}

function iconOnly(icon: string, name: string, click: () => void): HTMLButtonElement {
  const made = button(icon, '', click)
  made.setAttribute('aria-label', name)
  made.title = name
  return made
}
