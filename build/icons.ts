import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Files } from './files.ts'
import { HOME } from './palettes.ts'

/** The SVG files of `icons/`, for `dist/icons/`, which is where Node-RED looks. */
export async function copyIcons(root: string): Promise<Files> {
  const folder = join((await readdir(root)).includes('icons') ? root : HOME, 'icons')
  const names = (await readdir(folder)).filter(name => name.endsWith('.svg'))
  const contents = await Promise.all(names.map(name => readFile(join(folder, name))))
  return new Map(names.map((name, index) => [`icons/${name}`, contents[index]!]))
}
