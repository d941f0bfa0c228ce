import { button, element } from './element.ts'
import type { TextKey } from './texts.ts'
import { say } from './texts-of.ts'

const NARROWEST_PX = 280
/** Between a panel and the edge of the window. */
const MARGIN_PX = 10
const CAN_FOCUS = 'input:not(:disabled), select:not(:disabled), button:not(:disabled)'

/**
 * A panel below a control. The keyboard stays in it until it is closed: Escape closes it and not
 * the dialog below, the arrows go through what it offers.
 */
export class PickPanel {
  readonly content: HTMLElement
  readonly #panel: ReturnType<typeof window.RED.popover.panel>

  /**
   * @param target what it stands below
   * @param opener the button that opens it
   */
  constructor(
    private readonly target: HTMLElement,
    private readonly opener: HTMLElement
  ) {
    this.content = element('div', {
      class: 'millrace-pick',
      role: 'dialog',
      tabindex: '-1',
      'aria-label': opener.getAttribute('aria-label') ?? ''
    })
    this.content.style.width = `${this.#widthPx}px`
    this.#panel = window.RED.popover.panel($(this.content))
    this.content.addEventListener('keydown', event => {
      // Otherwise the dialog below takes the keys as its own.
      event.stopPropagation()
      this.#key(event)
    })
  }

  show(): void {
    const over = this.target.getBoundingClientRect().left + this.#widthPx + MARGIN_PX
    this.#panel.show({
      target: $(this.target),
      offset: [Math.min(0, window.innerWidth - over), 2],
      onclose: () => this.#say(false)
    })
    this.#say(true)
    this.focus()
  }

  /** Goes to the first thing in it, or to the panel itself where there is nothing to press. */
  focus(): void {
    ;(this.#parts()[0] ?? this.content).focus()
  }

  close(back: HTMLElement = this.opener): void {
    this.#panel.hide()
    this.#say(false)
    back.focus()
  }

  get #widthPx(): number {
    return Math.max(NARROWEST_PX, this.target.offsetWidth + 30)
  }

  #parts(): HTMLElement[] {
    return Array.from(this.content.querySelectorAll<HTMLElement>(CAN_FOCUS))
  }

  #say(isOpen: boolean): void {
    this.opener.setAttribute('aria-expanded', String(isOpen))
  }

  #key(event: KeyboardEvent): void {
    const parts = this.#parts()
    const at = parts.indexOf(document.activeElement as HTMLElement)
    if (event.key === 'Escape') this.close()
    else if (event.key === 'Tab') {
      const next = event.shiftKey ? (at <= 0 ? parts.length : at) - 1 : (at + 1) % parts.length
      ;(parts[next] ?? this.content).focus()
    } else if (event.key === 'ArrowDown' && goesOn(parts[at])) parts[at + 1]?.focus()
    else if (event.key === 'ArrowUp' && goesOn(parts[at])) parts[at - 1]?.focus()
    else return
    event.preventDefault()
  }
}

/** Whether arrows up and down mean nothing in a control itself. */
const goesOn = (control: HTMLElement | undefined): boolean =>
  control instanceof HTMLButtonElement ||
  (control instanceof HTMLInputElement &&
    ['text', 'checkbox'].includes(control.type) &&
    !control.hasAttribute('list'))

/** Puts a button behind an input, or another button, which opens something below it. */
export function addOpener(
  input: HTMLElement,
  iconName: string,
  name: TextKey,
  open: (opener: HTMLButtonElement) => unknown
): HTMLButtonElement {
  const opener = button(iconName, '', () => open(opener))
  opener.classList.add('millrace-picker')
  opener.setAttribute('aria-label', say(name))
  opener.setAttribute('aria-haspopup', 'dialog')
  opener.setAttribute('aria-expanded', 'false')
  window.RED.popover.tooltip($(opener), say(name))
  input.after(opener)
  return opener
}

/**
 * Puts a button behind an input, or another button, that opens a panel below it.
 * @param fill gets the panel; called at each opening
 */
export function addPanel(
  input: HTMLElement,
  iconName: string,
  fill: (panel: PickPanel) => unknown,
  name: TextKey = 'pick'
): HTMLButtonElement {
  return addOpener(input, iconName, name, opener => {
    const panel = new PickPanel(input, opener)
    fill(panel)
    panel.show()
  })
}

/** Sets an input as if the person had typed. */
export function enter(input: HTMLInputElement, text: string): void {
  input.value = text
  $(input).trigger('change')
}
