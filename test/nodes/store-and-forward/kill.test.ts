// Mostly waits.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROUNDS = process.env.MILLRACE_CRASH === 'long' ? 200 : 15
const SOURCE = fileURLToPath(new URL('killed-child.ts', import.meta.url))
/** Within the project, where Node finds its modules; in one file, since it starts so often. */
const CHILD = fileURLToPath(new URL('../../../.millrace/test/killed-child.mjs', import.meta.url))

interface Line {
  readonly found?: readonly number[]
  readonly damage?: object
  readonly written?: number
  readonly removing?: number
  readonly trouble?: string
}

/** What the processes have said over all their lives. */
class Account {
  /** Records up to this one are acknowledged. */
  written = -1
  /** Records up to this one may be gone. */
  removed = -1
  lives = 0

  /** One life of a process, which is killed after so long. */
  async live(folder: string, killAfterMs: number): Promise<void> {
    const args = [CHILD, folder, String(this.written + 1)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let begun = false
    for await (const text of createInterface({ input: child.stdout! })) {
      const line = JSON.parse(text) as Line
      assert.equal(line.trouble, undefined)
      if (line.found !== undefined) this.check(line.found, line.damage)
      if (line.written !== undefined) this.written = line.written
      if (line.removing !== undefined) this.removed = line.removing
      if (begun || line.written === undefined) continue
      begun = true
      void kill(child, killAfterMs)
    }
    this.lives++
  }

  private check(found: readonly number[], damage: object | undefined): void {
    const there = new Set(found)
    assert.equal(there.size, found.length, 'each is there once')
    assert.deepEqual(
      found,
      [...found].sort((a, b) => a - b),
      'in the order they came'
    )
    for (let n = this.removed + 1; n <= this.written; n++)
      assert.ok(there.has(n), `record ${n} of ${this.written} is lost after ${this.lives} lives`)
    assert.deepEqual(damage, { missing: 0, changed: 0 })
    this.written = Math.max(this.written, found.at(-1) ?? -1)
  }
}

async function kill(child: ChildProcess, afterMs: number): Promise<void> {
  await wait(afterMs)
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

describe('a queue whose process is killed (kill -9)', function () {
  this.timeout(600_000)

  before(() =>
    build({
      entryPoints: [SOURCE],
      outfile: CHILD,
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['classic-level'],
      logLevel: 'error'
    })
  )

  it(`loses nothing that it has acknowledged, ${ROUNDS} times`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-killed-'))
    const account = new Account()
    for (let round = 0; round < ROUNDS; round++)
      await account.live(join(folder, 'queue'), 5 + ((round * 37) % 120))
    assert.ok(account.written > ROUNDS * 10)
    rmSync(folder, { recursive: true, force: true })
  })
})
