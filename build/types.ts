/**
 * The declarations of what other palettes may import, below dist/types. Written for a release: the
 * nodes need none.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesBelow } from './files.ts'
import { HOME } from './palettes.ts'

const compiler = join(HOME, 'node_modules', 'typescript', 'bin', 'tsc')
execFileSync(process.execPath, [compiler, '-p', join(HOME, 'tsconfig.types.json')], {
  stdio: 'inherit'
})

const folder = join(HOME, 'dist', 'types')
for (const path of await filesBelow(folder)) {
  const file = join(folder, path)
  // Their readers have no source files: what is imported are declarations, which are named as the
  // code they belong to.
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(/(from '\.[^']*|import\('\.[^']*)\.ts'/g, "$1.js'")
  )
}
