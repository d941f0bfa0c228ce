/** Companions in the folder of a Node-RED that has the main palette by a link. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { repository } from '../services.ts'

const palettes = join(repository, 'palettes')

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/**
 * Puts every companion that is built into a user directory. Copies, not links: Node.js would look
 * for the main palette from where a link leads, where it has no package beside it.
 */
export function addCompanions(userDir: string): void {
  const modules = join(userDir, 'node_modules')
  const folders = existsSync(palettes) ? readdirSync(palettes) : []
  for (const folder of folders.map(name => join(palettes, name))) {
    if (!existsSync(join(folder, 'dist'))) continue
    const { name, dependencies = {} } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8')
    ) as Manifest
    const target = join(modules, name)
    rmSync(target, { recursive: true, force: true })
    for (const part of ['package.json', 'dist', 'examples'])
      if (existsSync(join(folder, part)))
        cpSync(join(folder, part), join(target, part), { recursive: true })
    for (const client of Object.keys(dependencies)) linkPackage(modules, client)
  }
}

function linkPackage(modules: string, name: string): void {
  const link = join(modules, name)
  if (existsSync(link)) return
  mkdirSync(dirname(link), { recursive: true })
  rmSync(link, { force: true })
  symlinkSync(join(repository, 'node_modules', name), link, 'junction')
}
