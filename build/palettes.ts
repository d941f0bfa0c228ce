import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** The repository: `core/` and the packages are taken from here. */
export const HOME = resolve(import.meta.dirname, '..')

/** Where the companions are: packages of their own beside the main one, a folder each. */
export const PALETTES = join(HOME, 'palettes')

/** What the build reads of a package.json. */
export interface Manifest {
  readonly name: string
  readonly description: string
  readonly version: string
  readonly 'node-red': { readonly nodes: Readonly<Record<string, string>> }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** An npm package of this repository that is made of rooms. */
export interface Palette {
  /** What its folder is called, such as `amqp`; empty for the main one. */
  readonly short: string
  readonly folder: string
  readonly manifest: Manifest
}

export const manifestOf = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest

/** The companions, in the order of their names. */
export async function companions(): Promise<Palette[]> {
  const entries = await readdir(PALETTES, { withFileTypes: true }).catch(() => [])
  const shorts = entries.filter(entry => entry.isDirectory()).map(({ name }) => name)
  return Promise.all(shorts.sort().map(companion))
}

/** The companion of this name. */
export async function companion(short: string): Promise<Palette> {
  const folder = join(PALETTES, short)
  return { short, folder, manifest: await manifestOf(folder) }
}

/** The main palette, which brings what the companions share: core, the script of the dialogs. */
export async function mainPalette(): Promise<Palette> {
  return { short: '', folder: HOME, manifest: await manifestOf(HOME) }
}

/** Whether the rooms of this folder are those of a companion, which has the main one beside it. */
export const isCompanion = (root: string): boolean => resolve(root, '..') === PALETTES
