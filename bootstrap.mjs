/**
 * Makes a fresh clone ready, then runs a TypeScript file: node bootstrap.mjs FILE [ARGUMENTS ...]
 *
 * Plain JavaScript without dependencies, because nothing is installed yet when it begins.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const oldestNode = 20
const root = dirname(fileURLToPath(import.meta.url))
const at = (...parts) => join(root, ...parts)
const buildStamp = at('node_modules', '.cache', 'millrace-build')
/** What the build reads. */
const sources = ['nodes', 'core', 'icons', 'palettes', 'build', 'build.ts', 'package.json']

const modified = path => (existsSync(path) ? statSync(path).mtimeMs : 0)

function newest(path) {
  if (!existsSync(path)) return 0
  if (!statSync(path).isDirectory()) return modified(path)
  // A companion is built into its own folder.
  const names = readdirSync(path).filter(name => name !== 'dist')
  return Math.max(0, ...names.map(name => newest(join(path, name))))
}

function fail(message) {
  console.error(message)
  process.exit(1)
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < oldestNode)
    fail(
      `Node.js ${oldestNode} or newer is needed, this is ${process.version}. Install it from https://nodejs.org and try again.`
    )
}

/**
 * Whether the installed packages are those of the lock file. npm notes what it has installed beside
 * them.
 */
function isInstalled() {
  const installed = at('node_modules', '.package-lock.json')
  const wanted = at('package-lock.json')
  if (!existsSync(installed)) return false
  if (modified(installed) >= modified(wanted)) return true
  // a newer date alone says little: git gives one to every file that it writes
  const found = JSON.parse(readFileSync(installed, 'utf8')).packages
  return Object.entries(JSON.parse(readFileSync(wanted, 'utf8')).packages).every(
    ([path, { version, optional }]) =>
      path === '' || (found[path] ? found[path].version === version : optional === true)
  )
}

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    ...options
  })
  if (error) fail(`${command} could not be started: ${error.message}`)
  if (status !== 0) fail(`"${[command, ...args].join(' ')}" failed, see above.`)
}

function install() {
  if (isInstalled()) return
  console.log('installing packages (npm ci)')
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  // npm tells the scripts that it runs where it is itself; that one is there for certain
  const npm = process.env.npm_execpath
  if (npm && /\.c?js$/.test(npm)) run(process.execPath, [npm, ...args])
  else
    run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, {
      shell: process.platform === 'win32'
    })
}

function build() {
  if (
    existsSync(at('dist')) &&
    modified(buildStamp) >= Math.max(...sources.map(name => newest(at(name))))
  )
    return
  const began = new Date()
  console.log('building the nodes')
  run(process.execPath, ['--import', 'tsx', 'build.ts'])
  mkdirSync(dirname(buildStamp), { recursive: true })
  // what changes while the build runs is newer than it
  writeFileSync(buildStamp, '')
  utimesSync(buildStamp, began, began)
}

/** Runs the file until it ends, hands on the signals, and ends as it did. */
function runFile([file, ...args]) {
  if (!file) fail('usage: node bootstrap.mjs FILE [ARGUMENTS ...]')
  const child = spawn(process.execPath, ['--import', 'tsx', at(file), ...args], {
    cwd: root,
    stdio: 'inherit'
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => fail(`${file} could not be started: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(signal ? 1 : code))
}

checkNode()
install()
// whoever asks what there is need not wait for the build
if (!process.argv.includes('--help')) build()
runFile(process.argv.slice(2))
