import { pathOf } from '../record/field-path.ts'
import { button, element } from './element.ts'
import { say } from './texts-of.ts'
import { bare, isLeaf, jsonOf } from './written-text.ts'

/** The message that a dialog shows. */
export interface ShownTree {
  readonly topic: string
  readonly text: string
  /** As the runtime wrote it, where it came from there. */
  readonly payload?: unknown
  /** Where its records came from. */
  readonly taken?: unknown
}

/** What can be picked: a field of a record by its path, or the name of a header. */
export type Picked = 'fields' | 'headers'

interface Item {
  readonly path: string
  readonly depth: number
  readonly name: string
  readonly value: string
}

const MOST_ITEMS = 300
const MAX_DEPTH = 8
/** Of a list; the others are alike. */
const MOST_ELEMENTS = 3
const MAX_VALUE = 40

/**
 * Puts a button behind an input of a path, which opens the tree of the message that the dialog
 * shows; a click on a field writes its path.
 */
export function addFieldPick(
  input: HTMLInputElement,
  picked: Picked,
  shown: () => ShownTree | undefined
): void {
  const opener = button('sitemap', '', () => open(input, itemsOf(shown(), picked)))
  opener.classList.add('millrace-picker')
  opener.setAttribute('aria-label', say('pickField'))
  window.RED.popover.tooltip($(opener), say('pickField'))
  input.after(opener)
}

function open(input: HTMLInputElement, items: readonly Item[]): void {
  const content = element('div', { class: 'millrace-pick' })
  content.style.width = `${Math.max(280, input.offsetWidth + 30)}px`
  const panel = window.RED.popover.panel($(content))
  // Otherwise the dialog below takes Escape as its own.
  content.addEventListener('keydown', event => {
    if (event.key === 'Escape') panel.hide()
    event.stopPropagation()
  })
  const choose = ({ path }: Item) => {
    panel.hide()
    input.value = path
    $(input).trigger('change')
    input.focus()
  }
  const list = element('div', { class: 'millrace-items' }, ...items.map(item => line(item, choose)))
  content.append(items.length > 0 ? list : element('div', {}, say('noFields')))
  panel.show({ target: $(input), offset: [0, 2] })
  content.querySelector<HTMLElement>('button')?.focus()
}

function line(item: Item, choose: (item: Item) => void): HTMLElement {
  const made = element(
    'button',
    { type: 'button', class: 'millrace-item millrace-field' },
    element('span', {}, item.name),
    element('small', {}, item.value)
  )
  made.style.paddingLeft = `${6 + 14 * item.depth}px`
  made.addEventListener('click', () => choose(item))
  return made
}

function itemsOf(shown: ShownTree | undefined, picked: Picked): Item[] {
  if (shown === undefined) return []
  const items: Item[] = []
  if (picked === 'fields') walk(items, recordIn(shown), [])
  else
    for (const [name, value] of Object.entries(headersIn(shown)))
      items.push({ path: name, depth: 0, name, value: brief(value) })
  return items
}

/** The first record of the message; what was typed counts where it is JSON. */
function recordIn({ text, payload }: ShownTree): unknown {
  const value = bare(payload === undefined || payload === null ? parsed(text) : payload)
  const first = Array.isArray(value) ? bare(value[0]) : value
  return typeof first === 'string' ? parsed(first) : first
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function headersIn({ taken }: ShownTree): Record<string, unknown> {
  const first: unknown = Array.isArray(taken) ? taken[0] : taken
  const { headers } = (first ?? {}) as { headers?: unknown }
  return typeof headers === 'object' && headers !== null ? (headers as Record<string, unknown>) : {}
}

/** Objects and the first elements of lists, by names that lead to them. */
function walk(items: Item[], given: unknown, steps: readonly string[]): void {
  const value = bare(given)
  if (isLeaf(value) || steps.length >= MAX_DEPTH) return
  const entries = Object.entries(value as object)
  const few = Array.isArray(value) ? entries.slice(0, MOST_ELEMENTS) : entries
  for (const [name, inner] of few) {
    if (items.length >= MOST_ITEMS) return
    const path = [...steps, name]
    items.push({ path: pathOf(path), depth: steps.length, name, value: brief(inner) })
    walk(items, inner, path)
  }
}

function brief(given: unknown): string {
  const value = bare(given)
  if (Array.isArray(value)) return `[${value.length}]`
  if (!isLeaf(value)) return ''
  const text = jsonOf(value)
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text
}
