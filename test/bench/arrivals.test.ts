import assert from 'node:assert/strict'
import { Arrivals } from '../../bench/arrivals.ts'

const filled = (
  from: number,
  expected: number,
  added: readonly (readonly [sequence: number, atMs: number])[]
) => {
  const arrivals = new Arrivals(from, expected)
  for (const [sequence, atMs] of added) arrivals.add(sequence, atMs)
  return arrivals
}

describe('arrivals', () => {
  it('knows what is missing and what came twice', () => {
    const arrivals = filled(10, 4, [
      [10, 1],
      [11, 2],
      [11, 3],
      [13, 4]
    ])
    assert.deepEqual(arrivals.count, { missing: 1, doubled: 1 })
  })

  it('does not count probes, warm-up and what is no number', () => {
    const arrivals = filled(0, 2, [
      [-1, 1],
      [100_000_000, 1],
      [Number.NaN, 1],
      [0, 5],
      [1, 6]
    ])
    assert.deepEqual(arrivals.count, { missing: 0, doubled: 0 })
    assert.equal(arrivals.lastMs, 6)
  })

  it('begins the window after the first share and counts what came later', () => {
    const times = Array.from({ length: 10 }, (_, index) => [index, 100 + 10 * index] as const)
    assert.deepEqual(filled(0, 10, times).window(0.1), { fromMs: 110, toMs: 190, records: 8 })
  })

  it('counts records of one moment as before the window', () => {
    const batch = Array.from({ length: 8 }, (_, index) => [index, 100] as const)
    const arrivals = filled(0, 10, [...batch, [8, 150], [9, 200]])
    assert.deepEqual(arrivals.window(0.1), { fromMs: 100, toMs: 200, records: 2 })
  })

  it('has an empty window where nothing came', () => {
    assert.deepEqual(filled(0, 10, []).window(0.1), { fromMs: 0, toMs: 0, records: 0 })
  })
})
