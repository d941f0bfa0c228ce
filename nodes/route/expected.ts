import { getter } from '../../core/record/field-path.ts'

const MAX_DEVICES = 100_000

/** The devices of a list: one a line, of a table the first column. */
export function expectedIn(text: string): readonly string[] {
  const ids = text
    .split('\n')
    .map(line => firstCell(line.trim()))
    .filter(id => id !== '' && !id.startsWith('#'))
  return [...new Set(ids)].slice(0, MAX_DEVICES)
}

/**
 * The same of what a flow has: a text as above, a list of names, or the rows of a registry, in
 * which the field by which devices are told apart, or else the first one, has the name. Undefined
 * for what is no list.
 */
export function expectedOf(told: unknown, field: string): readonly string[] | undefined {
  if (typeof told === 'string') return expectedIn(told)
  if (!Array.isArray(told)) return undefined
  const get = getter(field)
  const ids = told.map(row =>
    typeof row === 'object' && row !== null ? (get(row) ?? Object.values(row)[0]) : row
  )
  const texts = ids.filter(id => typeof id === 'string' || typeof id === 'number').map(String)
  return [...new Set(texts.filter(id => id !== ''))].slice(0, MAX_DEVICES)
}

/** What stands before the first comma or semicolon, without quotes. */
function firstCell(line: string): string {
  const [, quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^,;]*))/.exec(line) ?? []
  return quoted === undefined ? (plain ?? '').trim() : quoted.replaceAll('""', '"')
}
