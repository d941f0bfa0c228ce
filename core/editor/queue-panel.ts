import { type Answered, askRuntime } from './ask.ts'
import { button, element, icon } from './element.ts'
import type { TextKey } from './texts.ts'
import { say } from './texts-of.ts'

/** What the runtime tells of a queue: `POST /millrace/queue`. */
interface QueueShown extends Answered {
  readonly isOpen: boolean
  /** Why it cannot be used. */
  readonly trouble?: string
  readonly mayPutAside: boolean
  /** By priority, the first one first. */
  readonly records: readonly { readonly priority: string; readonly records: number }[]
  readonly bytes: number
  readonly maxBytes: number
  readonly oldestMs?: number
  /** Records that the disk has damaged. */
  readonly damaged: number
  /** Queues of nodes that were deleted while records waited in them. */
  readonly leftBehind: readonly {
    readonly folder: string
    readonly name: string
    /** Not known where the node could not open it. */
    readonly records?: number
  }[]
}

const inDigits = (count: number) => count.toLocaleString('en')
const recordsIn = ({ records }: QueueShown) => records.reduce((sum, each) => sum + each.records, 0)

/** What waits in the queue of the node that runs, and what can be done about it. */
export class QueuePanel {
  readonly element: HTMLElement
  readonly #lines = element('div', { role: 'status' })
  readonly #buttons = element('div', { class: 'millrace-queue-buttons' })
  readonly #answer = element('div', { class: 'millrace-answer', role: 'status' })
  readonly #look = button('refresh', say('queueLook'), () => this.#ask('look'))

  constructor(private readonly id: string) {
    this.element = element(
      'div',
      { class: 'millrace-queue' },
      element('div', { class: 'millrace-heading' }, say('queue')),
      this.#lines,
      this.#buttons,
      this.#answer
    )
    this.#ask('look')
  }

  #ask(action: string, of = ''): void {
    void askRuntime<QueueShown>('millrace/queue', { id: this.id, action, of }).then(found =>
      this.#show(found)
    )
  }

  #show(found: QueueShown | Answered): void {
    const { ok, message } = found
    const isKnown = 'records' in found
    if (isKnown)
      this.#lines.replaceChildren(...linesOf(found).map(line => element('div', {}, line)))
    else this.#lines.replaceChildren(message ?? '')
    this.#buttons.replaceChildren(this.#look, ...(isKnown ? this.#actionsFor(found) : []))
    this.#answer.className = `millrace-answer millrace-${ok ? 'ok' : 'failed'}`
    this.#answer.replaceChildren(
      ...(isKnown && message !== undefined && message !== '' ? [icon('check'), ` ${message}`] : [])
    )
  }

  #actionsFor(now: QueueShown): HTMLElement[] {
    const has = now.isOpen && recordsIn(now) > 0
    return [
      ...(has ? [button('paper-plane', say('queueAgain'), () => this.#ask('again'))] : []),
      ...(has ? [this.#twice('trash', 'queueClear', 'queueClearSure', 'clear')] : []),
      ...(now.mayPutAside ? [this.#twice('archive', 'queueAside', 'queueAsideSure', 'aside')] : []),
      ...(now.damaged > 0 ? [this.#twice('check', 'queueKnown', 'queueKnownSure', 'known')] : []),
      ...now.leftBehind.map(({ folder, name, records }) =>
        button(
          'download',
          `${say('queueAdopt')} ${name || folder}${records === undefined ? '' : ` (${inDigits(records)})`}`,
          () => this.#ask('adopt', folder)
        )
      )
    ]
  }

  /** What cannot be undone has to be pressed twice. */
  #twice(iconName: string, text: TextKey, sure: TextKey, action: string): HTMLElement {
    let isAsked = false
    return button(iconName, say(text), () => {
      if (isAsked) {
        this.#ask(action)
        return
      }
      isAsked = true
      this.#answer.className = 'millrace-answer millrace-failed'
      this.#answer.replaceChildren(icon('exclamation-triangle'), ` ${say(sure)}`)
    })
  }
}

function linesOf(now: QueueShown): string[] {
  if (now.trouble !== undefined) return [now.trouble]
  if (!now.isOpen) return [say('queueOpening')]
  const damaged = now.damaged > 0 ? [`${inDigits(now.damaged)} ${say('queueDamaged')}`] : []
  const all = recordsIn(now)
  if (all === 0) return [say('queueNothing'), ...damaged]
  const parts = now.records.filter(({ records }) => records > 0 && records < all)
  const of = parts.map(({ priority, records }) => `${inDigits(records)} ${priority}`).join(', ')
  const percent = Math.round((now.bytes / now.maxBytes) * 100)
  const size = `${sizeText(now.bytes)}, ${percent} % ${say('queueFilled')}`
  const since =
    now.oldestMs === undefined
      ? ''
      : `, ${say('queueSince')} ${new Date(now.oldestMs).toLocaleString()}`
  const count = `${inDigits(all)} ${say('records')}${of === '' ? '' : ` (${of})`}`
  return [`${count}: ${size}${since}`, ...damaged]
}

const sizeText = (bytes: number) =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
