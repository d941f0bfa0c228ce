import assert from 'node:assert/strict'
import fc from 'fast-check'
import { backoffMs } from '../../core/backoff.ts'

describe('backoff', () => {
  it('doubles, with jitter between half and all', () => {
    assert.equal(backoffMs(0, { random: () => 0 }), 100)
    assert.equal(backoffMs(0, { random: () => 1 }), 200)
    assert.equal(backoffMs(3, { random: () => 1 }), 1600)
  })

  it('never exceeds the bound, however many attempts', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const waitMs = backoffMs(attempt, { maxMs: 5000, random: () => random })
        assert.ok(waitMs >= 100 && waitMs <= 5000)
      })
    )
  })
})
