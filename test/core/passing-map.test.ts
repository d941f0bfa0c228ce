import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { PassingMap, PassingSet } from '../../core/passing-map.ts'

const PROGRAM = join(import.meta.dirname, 'passing-map-program.ts')

/** Megabytes of which V8 finds that they live long, while 120 MB pass through. */
function longLivedMb(kind: string): number {
  const args = ['--trace-gc', '--trace-gc-nvp', '--import', 'tsx', PROGRAM, kind]
  const lines = execFileSync(process.execPath, args, { encoding: 'utf8' }).split('begun\n')[1]!
  const promoted = [...lines.matchAll(/gc=s .* promoted=(\d+)/g)]
  return promoted.reduce((sum, [, bytes]) => sum + Number(bytes), 0) / 1e6
}

describe('core/passing-map', () => {
  it('is a map', () => {
    const map = new PassingMap<string, { n: number }>()
    map.set('a', { n: 1 }).set('b', { n: 2 }).set('a', { n: 3 })
    assert.deepEqual(
      [map.size, map.get('a'), map.has('c'), map.get('c')],
      [2, { n: 3 }, false, undefined]
    )
    assert.deepEqual([map.delete('a'), map.delete('a'), map.has('a')], [true, false, false])
    const seen: unknown[] = []
    map.forEach((value, key) => {
      seen.push([key, value])
    })
    assert.deepEqual([seen, [...map.values()]], [[['b', { n: 2 }]], [{ n: 2 }]])
    map.clear()
    assert.deepEqual([map.size, [...map.values()]], [0, []])
  })

  it('is a set, in the order of what came', () => {
    const set = new PassingSet<{ n: number }>()
    const [one, two, three] = [{ n: 1 }, { n: 2 }, { n: 3 }]
    for (const item of [one, two, three, one]) set.add(item)
    assert.deepEqual([set.size, [...set]], [3, [one, two, three]])
    for (const item of set) if (item.n < 3) set.delete(item)
    assert.deepEqual(
      [[...set], set.has(two), set.delete(two), set.has({ n: 3 })],
      [[three], false, false, false]
    )
    set.add(one)
    assert.deepEqual([...set], [three, one])
    set.clear()
    assert.deepEqual([set.size, set.has(one), set.delete(one)], [0, false, false])
  })

  it('lets go what has passed through it, which a Map keeps until the old generation is collected', () => {
    const [map, passing, set] = ['map', 'passing-map', 'passing-set'].map(longLivedMb)
    assert.ok(passing! < map! / 4 && set! < map! / 4, `${map} MB, ${passing} MB, ${set} MB`)
  })
})
