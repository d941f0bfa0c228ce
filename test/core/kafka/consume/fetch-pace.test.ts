import assert from 'node:assert/strict'
import { FetchPace } from '../../../../core/kafka/consume/fetch-pace.ts'

/** Fetches of `records` every 5 ms for two seconds; gives the wait after the last one. */
function waitAfter(records: number): number {
  const pace = new FetchPace(1_000)
  let nowMs = 1_000
  for (; nowMs < 3_000; nowMs += 5) {
    pace.answered(nowMs)
    pace.add(records)
  }
  pace.answered(nowMs)
  pace.add(records)
  return pace.waitMs(nowMs)
}

describe('core/kafka/consume/fetch-pace', () => {
  it('does not wait at 1,000 records a second', () => assert.equal(waitAfter(5), 0))
  it('waits 5 ms at 3,000 a second', () => assert.equal(Math.round(waitAfter(15)), 5))
  it('waits no longer than 16 ms', () => assert.equal(waitAfter(100), 16))
  it('does not wait after a large fetch', () => assert.equal(waitAfter(500), 0))

  it('counts the time that has passed since the answer, and all partitions of a fetch together', () => {
    const pace = new FetchPace(1_000)
    pace.answered(1_000)
    pace.add(4_000)
    pace.answered(2_000)
    pace.add(100)
    assert.equal(Math.round(pace.waitMs(2_003)), 5)
    pace.add(400)
    assert.equal(pace.waitMs(2_003), 0)
  })
})
