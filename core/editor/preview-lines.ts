import { element } from './element.ts'
import { bare, isLeaf, jsonOf, taggedIn } from './written-text.ts'

/** A value that is not as it came in, as core/node/preview/changes.ts finds it. */
export interface ChangedLine {
  readonly path: readonly string[]
  readonly kind: 'added' | 'changed' | 'removed'
}

type Kinds = ReadonlyMap<string, ChangedLine['kind']>

/** Marks that are read without colour too. */
const SIGNS = { added: '+', changed: '~', removed: '-' } as const
const keyOf = (path: readonly string[]) => JSON.stringify(path)

/** A record as lines of JSON; those whose value changed are marked. */
export function recordLines(record: unknown, changes: readonly ChangedLine[] = []): HTMLElement {
  const kinds: Kinds = new Map(changes.map(({ path, kind }) => [keyOf(withoutTag(path)), kind]))
  const block = element('div', { class: 'millrace-record' })
  write(block, record, [], '', '', kinds)
  for (const { path, kind } of changes)
    if (kind === 'removed') block.append(line('removed', 1, path.join('.')))
  return block
}

/** The digits of a long integer stand in a tag of their own. */
const withoutTag = (path: readonly string[]) =>
  taggedIn({ [path.at(-1) ?? '']: '' }) === undefined ? path : path.slice(0, -1)

function write(
  block: HTMLElement,
  given: unknown,
  path: readonly string[],
  name: string,
  comma: string,
  kinds: Kinds
): void {
  const depth = path.length
  const kind = kinds.get(keyOf(path))
  const value = bare(given)
  const entries = isLeaf(value) ? [] : Object.entries(value as object)
  if (entries.length === 0) {
    block.append(line(kind, depth, `${name}${jsonOf(value) || 'null'}${comma}`))
    return
  }
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  block.append(line(kind, depth, `${name}${open}`))
  entries.forEach(([key, inner], index) => {
    const caption = Array.isArray(value) ? '' : `${JSON.stringify(key)}: `
    write(block, inner, [...path, key], caption, index === entries.length - 1 ? '' : ',', kinds)
  })
  block.append(line(kind, depth, `${close}${comma}`))
}

function line(kind: ChangedLine['kind'] | undefined, depth: number, text: string): HTMLElement {
  const sign = element('span', { class: 'millrace-sign' }, kind === undefined ? ' ' : SIGNS[kind])
  return element(
    'div',
    { class: `millrace-line${kind === undefined ? '' : ` millrace-${kind}`}` },
    sign,
    `${'  '.repeat(depth)}${text}`
  )
}
