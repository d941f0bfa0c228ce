import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type HeapEngine, HeapSettings } from '../../core/heap.ts'

const MB = 1024 * 1024

/** An engine of which a test says how large its young generation is. */
class Scripted implements HeapEngine {
  readonly flags: string[] = []
  young = 0
  set(flag: string): void {
    this.flags.push(flag)
  }
  youngBytes(): number {
    return this.young
  }
}

/** What is set after collections that leave so many MB to the young generation. */
function flagsAt(sizes: readonly number[]): string[] {
  const engine = new Scripted()
  const settings = new HeapSettings(engine)
  for (const young of sizes) {
    engine.young = young * MB
    settings.collected()
  }
  return engine.flags
}

describe('heap settings', () => {
  it('let the young generation grow to 32 MB, and again after it was given back', () => {
    assert.deepEqual(flagsAt([1, 16, 32, 32, 2, 8, 32]), [
      '--semi-space-growth-factor=1',
      '--semi-space-growth-factor=2',
      '--semi-space-growth-factor=1'
    ])
  })

  it('have V8 give back what the young generation took before anybody looked', () => {
    assert.deepEqual(flagsAt([64, 64, 1, 8]), [
      '--semi-space-growth-factor=1',
      '--optimize-for-size',
      '--semi-space-growth-factor=2',
      '--no-optimize-for-size'
    ])
  })

  it('give memory back in calm, stop when work comes, and leave a rush to V8', () => {
    const engine = new Scripted()
    const settings = new HeapSettings(engine)
    // A busy start, two looks in calm, work, and a rush.
    for (const cpuMs of [4_000, 4_100, 4_200, 6_000, 10_000]) settings.look(cpuMs, 5_000)
    assert.deepEqual(engine.flags, [
      '--optimize-for-size',
      '--heap-growing-percent=80',
      '--no-optimize-for-size',
      '--heap-growing-percent=0'
    ])
  })

  it('hold the young generation of a real heap down, and have it given back in calm', async function () {
    this.timeout(60_000)
    const { calmMb, youngMb } = await ran([])
    // Node 24 may double it before anybody can look; left alone it takes 128 MB.
    assert.ok(youngMb <= 64, `the young generation grew to ${youngMb} MB`)
    assert.ok(calmMb <= 8, `in calm the young generation keeps ${calmMb} MB`)
  })

  it('stay as they are where a person has set one of them', async function () {
    this.timeout(60_000)
    const { youngMb } = await ran(['--max-semi-space-size=2'])
    assert.ok(youngMb <= 6, `the young generation grew to ${youngMb} MB`)
  })
})

interface Sizes {
  readonly youngMb: number
  readonly calmMb: number
}

async function ran(flags: readonly string[]): Promise<Sizes> {
  const program = join(import.meta.dirname, 'heap-program.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...flags,
    '--import',
    'tsx',
    program
  ])
  return JSON.parse(stdout) as Sizes
}
