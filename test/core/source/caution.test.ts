import assert from 'node:assert/strict'
import { Caution } from '../../../core/source/caution.ts'

describe('caution after Node-RED was killed', () => {
  const sizes = (caution: Caution, count: number) =>
    Array.from({ length: count }, () => caution.next())

  it('takes twice as many each time, up to those that may have been on their way', () => {
    assert.deepEqual(sizes(new Caution(40, 500), 7), [1, 2, 4, 8, 16, 9, 500])
    assert.deepEqual(sizes(new Caution(40, 8), 8), [1, 2, 4, 8, 8, 8, 8, 1])
    assert.deepEqual(sizes(new Caution(0, 500), 2), [500, 500])
  })

  it('takes those by themselves of which one has killed, though they be more', () => {
    const caution = new Caution(10, 500)
    assert.deepEqual(sizes(caution, 3), [1, 2, 4])
    caution.suspect(5)
    assert.deepEqual(sizes(caution, 6), [1, 1, 1, 1, 1, 500])
  })

  it('is through with 10,000 records in 28 times', () => {
    const caution = new Caution(10_000, 500)
    let times = 0
    for (; caution.left > 0; times++) caution.next()
    assert.equal(times, 28)
  })
})
