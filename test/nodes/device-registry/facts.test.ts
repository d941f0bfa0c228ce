import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Facts,
  type Happening,
  joinInto,
  noFacts,
  presenceOf,
  type Sighting,
  seenOf
} from '../../../nodes/device-registry/facts.ts'

const id = 'd'
const heard = (ms: number): Sighting => ({ id, firstMs: ms, lastMs: ms })
const died = (ms: number): Sighting => ({ id, firstMs: ms, diedMs: ms })
const silent = (forMs: number, atMs: number): Sighting => ({
  id,
  silentForMs: forMs,
  silentAtMs: atMs
})
const version = (ms: number, firmware: string): Sighting => ({
  ...heard(ms),
  firmware,
  firmwareMs: ms
})

function joined(...seen: readonly Sighting[]): { facts: Facts; told: Happening[] } {
  const facts = noFacts()
  return { facts, told: seen.flatMap(each => joinInto(facts, each)) }
}

describe('nodes/device-registry: what becomes of a device', () => {
  const cases: [what: string, seen: Sighting[], told: string[]][] = [
    ['is online from its first record on', [heard(10), heard(20)], ['online 10']],
    ['is offline by its will', [heard(10), died(20)], ['online 10', 'offline 20']],
    [
      'a will at the time of its last record is after it',
      [heard(10), died(10)],
      ['online 10', 'offline 10']
    ],
    [
      'comes back by any record',
      [heard(10), died(20), heard(30)],
      ['online 10', 'offline 20', 'online 30']
    ],
    [
      'an old record brings nobody back',
      [heard(10), died(20), heard(15)],
      ['online 10', 'offline 20']
    ],
    ['an old will ends nobody', [heard(30), died(20)], ['online 30']],
    [
      'is silent, and back',
      [heard(10), silent(10, 70), heard(80)],
      ['online 10', 'silent 70', 'back 80']
    ],
    ['a silence that was none', [heard(10), heard(20), silent(10, 70)], ['online 10']],
    ['is silent once', [heard(10), silent(10, 70), silent(10, 75)], ['online 10', 'silent 70']],
    [
      'a will after a silence',
      [heard(10), silent(10, 70), died(90)],
      ['online 10', 'silent 70', 'offline 90']
    ],
    ['the first firmware is no change', [version(10, '1.0')], ['online 10']],
    [
      'another firmware',
      [version(10, '1.0'), version(20, '1.1')],
      ['online 10', 'firmware changed 20 1.0 1.1']
    ],
    ['a firmware that comes late', [version(20, '1.1'), version(10, '1.0')], ['online 20']],
    [
      'a firmware that goes back',
      [version(10, '2'), version(20, '1')],
      ['online 10', 'firmware changed 20 2 1']
    ]
  ]
  for (const [what, seen, expected] of cases)
    it(what, () => {
      const { told } = joined(...seen)
      const texts = told.map(({ event, atMs, before, after: to }) =>
        [event, atMs, before, to].filter(part => part !== undefined).join(' ')
      )
      assert.deepEqual(texts, expected)
    })

  const anySeen = fc.oneof(
    fc.nat(50).map(heard),
    fc.nat(50).map(died),
    fc.nat(50).map(ms => silent(ms, ms + 60)),
    fc.tuple(fc.nat(50), fc.constantFrom('1', '2', '3')).map(([ms, of]) => version(ms, of))
  )

  it('is the same in whatever order, how often and by whomever it was seen', () => {
    fc.assert(
      fc.property(
        fc
          .array(anySeen, { maxLength: 20 })
          .chain(seen =>
            fc.tuple(
              fc.constant(seen),
              fc.shuffledSubarray(seen, { minLength: seen.length }),
              fc.array(fc.boolean(), { minLength: seen.length, maxLength: seen.length }),
              fc.array(fc.nat(Math.max(0, seen.length - 1)), { maxLength: 5 })
            )
          ),
        ([seen, shuffled, which, repeated]) => {
          const expected = joined(...seen).facts
          // Two Node-REDs, each with a part of it, join what they have at the end.
          const [one, other] = [noFacts(), noFacts()]
          for (const [at, each] of shuffled.entries()) joinInto(which[at] ? one : other, each)
          for (const at of repeated) if (seen[at]) joinInto(one, seen[at])
          const table = noFacts()
          for (const facts of [other, one, other]) joinInto(table, seenOf(id, facts))
          assert.deepEqual(table, expected)
          assert.equal(presenceOf(table), presenceOf(expected))
        }
      ),
      { numRuns: 500 }
    )
  })

  it('tells of each change of presence exactly one event', () => {
    fc.assert(
      fc.property(fc.array(anySeen, { maxLength: 30 }), seen => {
        const facts = noFacts()
        for (const each of seen) {
          const before = presenceOf(facts)
          const told = joinInto(facts, each).filter(({ event }) => event !== 'firmware changed')
          assert.equal(told.length, Number(presenceOf(facts) !== before))
        }
      })
    )
  })
})
