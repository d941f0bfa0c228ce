import { OptionsError } from '../../core/options-error.ts'
import { withoutSlashes } from '../../core/upload/slashes.ts'
import { spec } from './spec.ts'

/** Where Node-RED answers, by its settings. */
export interface Roots {
  readonly httpAdminRoot?: unknown
  readonly httpNodeRoot?: unknown
}

/** What follows the address of the editor in its own requests, and in those of its nodes. */
const OWN = new Set([
  'auth',
  'comms',
  'context',
  'core',
  'credentials',
  'debug',
  'diagnostics',
  'favicon.ico',
  'flow',
  'flows',
  'icons',
  'inject',
  'library',
  'locales',
  'millrace',
  'nodes',
  'plugins',
  'projects',
  'red',
  'resources',
  'settings',
  'theme',
  'types',
  'udp-ports',
  'vendor'
])

/**
 * The body of a request at a path of this node is kept from the editor, which then could not log
 * anybody in, or deploy. So a path must not be able to be one of the editor's.
 * @param path a template, behind the address of the nodes
 * @throws OptionsError where it is
 */
export function keepOffEditor(field: 'urlPath' | 'prefix', path: string, roots: Roots): void {
  if (roots.httpAdminRoot === false) return
  const editor = levelsOf(roots.httpAdminRoot)
  const level = meets([...levelsOf(roots.httpNodeRoot), ...levelsOf(path)], editor)
  if (level === undefined) return
  throw new OptionsError(spec.label, [
    `${spec.fields[field].label}: "${level}" could take requests of the editor at the same address; begin with fixed text that the editor does not use, such as "ingest"`
  ])
}

/** The level of a path by which it may be one of the editor's. */
function meets(path: readonly string[], editor: readonly string[]): string | undefined {
  for (const [index, level] of path.slice(0, editor.length + 1).entries()) {
    const isLast = index === editor.length
    // All further levels.
    if (level === '#') return level
    // Paths of the editor are the same in capitals.
    const isFixed = !/^[{+]/.test(level)
    if (isLast) return !isFixed || OWN.has(level.toLowerCase()) ? level : undefined
    if (isFixed && level.toLowerCase() !== editor[index]!.toLowerCase()) return undefined
  }
  return undefined
}

function levelsOf(path: unknown): string[] {
  const text = typeof path === 'string' ? withoutSlashes(path) : ''
  return text === '' ? [] : text.split('/')
}
