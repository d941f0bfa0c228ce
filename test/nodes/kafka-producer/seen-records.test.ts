import assert from 'node:assert/strict'
import { SeenRecords } from '../../../nodes/kafka-producer/seen-records.ts'

describe('kafka-producer: what a topic got of late', () => {
  it('within the window, counted from the last time', () => {
    const seen = new SeenRecords(1_000)
    seen.add('a', 10_000, 10_000)
    assert.equal(seen.has('a', 11_000), true)
    assert.equal(seen.has('a', 11_001), false)
    assert.equal(seen.has('b', 10_000), false)
    seen.add('a', 10_500, 10_500)
    seen.add('a', 9_000, 10_500)
    assert.equal(seen.has('a', 11_500), true)
  })

  it('not what was too long ago when it was read', () => {
    const seen = new SeenRecords(1_000)
    seen.add('a', 8_000, 10_000)
    assert.equal(seen.has('a', 10_000), false)
  })

  it('about so many at most, the latest, and costs the same however many there are', () => {
    const seen = new SeenRecords(60_000, 1_000)
    const startMs = performance.now()
    for (let index = 0; index < 500_000; index++) seen.add(String(index), 1_000, 1_000)
    assert.ok(performance.now() - startMs < 5_000)
    assert.equal(seen.has('499000', 1_000), true)
    assert.equal(seen.has('498000', 1_000), false)
  })

  it('nothing of a topic that is gone', () => {
    const seen = new SeenRecords(1_000)
    seen.add('a', 10_000, 10_000)
    seen.clear()
    assert.equal(seen.has('a', 10_000), false)
  })
})
