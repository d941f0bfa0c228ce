import { type Answered, askRuntime } from './ask.ts'
import { button, element, icon } from './element.ts'
import { type Change, recordLines } from './preview-lines.ts'
import { type Offered, offeredFor } from './preview-samples.ts'
import { say } from './texts-of.ts'
import type { Values } from './types.ts'

export interface PreviewOf {
  readonly type: string
  readonly id: string
  /** As they stand in the dialog. */
  values(): Values
  /** Labels of the outputs, first one first. */
  outputs(): readonly string[]
}

interface Left {
  readonly record: unknown
  readonly changes?: readonly Change[]
  readonly reasons?: readonly { readonly code: string; readonly message: string }[]
}

interface Previewed extends Answered {
  readonly outputs?: readonly { readonly count: number; readonly records: readonly Left[] }[]
  readonly filtered?: number
  readonly notices?: readonly string[]
}

/** After the last key; then the runtime is asked. */
const PAUSE_MS = 350

/**
 * A message on the left, and on the right what the node makes of it with the settings of the
 * dialog.
 */
export class PreviewPane {
  readonly element: HTMLElement
  readonly #picker = element('select', { class: 'millrace-sample', 'aria-label': say('sample') })
  readonly #topic = element('input', {
    type: 'text',
    placeholder: say('topic'),
    'aria-label': say('topic'),
    autocomplete: 'off'
  })
  readonly #text = element('textarea', {
    class: 'millrace-in',
    spellcheck: 'false',
    'aria-label': say('previewIn')
  })
  readonly #out = element('div', {
    class: 'millrace-out',
    role: 'region',
    tabindex: '0',
    'aria-label': say('previewOut')
  })
  #offered: readonly Offered[] = []
  /** The sample that is shown, until its text is changed. */
  #chosen: Offered | undefined
  #timer: number | undefined
  #asking = false
  #again = false
  #closed = false

  constructor(private readonly of: PreviewOf) {
    const reload = button('refresh', '', () => void this.#load())
    reload.setAttribute('aria-label', say('reload'))
    reload.title = say('reload')
    const half = (title: string, ...content: Node[]) =>
      element(
        'div',
        { class: 'millrace-half' },
        element('div', { class: 'millrace-half-title' }, title),
        ...content
      )
    this.element = element(
      'div',
      { class: 'millrace-preview' },
      element('div', { class: 'millrace-preview-title' }, icon('eye'), ` ${say('preview')}`),
      element('div', { class: 'millrace-samples' }, this.#picker, reload),
      element(
        'div',
        { class: 'millrace-halves' },
        half(say('previewIn'), this.#topic, this.#text),
        half(say('previewOut'), this.#out)
      )
    )
    // The form checks its own fields; what is typed here is none.
    for (const event of ['input', 'change'])
      this.element.addEventListener(event, happened => happened.stopPropagation())
    this.#picker.addEventListener('change', () =>
      this.#choose(this.#offered[Number(this.#picker.value)])
    )
    this.#text.addEventListener('input', () => this.#typed())
    this.#topic.addEventListener('input', () => this.refresh())
    void this.#load()
  }

  /** Something changed: what leaves is asked for anew, once nothing more changes. */
  refresh(): void {
    window.clearTimeout(this.#timer)
    if (!this.#closed) this.#timer = window.setTimeout(() => void this.#ask(), PAUSE_MS)
  }

  close(): void {
    this.#closed = true
    window.clearTimeout(this.#timer)
  }

  async #load(): Promise<void> {
    this.#offered = await offeredFor(this.of.type, this.of.id)
    const options = this.#offered.map(({ label }, index) =>
      element('option', { value: String(index) }, label)
    )
    this.#picker.replaceChildren(...options, element('option', { value: '' }, say('pasted')))
    if (this.#offered[0] === undefined) this.#picker.value = ''
    else this.#choose(this.#offered[0])
  }

  #choose(offered: Offered | undefined): void {
    this.#chosen = offered
    if (offered === undefined) this.#text.focus()
    else {
      this.#text.value = textOf(offered.payload)
      this.#topic.value = offered.topic
    }
    this.refresh()
  }

  #typed(): void {
    this.#chosen = undefined
    this.#picker.value = ''
    this.refresh()
  }

  async #ask(): Promise<void> {
    if (this.#asking) {
      this.#again = true
      return
    }
    this.#asking = true
    const topic = this.#topic.value
    const { payload, taken } = this.#chosen ?? {}
    const given =
      this.#chosen === undefined ? { topic, text: this.#text.value } : { topic, payload, taken }
    const values = this.of.values()
    const answer = await askRuntime<Previewed>(`millrace/preview/${this.of.type}`, {
      action: 'preview',
      id: this.of.id,
      values,
      given
    })
    this.#asking = false
    if (this.#closed) return
    this.#show(answer)
    if (this.#again) this.refresh()
    this.#again = false
  }

  #show(answer: Previewed): void {
    const { ok, message = '', outputs = [], filtered = 0, notices = [] } = answer
    if (!ok) {
      this.#out.replaceChildren(
        ...message
          .split('\n')
          .map(text =>
            element('div', { class: 'millrace-failed' }, icon('exclamation-triangle'), ` ${text}`)
          )
      )
      return
    }
    const labels = this.of.outputs()
    const parts = outputs.flatMap(({ count, records }, index) =>
      count === 0 ? [] : outputPart(labels[index] ?? String(index + 1), count, records)
    )
    if (filtered > 0)
      parts.push(element('div', { class: 'millrace-facts' }, `${filtered} ${say('leftOut')}`))
    if (parts.length === 0) parts.push(element('div', { class: 'millrace-facts' }, say('noOutput')))
    this.#out.replaceChildren(
      ...parts,
      ...notices.map(text => element('div', { class: 'millrace-facts' }, text))
    )
  }
}

function outputPart(label: string, count: number, records: readonly Left[]): HTMLElement[] {
  const more = count - records.length
  return [
    element('div', { class: 'millrace-output' }, `${label} (${count})`),
    ...records.map(({ record, changes, reasons = [] }) => {
      const shown = recordLines(record, changes)
      shown.prepend(
        ...reasons.map(({ code, message }) =>
          element('div', { class: 'millrace-reason' }, element('b', {}, code), ` ${message}`)
        )
      )
      return shown
    }),
    ...(more > 0
      ? [element('div', { class: 'millrace-facts' }, `${more} ${say('moreRecords')}`)]
      : [])
  ]
}

const textOf = (payload: unknown): string => JSON.stringify(payload, undefined, 2) ?? ''
