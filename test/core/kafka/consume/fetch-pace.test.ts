import assert from 'node:assert/strict'
import { FetchPace } from '../../../../core/kafka/consume/fetch-pace.ts'

describe('core/kafka/consume/fetch-pace', () => {
  const fetched = (...partitions: [records: number, isAll: boolean][]) => {
    const pace = new FetchPace(25)
    pace.answered(970)
    pace.answered(1_000)
    for (const [records, isAll] of partitions) pace.add(records, isAll)
    return pace
  }

  it('leaves alone a broker that it has emptied, from its answer on', () => {
    assert.equal(fetched([1, true]).waitMs(1_000), 25)
    assert.equal(fetched([1, true], [100, true]).waitMs(1_010), 15)
  })
  it('does not wait for longer than that', () => {
    assert.equal(fetched([1, true]).waitMs(1_030), 0)
  })
  it('does not wait after a large fetch, all partitions together', () => {
    assert.equal(fetched([250, true], [250, true]).waitMs(1_000), 0)
  })
  it('does not wait while a partition has more, as with large records', () => {
    assert.equal(fetched([10, false], [10, true]).waitMs(1_000), 0)
  })
  it('does not wait where batches come further apart than that, until they do not', () => {
    const pace = fetched([1, true])
    pace.answered(1_040)
    pace.add(5, true)
    assert.equal(pace.waitMs(1_041), 0)
    pace.answered(1_050)
    pace.add(5, true)
    assert.equal(pace.waitMs(1_051), 24)
  })
  it('begins anew with each answer', () => {
    const pace = fetched([1_000, false])
    pace.answered(1_028)
    pace.add(3, true)
    assert.equal(pace.waitMs(1_029), 24)
  })
})
