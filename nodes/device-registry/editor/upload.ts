import { type Answered, askRuntime } from '../../../core/editor/ask.ts'
import { button, element, icon } from '../../../core/editor/element.ts'

interface ReadList extends Answered {
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
  return new ImportPanel(id, done).element
}

class ImportPanel {
  readonly element: HTMLElement
  readonly #text = element('textarea', {
    rows: '5',
    spellcheck: 'false',
    'aria-label': 'List of devices',
    placeholder:
      'device_id,name,type,site\nsensor-7,Boiler room,TH-10,plant 1\n\nor JSON of AWS IoT, Azure IoT Hub or DPS'
  })
  readonly #shown = element('div', { class: 'millrace-import-shown' })
  readonly #said = element('div', { class: 'millrace-answer', role: 'status' })
  readonly #take = button('upload', 'Import', () => void this.#import())

  constructor(
    private readonly id: string,
    private readonly done: () => Promise<void>
  ) {
    const file = element('input', { type: 'file', accept: '.csv,.json,.txt,.jsonl', hidden: '' })
    file.addEventListener('change', () => void this.#choose(file))
    this.#take.disabled = true
    this.#text.addEventListener('input', () => {
      this.#take.disabled = true
    })
    this.element = element(
      'details',
      { class: 'millrace-import' },
      element('summary', {}, 'Import a list'),
      this.#text,
      file,
      element(
        'div',
        { class: 'millrace-devices-foot' },
        button('folder-open-o', 'File', () => file.click()),
        button('eye', 'Preview', () => void this.#look()),
        this.#take
      ),
      this.#said,
      this.#shown
    )
  }

  async #choose(file: HTMLInputElement): Promise<void> {
    const [chosen] = file.files ?? []
    if (chosen === undefined) return
    this.#text.value = await chosen.text()
    file.value = ''
    await this.#look()
  }

  /** What an import would do, before it does it. */
  async #look(): Promise<void> {
    this.#take.disabled = true
    const answer: ReadList = await this.#ask<ReadList>('read')
    this.#shown.replaceChildren()
    say(this.#said, answer.ok, answer.message ?? '')
    if (!answer.ok) return
    this.#shown.append(...foundIn(answer))
    this.#take.disabled = (answer.devices ?? 0) === 0
  }

  async #import(): Promise<void> {
    this.#take.disabled = true
    const { ok, message } = await this.#ask('import')
    say(this.#said, ok, message ?? '')
    this.#shown.replaceChildren()
    if (!ok) return
    this.#text.value = ''
    await this.done()
  }

  #ask<T extends Answered>(action: string) {
    return askRuntime<T>('millrace/devices', { id: this.id, action, text: this.#text.value })
  }
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
}: ReadList): HTMLElement[] {
  const left = refused === 1 ? ', 1 line is left out' : `, ${refused} lines are left out`
  const facts = `${form}: ${devices} device${devices === 1 ? '' : 's'}${refused > 0 ? left : ''}`
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
