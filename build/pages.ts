/**
 * For palettes of others: what Node-RED's editor needs of a node, made from its spec. The dialogs
 * run on the script that this palette brings along, so it has to be installed beside the other one.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { NodeSpec } from '../core/node/spec.ts'
import { localeOf } from './locale.ts'
import { pageOf } from './page.ts'

export interface PageSource {
  /** The name of the node's file in `node-red.nodes` of package.json, without its ending. */
  readonly name: string
  readonly spec: NodeSpec
  /** Markdown: when to use it, what it guarantees, pitfalls. */
  readonly help?: string
}

/**
 * The dialog with its help, its texts, and its icon, by the path below the folder that the node's
 * file is in.
 */
export function editorFiles({ name, spec, help = '' }: PageSource): Map<string, string> {
  // Families of companions have theirs in the companion.
  const file = join(import.meta.dirname, 'icons', `${spec.family}.svg`)
  const icon = existsSync(file) ? [[`icons/${spec.family}.svg`, readFileSync(file, 'utf8')]] : []
  return new Map([
    ...(icon as [string, string][]),
    [`${name}.html`, pageOf({ spec, help })],
    [`locales/en-US/${name}.json`, `${JSON.stringify(localeOf(spec), null, 2)}\n`]
  ])
}

/** Writes these files of each node below a folder. */
export function writeEditorFiles(folder: string, nodes: readonly PageSource[]): void {
  for (const node of nodes) {
    for (const [path, text] of editorFiles(node)) {
      const file = join(folder, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
  }
}
