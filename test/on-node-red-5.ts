/** Runs test files once more, on Node-RED 5 and the Node it needs, in a process of their own. */
import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runtime5 } from './runtimes/install.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

export interface TestReport {
  /** Full titles. */
  readonly passed: readonly string[]
  readonly failed: readonly { readonly title: string; readonly message: string }[]
}

interface MochaReport {
  passes: { fullTitle: string }[]
  failures: { fullTitle: string; err: { message?: string } }[]
}

/** @param files test files, relative to the repository */
export async function runOnNodeRed5(
  files: readonly string[],
  limitMs: number
): Promise<TestReport> {
  const { node, nodeRed } = await runtime5()
  const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js')
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>(resolve => {
    const env = { ...process.env, MILLRACE_NODE_RED: nodeRed }
    const args = ['--import=tsx', mocha, '--reporter=json', '--exit', ...files]
    // A failed test makes mocha exit with an error; its report says more.
    execFile(
      node,
      args,
      { cwd: ROOT, env, timeout: limitMs, maxBuffer: 1 << 26 },
      (_error, out, err) => resolve({ stdout: out, stderr: err })
    )
  })
  const start = stdout.indexOf('{\n  "stats"')
  if (start < 0) throw new Error(`mocha gave no report on Node-RED 5: ${stdout}${stderr}`)
  const report = JSON.parse(stdout.slice(start)) as MochaReport
  return {
    passed: report.passes.map(test => test.fullTitle),
    failed: report.failures.map(test => ({
      title: test.fullTitle,
      message: test.err.message ?? ''
    }))
  }
}
