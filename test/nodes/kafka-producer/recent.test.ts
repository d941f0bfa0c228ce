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

  it('about so many at most, the latest, and costs the same however many there are', () => {
    const recent = new Recent(60_000, 1_000)
    const startMs = performance.now()
    for (let index = 0; index < 500_000; index++) recent.add(String(index), 1_000, 1_000)
    assert.ok(performance.now() - startMs < 5_000)
    assert.equal(recent.has('499000', 1_000), true)
    assert.equal(recent.has('498000', 1_000), false)
  })

  it('nothing of a topic that is gone', () => {
    const recent = new Recent(1_000)
    recent.add('a', 10_000, 10_000)
    recent.clear()
    assert.equal(recent.has('a', 10_000), false)
  })
})
