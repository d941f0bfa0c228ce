import { button, element } from './element.ts'
import type { TextKey } from './texts.ts'
import { say } from './texts-of.ts'

/**
 * Puts a button behind an input, or another button, that opens a panel below it.
 * @param fill gets the panel's element and what closes it; called at each opening
 */
export function addPanel(
  input: HTMLElement,
  iconName: string,
  fill: (content: HTMLElement, close: () => void) => unknown,
  name: TextKey = 'pick'
): HTMLButtonElement {
  const opener = button(iconName, '', () => {
    const content = element('div', { class: 'millrace-pick' })
    content.style.width = `${Math.max(240, input.offsetWidth + 30)}px`
    const panel = window.RED.popover.panel($(content))
    const close = () => {
      panel.hide()
      input.focus()
    }
    // Otherwise the dialog below takes Escape as its own.
    content.addEventListener('keydown', event => {
      if (event.key === 'Escape') close()
      event.stopPropagation()
    })
    fill(content, close)
    panel.show({ target: $(input), offset: [0, 2] })
    content.querySelector<HTMLElement>('input, button')?.focus()
  })
  opener.classList.add('millrace-picker')
  opener.setAttribute('aria-label', say(name))
  window.RED.popover.tooltip($(opener), say(name))
  input.after(opener)
  return opener
}

/** Sets an input as if the person had typed. */
export function enter(input: HTMLInputElement, text: string): void {
  input.value = text
  $(input).trigger('change')
}
