import assert from 'node:assert/strict'
import fc from 'fast-check'
import { OffsetLedger } from '../../../../core/kafka/consume/offset-ledger.ts'

describe('core/kafka/consume/offset-ledger', () => {
  it('commits where it begins, unless the group has that', () => {
    const [fresh, known] = [new OffsetLedger(5n), new OffsetLedger(5n, 5n)]
    assert.deepEqual([fresh.pending, known.pending], [5n, undefined])
    fresh.committed(5n)
    assert.equal(fresh.pending, undefined)
  })

  it('lags by what was not dealt with', () => {
    const ledger = new OffsetLedger(10n, 10n, 30n)
    assert.equal(ledger.lag, 20n)
    ledger.open(25n).done()
    assert.equal(ledger.lag, 5n)
  })

  it('lags by nothing that a sink has gathered, and commits none of it', () => {
    const ledger = new OffsetLedger(10n, 10n, 30n)
    const parts = [20n, 25n, 30n].map(next => ledger.open(next))
    parts[1]!.dealtWith()
    assert.deepEqual([ledger.lag, ledger.gathered, ledger.openParts], [20n, 0n, 3])
    parts[0]!.dealtWith()
    assert.deepEqual([ledger.lag, ledger.gathered, ledger.openParts], [5n, 15n, 1])
    assert.deepEqual([ledger.position, ledger.pending], [25n, undefined])
    parts[0]!.done()
    assert.deepEqual([ledger.pending, ledger.gathered, ledger.lag], [20n, 5n, 5n])
    parts[2]!.done()
    assert.deepEqual([ledger.pending, ledger.gathered, ledger.lag], [20n, 10n, 0n])
    parts[1]!.done()
    assert.deepEqual([ledger.pending, ledger.gathered, ledger.openParts], [30n, 0n, 0])
  })

  it('takes no longer for each of the many parts that a sink lets go at once', () => {
    const ledger = new OffsetLedger(0n, 0n)
    const parts = Array.from({ length: 200_000 }, (_, at) => ledger.open(BigInt(at + 1)))
    for (const part of parts) part.dealtWith()
    const sinceMs = performance.now()
    for (const part of parts) part.done()
    assert.equal(ledger.pending, 200_000n)
    assert.ok(performance.now() - sinceMs < 5_000)
  })

  it('commits the contiguous prefix, in whatever order the parts are done', () => {
    const order = fc.integer({ min: 1, max: 30 }).chain(count => {
      const all = Array.from({ length: count }, (_, index) => index)
      return fc.shuffledSubarray(all, { minLength: 0 }).map(done => ({ count, done }))
    })
    fc.assert(
      fc.property(order, ({ count, done }) => {
        const ledger = new OffsetLedger(0n, 0n)
        const ranges = Array.from({ length: count }, (_, index) => ledger.open(BigInt(index + 1)))
        const isDone = new Set<number>()
        for (const index of done) {
          ranges[index]!.done()
          isDone.add(index)
          let prefix = 0
          while (isDone.has(prefix)) prefix++
          assert.equal(ledger.pending, prefix === 0 ? undefined : BigInt(prefix))
          assert.equal(ledger.openParts, count - prefix)
        }
      })
    )
  })

  describe('after a rebalance', () => {
    /** Read up to 30, dealt with up to 20, committed up to 10. */
    function ledger(): OffsetLedger {
      const made = new OffsetLedger(0n, 0n)
      made.open(10n).done()
      made.committed(10n)
      made.open(20n).done()
      made.open(30n)
      return made
    }

    it('goes on where it has read to, and commits what was dealt with since', () => {
      const kept = ledger()
      assert.equal(kept.resumeAt(10n, 0n, 100n), 30n)
      assert.equal(kept.pending, 20n)
      assert.equal(kept.lag, 80n)
    })

    it('counts a commit whose answer was lost', () => {
      const kept = ledger()
      kept.attempt(20n)
      assert.equal(kept.resumeAt(20n, 0n, 100n), 30n)
      assert.equal(kept.pending, undefined)
    })

    for (const [what, committed, low, high] of [
      ['another member has committed more', 25n, 0n, 100n],
      ['the offsets were reset', 0n, 0n, 100n],
      ['the offsets are gone', -1n, 0n, 100n],
      ['what comes next was deleted', 10n, 31n, 100n],
      ['the topic was made anew', 10n, 0n, 15n]
    ] as const) {
      it(`begins anew where ${what}`, () =>
        assert.equal(ledger().resumeAt(committed, low, high), undefined))
    }
  })
})
