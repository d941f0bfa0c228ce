import { element, icon } from './element.ts'
import { say } from './texts-of.ts'

/**
 * The folded section of a dialog. It says how many of its fields differ from their defaults, and
 * opens by itself where one is wrong.
 */
export class Fold {
  readonly #header: HTMLButtonElement
  readonly #count = element('span', { class: 'millrace-count' })
  #open = false

  constructor(private readonly section: HTMLElement) {
    this.#header = element(
      'button',
      { type: 'button', class: 'millrace-fold' },
      icon('angle-right'),
      say('advanced'),
      this.#count
    )
    this.#header.addEventListener('click', () => this.#show(!this.#open))
    section.before(this.#header)
    this.#show(false)
  }

  refresh(isWrong: (field: string) => boolean, isChanged: (field: string) => boolean): void {
    const rows = Array.from(
      this.section.querySelectorAll<HTMLElement>('[data-field]:not(.millrace-hidden)')
    )
    const fields = rows.map(row => row.dataset.field!)
    const changed = fields.filter(isChanged).length
    this.#count.textContent = changed === 0 ? '' : `${changed} ${say('changed')}`
    this.#header.hidden = rows.length === 0
    if (rows.length === 0) this.#show(false)
    if (fields.some(isWrong)) this.#show(true)
  }

  #show(open: boolean): void {
    this.#open = open
    this.section.hidden = !open
    this.#header.setAttribute('aria-expanded', String(open))
  }
}
