/** What became of the tests of each file, told by a process of mocha to the one that started it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Suite } from 'mocha'

/** Linux counts CPU time in these: USER_HZ, which is 100 wherever Node runs. */
const TICKS_PER_SECOND = 100

export interface TestCounts {
  readonly passed: number
  readonly failed: number
}

/** Writes the counts of each file. A test that was not run, as a hook failed, has failed. */
export function writeResults(path: string, root: Suite): void {
  const files: Record<string, TestCounts> = {}
  const visit = ({ file, tests, suites }: Suite) => {
    if (file !== undefined) {
      const { passed, failed } = files[file] ?? { passed: 0, failed: 0 }
      const good = tests.filter(test => test.isPassed()).length
      files[file] = { passed: passed + good, failed: failed + tests.length - good }
    }
    for (const suite of suites) visit(suite)
  }
  visit(root)
  writeFileSync(path, JSON.stringify({ files, cpuSeconds: cpuSeconds() }))
}

/** CPU time of this process and, where Linux tells it, of those it started that have ended. */
function cpuSeconds(): number {
  if (process.platform !== 'linux') {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  }
  const text = readFileSync('/proc/self/stat', 'utf8')
  // The name, in brackets, may hold blanks: the columns are counted from behind it.
  const columns = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = columns.slice(11, 15).reduce((sum, column) => sum + Number(column), 0)
  return ticks / TICKS_PER_SECOND
}

export interface Results {
  readonly cpuSeconds: number
  /**
   * The files that did not pass, and how many tests of the others did; undefined where what failed
   * is no test of a file.
   */
  readonly again?: { readonly files: readonly string[]; readonly passed: number }
}

/** Undefined where nothing was written. */
export function readResults(path: string): Results | undefined {
  if (!existsSync(path)) return undefined
  const { files, cpuSeconds } = JSON.parse(readFileSync(path, 'utf8')) as {
    files: Record<string, TestCounts>
    cpuSeconds: number
  }
  const all = Object.entries(files)
  const bad = all.filter(([, { failed }]) => failed > 0).map(([file]) => file)
  if (bad.length === 0) return { cpuSeconds }
  const passed = all.reduce((sum, [, counts]) => sum + (counts.failed > 0 ? 0 : counts.passed), 0)
  return { cpuSeconds, again: { files: bad, passed } }
}
