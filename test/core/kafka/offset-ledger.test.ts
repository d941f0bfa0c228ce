import assert from 'node:assert/strict'
import fc from 'fast-check'
import { OffsetLedger } from '../../../core/kafka/offset-ledger.ts'

describe('core/kafka/offset-ledger', () => {
  it('knows nothing to commit at first', () => {
    const ledger = new OffsetLedger()
    assert.equal(ledger.pending, undefined)
    assert.equal(ledger.lag, 0n)
  })

  it('commits where it begins only if it is told to', () => {
    const [silent, told] = [new OffsetLedger(), new OffsetLedger()]
    silent.beginAt(5n, false)
    told.beginAt(5n, true)
    assert.deepEqual([silent.pending, told.pending], [undefined, 5n])
    told.committed(5n)
    assert.equal(told.pending, undefined)
  })

  it('lags by what was not dealt with', () => {
    const ledger = new OffsetLedger()
    ledger.beginAt(10n, false)
    ledger.end = 30n
    assert.equal(ledger.lag, 20n)
    ledger.open(25n).done()
    assert.equal(ledger.lag, 5n)
  })

  it('commits the contiguous prefix, in whatever order the parts are done', () => {
    const order = fc.integer({ min: 1, max: 30 }).chain(count =>
      fc
        .shuffledSubarray(
          Array.from({ length: count }, (_, index) => index),
          { minLength: 0 }
        )
        .map(done => ({ count, done }))
    )
    fc.assert(
      fc.property(order, ({ count, done }) => {
        const ledger = new OffsetLedger()
        const receipts = Array.from({ length: count }, (_, index) => ledger.open(BigInt(index + 1)))
        const isDone = new Set<number>()
        for (const index of done) {
          receipts[index]!.done()
          isDone.add(index)
          let prefix = 0
          while (isDone.has(prefix)) prefix++
          assert.equal(ledger.pending, prefix === 0 ? undefined : BigInt(prefix))
          assert.equal(ledger.openParts, count - prefix)
        }
      })
    )
  })
})
