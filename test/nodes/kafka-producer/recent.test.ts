import assert from 'node:assert/strict'
import { Recent } from '../../../nodes/kafka-producer/recent.ts'

describe('kafka-producer: what a topic got of late', () => {
  it('within the window, counted from the last time', () => {
    const recent = new Recent(1_000)
    recent.add('a', 10_000, 10_000)
    assert.equal(recent.has('a', 11_000), true)
    assert.equal(recent.has('a', 11_001), false)
    assert.equal(recent.has('b', 10_000), false)
    recent.add('a', 10_500, 10_500)
    recent.add('a', 9_000, 10_500)
    assert.equal(recent.has('a', 11_500), true)
  })

  it('not what was too long ago when it was read', () => {
    const recent = new Recent(1_000)
    recent.add('a', 8_000, 10_000)
    assert.equal(recent.has('a', 10_000), false)
  })

  it('at most so many', () => {
    const recent = new Recent(60_000, 3)
    for (const name of ['a', 'b', 'c', 'd']) recent.add(name, 1_000, 1_000)
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map(name => recent.has(name, 1_000)),
      [false, true, true, true]
    )
  })
})
