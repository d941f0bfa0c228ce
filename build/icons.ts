import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Family } from '../core/node/spec.ts'
import { HOME } from './code.ts'
import type { Files } from './files.ts'

/** One colour a family, in the range of Node-RED's own palette: light enough for black labels, dark enough for white icons. */
export const COLOURS: Readonly<Record<Family, string>> = {
  mqtt: '#c8a8d8',
  kafka: '#93b5d9',
  timescale: '#e6b567',
  transform: '#8cc5b4',
  observe: '#a3bb8c',
  delivery: '#dba08e'
}

/** The SVG files of `icons/`, for `dist/icons/`, which is where Node-RED looks. */
export async function copyIcons(root: string): Promise<Files> {
  const folder = join((await readdir(root)).includes('icons') ? root : HOME, 'icons')
  const names = (await readdir(folder)).filter(name => name.endsWith('.svg'))
  const contents = await Promise.all(names.map(name => readFile(join(folder, name))))
  return new Map(names.map((name, index) => [`icons/${name}`, contents[index]!]))
}
