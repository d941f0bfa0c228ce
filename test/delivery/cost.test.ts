import assert from 'node:assert/strict'
import { type Cost, measureTracker } from '../../bench/tracker.ts'

/**
 * The aim is 1.1 idle, 1.4 tracking and 1.05 in batches of 500, measured by `npx tsx
 * bench/tracker.ts` on a quiet machine. Here the limits only catch what makes it a different
 * algorithm.
 */
describe('cost of following messages', function () {
  this.timeout(120_000)
  let single: Cost
  let batch: Cost
  before(async () => {
    const costs = await measureTracker([
      { rounds: 7, messages: 4000, batchSize: 1 },
      { rounds: 5, messages: 100, batchSize: 500 }
    ])
    single = costs[0]!
    batch = costs[1]!
  })

  it('is small while nothing is open', () =>
    assert.ok(single.ratio.idle < 1.4, `${single.ratio.idle}`))
  it('is small against a hop of one record', () =>
    assert.ok(single.ratio.tracking < 2, `${single.ratio.tracking}`))
  it('does not show in batches', () =>
    assert.ok(batch.ratio.tracking < 1.4, `${batch.ratio.tracking}`))
})
