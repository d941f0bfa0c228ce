/**
 * Node-RED 5 with the Node 24 it needs, beside the development dependencies (Node-RED 4.1),
 * installed when first asked for.
 */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { takeLock } from '../../stack/state.ts'
import { testHome } from '../services.ts'

const HERE = dirname(fileURLToPath(import.meta.url))
const INSTALL_LIMIT_MS = 300_000

export interface Runtime5 {
  /** The Node executable to run it with. */
  readonly node: string
  /** Folder of the node-red package. */
  readonly nodeRed: string
}

let installed: Promise<Runtime5> | undefined

export function runtime5(): Promise<Runtime5> {
  installed ??= install()
  return installed
}

async function install(): Promise<Runtime5> {
  const nodeRed = join(HERE, 'node_modules', 'node-red')
  // Several processes of a run ask for it, the first of them in a fresh clone at the same time.
  const unlock = await takeLock(join(testHome, 'runtimes.lock'), INSTALL_LIMIT_MS)
  try {
    if (!isCurrent(nodeRed)) {
      const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
      // The packages of Node have install scripts only for their aliases; node-red's are not needed
      // for tests.
      await promisify(execFile)(npm, ['ci', '--prefix', HERE, '--ignore-scripts'], {
        cwd: HERE,
        timeout: INSTALL_LIMIT_MS
      })
    }
  } finally {
    unlock()
  }
  return { node: nodeBinary(), nodeRed }
}

/**
 * Whether what is installed is what package.json asks for: an old folder must not test an old
 * version in silence.
 */
function isCurrent(nodeRed: string): boolean {
  const manifest = join(nodeRed, 'package.json')
  if (!existsSync(manifest)) return false
  const wanted = versionIn(join(HERE, 'package.json'), file => file.dependencies?.['node-red'])
  return wanted === versionIn(manifest, file => file.version)
}

interface Manifest {
  version?: string
  dependencies?: Record<string, string>
}

const versionIn = (path: string, pick: (manifest: Manifest) => string | undefined) =>
  pick(JSON.parse(readFileSync(path, 'utf8')) as Manifest)

function nodeBinary(): string {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const packaged = join(
    HERE,
    'node_modules',
    `node-${platform}-${process.arch}`,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node'
  )
  if (existsSync(packaged)) return packaged
  if (process.env.NODE24_PATH) return process.env.NODE24_PATH
  throw new Error(
    `There is no packaged Node 24 for ${process.platform}-${process.arch}: set NODE24_PATH to the executable of one.`
  )
}
