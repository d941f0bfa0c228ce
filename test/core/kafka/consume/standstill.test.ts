import assert from 'node:assert/strict'
import { Standstill } from '../../../../core/kafka/consume/standstill.ts'

const KEY = 't/0'

/** A partition that is looked at once a second. */
class Watched {
  readonly standstill: Standstill
  constructor(readsUncommitted = false) {
    this.standstill = new Standstill(readsUncommitted)
  }
  next = 10n
  openParts = 0
  ms = 0

  /** `end`: what fetches tell; undefined where none brings the partition. */
  pass(seconds: number, end?: bigint): void {
    for (let second = 0; second < seconds; second++) {
      this.ms += 1_000
      if (end !== undefined) this.standstill.told(KEY, end, this.ms)
      this.standstill.look(new Map([[KEY, this]]), this.ms)
    }
  }
  get isDoubtful(): boolean {
    return this.standstill.doubtful(this.ms).length > 0
  }
  asked(end: bigint): void {
    this.standstill.asked(KEY, end, this.ms)
  }
  waiting(isHeld = false): number[] {
    return this.standstill.waiting(isHeld, 4_000, this.ms).map(({ records }) => records)
  }
}

describe('core/kafka/standstill', () => {
  it('asks nothing while fetches tell that there is no more', () => {
    const watched = new Watched()
    watched.pass(60, 10n)
    assert.equal(watched.isDoubtful, false)
  })

  it('asks where fetches tell of more, or of nothing, and has it after some seconds', () => {
    for (const end of [13n, undefined]) {
      const watched = new Watched()
      watched.pass(5, end)
      assert.ok(watched.isDoubtful)
      watched.asked(13n)
      assert.deepEqual(watched.waiting(), [])
      watched.pass(4, end)
      assert.deepEqual(watched.waiting(), [3])
    }
  })

  it('has nothing while the flow has some of it, and begins anew when something comes', () => {
    const watched = new Watched()
    watched.openParts = 1
    watched.pass(60)
    assert.equal(watched.isDoubtful, false)
    watched.openParts = 0
    watched.pass(5)
    watched.asked(13n)
    watched.pass(5)
    assert.deepEqual(watched.waiting(), [3])
    watched.next = 11n
    watched.pass(1)
    assert.deepEqual(watched.waiting(), [])
    assert.equal(watched.isDoubtful, false)
  })

  it('knows what an open transaction holds back from what does not come', () => {
    const watched = new Watched()
    watched.pass(5, 14n)
    watched.asked(10n)
    watched.pass(4, 14n)
    assert.deepEqual([watched.waiting(), watched.waiting(true)], [[], [4]])
    watched.asked(14n)
    assert.deepEqual([watched.waiting(), watched.waiting(true)], [[], []])
    watched.pass(4, 14n)
    assert.deepEqual([watched.waiting(), watched.waiting(true)], [[4], []])
  })

  it('knows no transactions where what is not committed is read', () => {
    const watched = new Watched(true)
    watched.pass(5, 14n)
    watched.asked(10n)
    watched.pass(4, 14n)
    assert.deepEqual([watched.waiting(), watched.waiting(true)], [[4], []])
  })

  it('takes an end where nothing can be read for the end, until there is more', () => {
    const watched = new Watched()
    watched.pass(5, 13n)
    watched.standstill.empty(KEY, 10n, 13n)
    assert.equal(watched.isDoubtful, false)
    watched.pass(60, 13n)
    assert.deepEqual([watched.isDoubtful, watched.waiting()], [false, []])
    watched.pass(1, 14n)
    assert.ok(watched.isDoubtful)
  })
})
