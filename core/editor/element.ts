/** An element with attributes and children; text becomes text, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** An icon of Font Awesome, which Node-RED has. */
export const icon = (name: string): HTMLElement => element('i', { class: `fa fa-${name}` })

/** A button in Node-RED's style. */
export function button(iconName: string, text: string, click: () => void): HTMLButtonElement {
  const made = element(
    'button',
    { type: 'button', class: 'red-ui-button' },
    icon(iconName),
    text === '' ? '' : ` ${text}`
  )
  made.addEventListener('click', click)
  return made
}

/**
 * Makes a button, for keys and screen readers too, of a link without address, as Node-RED has them
 * beside configuration nodes and in lists.
 */
export function asButton(link: HTMLElement, name: string): void {
  link.setAttribute('role', 'button')
  link.setAttribute('aria-label', name)
  link.tabIndex = 0
  link.addEventListener('keydown', event => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    link.click()
  })
}
