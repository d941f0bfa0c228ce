import assert from 'node:assert/strict'
import fc from 'fast-check'
import { END, type Lease } from '../../../../palettes/aws/nodes/kinesis-consumer/lease.ts'
import {
  LeaseWatch,
  mayBeRead,
  planOf
} from '../../../../palettes/aws/nodes/kinesis-consumer/share.ts'
import { upTo } from '../rig.ts'

const lease = (shard: string, more: Partial<Lease> = {}): Lease => ({
  shard,
  owner: undefined,
  wanted: undefined,
  counter: 0,
  checkpoint: '1',
  parents: [],
  ...more
})

/** One reader looks, takes what is free, and gets what it has asked for. */
function step(leases: Lease[], me: string): Lease[] {
  const listed = new Set(leases.map(({ shard }) => shard))
  const isFree = ({ owner }: Lease) => owner === undefined
  const { take, ask } = planOf({ me, leases, listed, isFree })
  const gets = new Set([...take, ...ask].map(({ shard }) => shard))
  return leases.map(each => (gets.has(each.shard) ? { ...each, owner: me } : each))
}

const loadsOf = (leases: readonly Lease[], readers: readonly string[]) =>
  readers.map(reader => leases.filter(({ owner }) => owner === reader).length)

describe('the share of shards', () => {
  it('becomes even, whoever had what, and then stays', () => {
    const world = fc.record({
      readers: fc.integer({ min: 1, max: 6 }),
      owners: fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 40 })
    })
    fc.assert(
      fc.property(world, ({ readers, owners }) => {
        const names = upTo(readers).map(n => `reader-${n}`)
        let leases = owners.map((owner, n) => lease(`shard-${n}`, { owner: names[owner] }))
        for (const _round of upTo(12)) for (const me of names) leases = step(leases, me)
        const loads = loadsOf(leases, names)
        assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, loads.join())
        assert.equal(
          loads.reduce((sum, load) => sum + load, 0),
          leases.length
        )
        for (const me of names) assert.deepEqual(step(leases, me), leases)
      })
    )
  })

  it('leaves to others what was asked for already', () => {
    const leases = upTo(4).map(n => lease(`s${n}`, { owner: 'a', wanted: n < 2 ? 'b' : undefined }))
    const listed = new Set(leases.map(({ shard }) => shard))
    assert.deepEqual(planOf({ me: 'b', leases, listed, isFree: () => false }).ask, [])
    assert.equal(planOf({ me: 'c', leases, listed, isFree: () => false }).ask.length, 1)
  })

  it('lets no shard be read before its parents are', () => {
    const child = lease('child', { parents: ['left', 'right'] })
    const may = (left: Lease | undefined, right: Lease | undefined, ...listed: string[]) => {
      const found = [left, right].filter(each => each !== undefined)
      return mayBeRead(child, new Map(found.map(each => [each.shard, each])), new Set(listed))
    }
    const ended = { checkpoint: END }
    assert.equal(may(lease('left', ended), lease('right'), 'left', 'right'), false)
    assert.equal(may(lease('left', ended), lease('right', ended), 'left', 'right'), true)
    assert.equal(may(lease('left', ended), undefined, 'left'), true)
    assert.equal(may(lease('left', ended), undefined, 'left', 'right'), false)
    assert.equal(mayBeRead(lease('some', ended), new Map(), new Set()), false)
  })

  it('takes over what nobody has renewed for long enough, by the own clock', () => {
    const watch = new LeaseWatch(1_000)
    const of = (counter: number) => lease('s', { owner: 'other', counter })
    watch.saw([of(1)], 0)
    watch.saw([of(2)], 400)
    for (const nowMs of [800, 1_200, 1_399]) watch.saw([of(2)], nowMs)
    assert.equal(watch.isFree(of(2)), false)
    watch.saw([of(2)], 1_400)
    assert.equal(watch.isFree(of(2)), true)
    assert.equal(watch.isFree(lease('s')), true)
  })

  it('counts no time in which its owner could not have renewed a lease', () => {
    const watch = new LeaseWatch(1_000)
    const leases = [lease('s', { owner: 'other' })]
    watch.saw(leases, 0)
    watch.saw(leases, 400)
    // The table was away, for all maybe.
    watch.missed()
    watch.saw(leases, 60_000)
    assert.equal(watch.isFree(leases[0]!), false)
    // This machine slept.
    watch.saw(leases, 120_000)
    assert.equal(watch.isFree(leases[0]!), false)
    watch.saw(leases, 120_400)
    assert.equal(watch.isFree(leases[0]!), true)
  })
})
