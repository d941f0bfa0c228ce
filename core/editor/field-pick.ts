import type { Place } from '../node/spec.ts'
import { getter, isFieldPath, pathOf } from '../record/field-path.ts'
import { element } from './element.ts'
import { addOpener, enter, PickPanel } from './opener.ts'
import { searchList } from './search-list.ts'
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

/** What can be picked from a tree. */
export type Picked = Exclude<Place, 'topic'>

/** What a dialog knows beside the message. */
export interface PickedIn {
  /** Fields that come from the topic, with their values in the topic shown. */
  readonly ofTopic: Readonly<Record<string, string>>
  /** Where measurements stand; empty for the record itself. */
  readonly at: string
}

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
  shown: () => Promise<ShownTree | undefined>,
  within: () => PickedIn = () => ({ ofTopic: {}, at: '' })
): void {
  addOpener(input, 'sitemap', 'pickField', async opener => {
    const items = itemsOf(await shown(), picked, within())
    if (input.isConnected) open(input, opener, items)
  })
}

function open(input: HTMLInputElement, opener: HTMLElement, items: readonly Item[]): void {
  const panel = new PickPanel(input, opener)
  const choose = ({ path }: Item) => {
    enter(input, path)
    panel.close(input)
  }
  const list = searchList(items.map(item => ({ text: item.path, shown: line(item, choose) })))
  panel.content.append(...(items.length > 0 ? list : [element('div', {}, say('noFields'))]))
  panel.show()
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

function itemsOf(shown: ShownTree | undefined, picked: Picked, { ofTopic, at }: PickedIn): Item[] {
  if (shown === undefined) return []
  const items: Item[] = []
  const plain = (path: string, value: unknown) =>
    items.push({ path, depth: 0, name: path, value: brief(value) })
  if (picked === 'headers')
    for (const [name, value] of Object.entries(headersIn(shown))) plain(name, value)
  else if (picked === 'parts') items.push(...partsOf(placeIn(shown, at)))
  else if (picked === 'measurements') walk(items, placeIn(shown, at), [])
  else {
    walk(items, recordIn(shown), [])
    for (const [name, value] of Object.entries(ofTopic))
      if (!items.some(({ path }) => path === name))
        items.push({ path: name, depth: 0, name, value: `${value} · ${say('fromTopic')}` })
  }
  return items
}

/** What the objects of a record have, each once: they are alike. */
function partsOf(place: unknown): Item[] {
  if (isLeaf(place)) return []
  const found = new Map<string, Item>()
  for (const each of Object.values(place as object).slice(0, MOST_PARTS)) {
    const items: Item[] = []
    if (!Array.isArray(bare(each))) walk(items, each, [])
    for (const item of items) if (!found.has(item.path)) found.set(item.path, item)
  }
  return [...found.values()]
}

const MOST_PARTS = 50

/** What holds the measurements. */
function placeIn(shown: ShownTree, at: string): unknown {
  const record = recordIn(shown)
  return bare(at !== '' && isFieldPath(at) ? getter(at)(record) : record)
}

/** The first record of the message; what was typed counts where it is JSON. */
const recordIn = (shown: ShownTree): unknown => recordsIn(shown)[0]

function recordsIn({ text, payload }: ShownTree): unknown[] {
  const value = bare(payload === undefined || payload === null ? parsed(text) : payload)
  const each = Array.isArray(value) ? value.map(bare) : [value]
  return each.map(one => (typeof one === 'string' ? parsed(one) : one))
}

/** Different numbers, texts and truths that a field holds in these messages, in the order seen. */
export function valuesIn(trees: readonly ShownTree[], path: string): (string | number | boolean)[] {
  if (!isFieldPath(path)) return []
  const get = getter(path)
  const found = new Set<string | number | boolean>()
  for (const record of trees.flatMap(recordsIn)) {
    const value = bare(get(record))
    if (['string', 'number', 'boolean'].includes(typeof value)) found.add(value as string)
    if (found.size >= MOST_VALUES) break
  }
  return [...found]
}

const MOST_VALUES = 20

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
