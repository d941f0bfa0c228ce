import assert from 'node:assert/strict'
import { FetchWatch } from '../../../../core/kafka/consume/fetch-watch.ts'

describe('core/kafka/fetch-watch', () => {
  it('knows for how long a broker owes an answer, however often it was asked, while another answers', () => {
    const watch = new FetchWatch()
    for (let ms = 0; ms <= 40_000; ms += 1_000) {
      watch.asked(1, ms)
      watch.answered(1)
      if (ms % 10_000 === 0) watch.asked(2, ms)
    }
    assert.equal(watch.waitingMs(40_000), 40_000)
    watch.answered(2)
    assert.equal(watch.waitingMs(40_000), 0)
  })

  it('forgets a broker that is not asked any more, as after its partitions have moved', () => {
    const watch = new FetchWatch()
    watch.asked(2, 0)
    assert.equal(watch.waitingMs(20_000), 20_000)
    assert.equal(watch.waitingMs(31_000), 0)
    watch.asked(2, 40_000)
    assert.equal(watch.waitingMs(41_000), 1_000)
  })
})
