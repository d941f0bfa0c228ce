// Mostly waits.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conformanceNodes } from '../../../core/conformance/nodes.ts'
import storeAndForward from '../../../nodes/store-and-forward/runtime.ts'
import { registerCollect } from '../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'
import { KeepScene, numbers, record, upTo } from './scene.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'
const SIZE_MB = 40
const text = 'x'.repeat(50_000)

/** A disk of its own; undefined where this machine gives none, with the reason. */
function mounted(): { readonly folder: string } | { readonly why: string } {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'tmpfs', folder], {
      stdio: 'pipe'
    })
    return { folder }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    return { why: String((error as { stderr?: Buffer }).stderr ?? error).trim() }
  }
}

const disk = mounted()
if ('why' in disk) console.log(`⚠ not run: store and forward on a full disk: ${disk.why}`)
else describe('store and forward on a disk that gets full', () => holds(disk.folder))

function holds(folder: string): void {
  let red: RunningNodeRed

  before(async () => {
    const nodes = [registerCollect, conformanceNodes, storeAndForward]
    red = await startNodeRed({ userDir: folder, nodes })
  })
  after(async () => {
    await red?.stop()
    execFileSync('umount', ['-l', folder])
    rmSync(folder, { recursive: true, force: true })
  })

  /** Leaves so many bytes. */
  function fill(leave: number): void {
    const { bavail, bsize } = statfsSync(folder)
    writeFileSync(join(folder, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - leave)))
  }

  const stages = [
    ['while there is none, and the store itself fails', 0],
    ['while it has a little room for others', 2 << 20]
  ] as const
  for (const [title, leave] of IS_LONG ? stages : stages.slice(0, 1))
    it(`${title}: it is red, acknowledges nothing more, and goes on by itself`, async () => {
      const scene = new KeepScene({ batchSize: 5 })
      await red.deploy(scene.flow())
      scene.on.treatment = 'hold'
      await scene.send(record(0, { text }))
      fill(leave)
      let acknowledged = 0
      const sent = upTo(100).map(n =>
        scene.send(record(n + 1, { text })).then(() => {
          acknowledged++
        })
      )
      await until('red', () => /^disk full/.test(scene.metrics.status?.text ?? ''))
      assert.equal(scene.metrics.status?.healthy, false)
      const stored = scene.metrics.stored
      assert.ok(stored < 100 && acknowledged < stored, `${acknowledged} of ${stored} acknowledged`)
      assert.equal(scene.waiting, stored, 'what is stored waits, and nothing else')
      rmSync(join(folder, 'filler'))
      await Promise.all(sent)
      scene.on.release()
      await until('nothing to wait', () => scene.waiting === 0 && scene.metrics.inFlight === 0)
      assert.deepEqual([...new Set(numbers(scene.on.records))], upTo(101))
      await until('green', () => scene.metrics.status?.healthy === true)
    }).timeout(60_000)
}
