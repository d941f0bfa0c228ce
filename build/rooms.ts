import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { NodeSpec } from '../core/node/spec.ts'
import { isCompanion, manifestOf } from './palettes.ts'

/** One node's folder, with what the build needs of it. */
export interface Room {
  /** The kebab-case name: folder, build entry, html, locale, example and test. */
  readonly name: string
  readonly folder: string
  readonly spec: NodeSpec
  /** Markdown. */
  readonly help: string
  /** The file in `icons/` that has the room's name, if there is one. */
  readonly icon: string | undefined
  readonly hasEditor: boolean
  readonly hasMigrations: boolean
  /** Path below `examples/` without the extension, if there is a lesson of this node. */
  readonly example: string | undefined
  /** The companion that it is of; undefined for the main package. */
  readonly module: string | undefined
}

/** The rooms that exist, in the order of the palette, and what does not fit together. */
export async function readRooms(root: string): Promise<{ rooms: Room[]; warnings: string[] }> {
  const listed = await listedNodes(root)
  const entries = await readdir(join(root, 'nodes'), { withFileTypes: true }).catch(() => [])
  const folders = entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
  const complete: string[] = []
  const warnings: string[] = []
  for (const name of folders) {
    const missing = await missingFiles(join(root, 'nodes', name))
    if (missing.length === 0) complete.push(name)
    else warnings.push(`nodes/${name} is not built: it has no ${missing.join(' and no ')}`)
    if (listed.length > 0 && !listed.includes(name))
      warnings.push(`nodes/${name} is not in package.json's node-red.nodes`)
  }
  for (const name of listed)
    if (!folders.includes(name))
      warnings.push(`package.json lists ${name}, but there is no nodes/${name}`)
  const place = (name: string) => (listed.includes(name) ? listed.indexOf(name) : listed.length)
  complete.sort((a, b) => place(a) - place(b))
  const examples = await readdir(join(root, 'examples')).catch(() => [])
  const module = isCompanion(root) ? (await manifestOf(root)).name : undefined
  return {
    rooms: await Promise.all(complete.map(name => readRoom(root, name, { examples, module }))),
    warnings
  }
}

async function readRoom(
  root: string,
  name: string,
  { examples, module: ofModule }: Pick<Room, 'module'> & { readonly examples: readonly string[] }
): Promise<Room> {
  const folder = join(root, 'nodes', name)
  const module = (await import(pathToFileURL(join(folder, 'spec.ts')).href)) as { spec: NodeSpec }
  const example = examples.find(file => new RegExp(`^\\d+-${name}(-.*)?\\.json$`).test(file))
  return {
    name,
    folder,
    spec: module.spec,
    icon: (await exists(join(root, 'icons', `${name}.svg`))) ? `${name}.svg` : undefined,
    help: await readFile(join(folder, 'help.md'), 'utf8').catch(() => ''),
    hasEditor: await exists(join(folder, 'editor.ts')),
    hasMigrations: await exists(join(folder, 'migrations.ts')),
    example: example?.replace(/\.json$/, ''),
    module: ofModule
  }
}

async function listedNodes(root: string): Promise<string[]> {
  const text = await readFile(join(root, 'package.json'), 'utf8').catch(() => '{}')
  const manifest = JSON.parse(text) as { 'node-red'?: { nodes?: Record<string, string> } }
  return Object.keys(manifest['node-red']?.nodes ?? {})
}

async function missingFiles(folder: string): Promise<string[]> {
  const needed = ['spec.ts', 'runtime.ts']
  const found = await Promise.all(needed.map(file => exists(join(folder, file))))
  return needed.filter((_file, index) => !found[index])
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false
  )
