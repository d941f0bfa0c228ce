/**
 * npm test: builds, checks and runs every test, and ends with one line "N passed, N failed".
 * `--crash` runs the long form of the tests that have one (crashes, hostile messages) and nothing
 * else; any other word runs the test files whose path has it, with the services that these need.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { leaveServices, resetUnshared } from '../stack/lifecycle.ts'
import { endsServices, servicesOf } from './needs.ts'
import { readResults, type TestCounts } from './results.ts'
import { services, testHome } from './services.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
/** What is quick and says most comes first; the browser comes last. */
const ORDER = [
  'core',
  'cases',
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
/** A file that says so at its top does little itself, and runs beside those that are busy. */
const MOSTLY_WAITS = /^\/\/ Mostly waits\.$/m
/** So many of these run beside a busy one. */
const WAITERS = 2

/**
 * What could not be run on this machine: said once more at the end, and counted neither as passed
 * nor as failed.
 */
const notRun = new Set<string>()
/** What failed, once more at the end: whoever reads only the end of a long output learns it too. */
const failures: string[] = []
/** Files to be run once more. */
const again: (readonly string[])[] = []
/** A report of more lines than this is cut. */
const FAILURE_LINES = 60

interface Outcome extends TestCounts {
  /** CPU time of the tests' process: says what "Mostly waits" is true of. */
  readonly cpuSeconds?: number
  /** Files that did not pass, and what the others have passed, where that is known. */
  readonly again?: { readonly files: readonly string[]; readonly passed: number }
  /** What mocha says of the tests that failed. */
  readonly report?: string
}

type Show = (text: string) => void
const showNow: Show = text => process.stdout.write(text)

/** Runs a command, shows what it prints, and gives its exit code and its output. */
function run(
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {},
  show = showNow
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
      show(String(text))
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
  const take = async ([name, step]: (typeof steps)[number]) => {
    const { code } = await step()
    if (code === 0) passed++
    console.log(`${code === 0 ? '✔' : '✘'} ${name}`)
  }
  const [build, ...others] = steps
  await take(build!)
  await Promise.all(others.map(take))
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

interface Process {
  readonly files: readonly string[]
  readonly lane: 'busy' | 'waits' | 'last'
}

/** Files that run in one process each, and those of a folder that can share one. */
function processesOf(files: readonly string[]): Process[] {
  const shared = new Map<string, string[]>()
  const processes: Process[] = []
  for (const file of files) {
    const folder = file.split('/')[1]!
    const text = readFileSync(join(ROOT, file), 'utf8')
    // What ends services that all share runs when nothing else does.
    if (endsServices(ROOT, file)) processes.push({ files: [file], lane: 'last' })
    else if (MOSTLY_WAITS.test(text)) processes.push({ files: [file], lane: 'waits' })
    else if (HAS_NODE_RED.test(text)) processes.push({ files: [file], lane: 'busy' })
    else if (shared.has(folder)) shared.get(folder)!.push(file)
    else {
      const together = [file]
      shared.set(folder, together)
      processes.push({ files: together, lane: 'busy' })
    }
  }
  return processes
}

/** The tests that failed with their errors, or else the last lines of what a process printed. */
function reportOf(output: string): string {
  const lines = output.split('\n')
  const start = lines.findIndex(line => /^ *\d+ failing$/.test(line))
  const shown = start < 0 ? lines.slice(-FAILURE_LINES) : lines.slice(start, start + FAILURE_LINES)
  return shown.join('\n').trimEnd()
}

async function mocha(
  files: readonly string[],
  environment: Record<string, string>,
  show: Show
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
  const args = [path, ...options, ...files]
  const home = mkdtempSync(join(tmpdir(), 'millrace-results-'))
  const results = join(home, 'results.json')
  const withResults = { ...environment, MILLRACE_RESULTS: results }
  const { code, output } = await run(process.execPath, args, withResults, show)
  const told = readResults(results)
  rmSync(home, { recursive: true, force: true })
  for (const [line] of output.matchAll(/^⚠ not run: .*$/gm)) notRun.add(line)
  const count = (word: string) =>
    Number(new RegExp(`^ *(\\d+) ${word}`, 'm').exec(output)?.[1] ?? 0)
  const [passed, failed] = [count('passing'), count('failing')]
  // A run that ended without its summary, or failed outside of a test, is a failure too.
  return {
    passed,
    failed: failed === 0 && (code !== 0 || !output.includes(' passing (')) ? 1 : failed,
    report: reportOf(output),
    ...told
  }
}

/**
 * Runs these files. Those with a test that fails are run once more when all else has ended, and
 * that run counts: real brokers that elect, rebalance and recover on two cores are not always in
 * time beside others. It is said, so that a test that needs it often is seen.
 */
async function once(
  files: readonly string[],
  environment: Record<string, string>,
  show: Show
): Promise<Outcome> {
  const outcome = await mocha(files, environment, show)
  if (outcome.failed === 0) return outcome
  const { files: failed, passed } = outcome.again ?? { files, passed: 0 }
  const names = failed.map(file => relative(ROOT, file))
  again.push(failed)
  failures.push(`${names.join(', ')}, at the first run:\n${outcome.report}`)
  show(`↻ ${outcome.failed} failed, once more at the end: ${names.join(', ')}\n\n`)
  return { ...outcome, passed }
}

/** Those that failed, when nothing else runs. */
async function onceMore(environment: Record<string, string>): Promise<Outcome> {
  const outcomes: Outcome[] = []
  for (const files of again) {
    const names = files.map(file => relative(ROOT, file)).join(', ')
    const outcome = await mocha(files, environment, showNow)
    outcomes.push(outcome)
    if (outcome.failed > 0) failures.push(`${names}, at the second run:\n${outcome.report}`)
    showNow(`${outcome.failed === 0 ? '✔' : '✘'} ${names}, at the second run\n\n`)
  }
  return sumOf(outcomes)
}

/**
 * One process after the other, as `next` has them. What runs beside others is shown when it has
 * ended.
 */
async function inTurn(
  next: () => Process | undefined,
  environment: Record<string, string>,
  isBeside = false
): Promise<Outcome> {
  let passed = 0
  for (let process = next(); process !== undefined; process = next()) {
    const { files, lane } = process
    const startMs = performance.now()
    let held = ''
    const show: Show = lane === 'waits' || isBeside ? text => (held += text) : showNow
    const outcome = await once(files, environment, show)
    passed += outcome.passed
    const what = files.length === 1 ? files[0] : `${files.length} files of ${dirname(files[0]!)}`
    const seconds = Math.round((performance.now() - startMs) / 1000)
    const cpu = Math.round(outcome.cpuSeconds ?? 0)
    const mark = outcome.failed === 0 ? '✔' : '↻'
    showNow(`${held}${mark} ${what}: ${seconds} s, ${cpu} s of CPU\n\n`)
  }
  return { passed, failed: 0 }
}

const sumOf = (outcomes: readonly Outcome[]): Outcome => ({
  passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
  failed: outcomes.reduce((sum, { failed }) => sum + failed, 0)
})

/** The services start once: this process uses them from the first test file to the last. */
async function tests(
  files: readonly string[],
  environment: Record<string, string>
): Promise<Outcome> {
  const outcomes: Outcome[] = []
  try {
    await resetUnshared(testHome)
    await services(...servicesOf(ROOT, files))
    const processes = processesOf(files)
    const lane = (name: Process['lane']) => processes.filter(process => process.lane === name)
    const [busy, waits, last] = [lane('busy'), lane('waits'), lane('last')]
    // Who is through with those that are busy helps with those that wait, and the reverse: one, and
    // from the other end, so that hardly ever two have a browser.
    const besides = Array.from({ length: WAITERS }, (_, index) =>
      inTurn(() => waits.shift() ?? (index === 0 ? busy.pop() : undefined), environment, true)
    )
    outcomes.push(
      ...(await Promise.all([
        inTurn(() => busy.shift() ?? waits.shift(), environment),
        ...besides
      ])),
      await inTurn(() => last.shift(), environment),
      await onceMore(environment)
    )
  } catch (error) {
    console.error(error)
    outcomes.push({ passed: 0, failed: 1 })
  } finally {
    await leaveServices(testHome)
  }
  return sumOf(outcomes)
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
for (const failure of failures) console.log(`✘ ${failure}\n`)
for (const line of notRun) console.log(line)
const { passed, failed } = sumOf(outcomes)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
