/**
 * npm test: builds, checks and runs every test, and ends with one line "N passed, N failed".
 * `--crash` runs the long form of the tests that have one (crashes, hostile messages) and nothing
 * else; any other word runs the test files whose path has it, with the services that these need.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { leaveServices, resetUnshared } from '../stack/lifecycle.ts'
import { servicesOf } from './needs.ts'
import { services, testHome } from './services.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
/** What is quick and says most comes first; the browser comes last. */
const ORDER = [
  'core',
  'build',
  'house',
  'conformance',
  'nodes',
  'delivery',
  'stack',
  'servers',
  'pipeline',
  'hostile',
  'examples',
  'crash',
  'bench',
  'browser'
]
const words = process.argv.slice(2)
const long = words.includes('--crash')
/** What one process may take. */
const LIMIT_MS = (long ? 240 : 20) * 60_000
/**
 * Node-RED's runtime is a singleton that does not start twice cleanly: a file that has one in its
 * own process gets a process.
 */
const HAS_NODE_RED = /node-red(\.ts|-node-test-helper)|kafka-flow\.ts|editor\.ts/

/**
 * What could not be run on this machine: said once more at the end, and counted neither as passed
 * nor as failed.
 */
const notRun = new Set<string>()

interface Outcome {
  readonly passed: number
  readonly failed: number
}

/** Runs a command, shows what it prints, and gives its exit code and its output. */
function run(
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {}
): Promise<{ code: number; output: string }> {
  return new Promise(resolve => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    let output = ''
    child.stdout.on('data', (text: Buffer) => {
      output += text
      process.stdout.write(text)
    })
    child.on('error', error => {
      console.error(error.message)
      resolve({ code: 1, output })
    })
    child.on('close', code => {
      clearTimeout(timer)
      resolve({ code: code ?? 1, output })
    })
  })
}

const node = (...args: string[]) => run(process.execPath, args)
const tool = (path: string, ...args: string[]) => node(join(ROOT, 'node_modules', path), ...args)

/** Each of these counts as one test. */
async function checks(): Promise<Outcome> {
  const steps: [string, () => Promise<{ code: number }>][] = [
    ['build', () => node('--import', 'tsx', 'build.ts')],
    ['lint and format', () => tool('@biomejs/biome/bin/biome', 'check', '.')],
    ['types of what runs in Node', () => tool('typescript/bin/tsc', '-p', '.')],
    ['types of the dialogs', () => tool('typescript/bin/tsc', '-p', 'core/editor')],
    ['types of the tests', () => tool('typescript/bin/tsc', '-p', 'test')]
  ]
  let passed = 0
  for (const [name, step] of steps) {
    const { code } = await step()
    if (code === 0) passed++
    console.log(`${code === 0 ? '✔' : '✘'} ${name}`)
  }
  return { passed, failed: steps.length - passed }
}

function testFiles(): string[] {
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.test.ts') && !file.split(sep).includes('node_modules'))
    .map(file =>
      relative(ROOT, join(ROOT, 'test', file))
        .split(sep)
        .join('/')
    )
  const rank = (file: string) => {
    const place = ORDER.indexOf(file.split('/')[1]!)
    return place < 0 ? ORDER.length : place
  }
  return files.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
}

/** Files that run in one process each, and those of a folder that can share one. */
function processesOf(files: readonly string[]): string[][] {
  const shared = new Map<string, string[]>()
  const processes: string[][] = []
  for (const file of files) {
    const folder = file.split('/')[1]!
    if (HAS_NODE_RED.test(readFileSync(join(ROOT, file), 'utf8'))) processes.push([file])
    else if (shared.has(folder)) shared.get(folder)!.push(file)
    else {
      const together = [file]
      shared.set(folder, together)
      processes.push(together)
    }
  }
  return processes
}

async function mocha(
  files: readonly string[],
  environment: Record<string, string>
): Promise<Outcome> {
  const path = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js')
  const options = [
    '--import=tsx',
    '--require',
    'test/hooks.ts',
    '--forbid-only',
    '--forbid-pending',
    '--exit',
    '--timeout',
    '30000'
  ]
  const { code, output } = await run(process.execPath, [path, ...options, ...files], environment)
  for (const [line] of output.matchAll(/^⚠ not run: .*$/gm)) notRun.add(line)
  const count = (word: string) =>
    Number(new RegExp(`^ *(\\d+) ${word}`, 'm').exec(output)?.[1] ?? 0)
  const [passed, failed] = [count('passing'), count('failing')]
  // A run that ended without its summary, or failed outside of a test, is a failure too.
  return {
    passed,
    failed: failed === 0 && (code !== 0 || !output.includes(' passing (')) ? 1 : failed
  }
}

/**
 * What fails is run once more, and the second run counts: real brokers that elect, rebalance and
 * recover on two cores are not always in time. It is said, so that a test that needs it often is
 * seen.
 */
async function twice(
  files: readonly string[],
  environment: Record<string, string>
): Promise<Outcome> {
  const first = await mocha(files, environment)
  if (first.failed === 0) return first
  console.log(
    `↻ ${first.failed} failed, once more: ${files.length === 1 ? files[0] : dirname(files[0]!)}\n`
  )
  return mocha(files, environment)
}

/** The services start once: this process uses them from the first test file to the last. */
async function tests(
  files: readonly string[],
  environment: Record<string, string>
): Promise<Outcome> {
  let [passed, failed] = [0, 0]
  try {
    await resetUnshared(testHome)
    await services(...servicesOf(ROOT, files))
    for (const together of processesOf(files)) {
      const startMs = performance.now()
      const outcome = await twice(together, environment)
      passed += outcome.passed
      failed += outcome.failed
      const what =
        together.length === 1 ? together[0] : `${together.length} files of ${dirname(together[0]!)}`
      console.log(
        `${outcome.failed === 0 ? '✔' : '✘'} ${what}: ${Math.round((performance.now() - startMs) / 1000)} s\n`
      )
    }
  } catch (error) {
    console.error(error)
    failed++
  } finally {
    await leaveServices(testHome)
  }
  return { passed, failed }
}

const wanted = words.filter(word => !word.startsWith('--'))
/** A test that has a long form asks for it by this variable. */
const hasLongForm = (file: string) =>
  readFileSync(join(ROOT, file), 'utf8').includes('MILLRACE_CRASH')
const files = testFiles()
  .filter(file => !long || hasLongForm(file))
  .filter(file => wanted.length === 0 || wanted.some(word => file.includes(word)))
if (files.length === 0) {
  console.error(
    `No test file has "${wanted.join('" or "')}" in its path. Run one folder of test/ or one name of a file.`
  )
  process.exit(1)
}
const outcomes = [await checks(), await tests(files, long ? { MILLRACE_CRASH: 'long' } : {})]
for (const line of notRun) console.log(line)
const total = (field: keyof Outcome) => outcomes.reduce((sum, outcome) => sum + outcome[field], 0)
console.log(`${total('passed')} passed, ${total('failed')} failed`)
process.exitCode = total('failed') > 0 ? 1 : 0
