/** What became of the tests of each file, told by a process of mocha to the one that started it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Suite } from 'mocha'

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
  writeFileSync(path, JSON.stringify(files))
}

/**
 * The files that did not pass, and how many tests of the others did; undefined where nothing was
 * written, or what failed is no test of a file.
 */
export function readResults(
  path: string
): { readonly files: readonly string[]; readonly passed: number } | undefined {
  if (!existsSync(path)) return undefined
  const all = Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, TestCounts>)
  const files = all.filter(([, { failed }]) => failed > 0).map(([file]) => file)
  if (files.length === 0) return undefined
  const passed = all.reduce((sum, [, counts]) => sum + (counts.failed > 0 ? 0 : counts.passed), 0)
  return { files, passed }
}
