import assert from 'node:assert/strict'
import fc from 'fast-check'
import { allot, outcome } from '../../core/delivery/counts.ts'
import { OpenDelivery } from '../../core/delivery/token.ts'
import type { Confirmed } from '../../core/delivery/types.ts'

const owner = { sent() {}, abandon() {} }
const deliveryOf = (records: number) =>
  new OpenDelivery(
    owner,
    'id',
    'node',
    { mode: 'finished', records, timeoutMs: 1000, onSettled() {} },
    0
  )

/**
 * [records of each delivery, what sinks confirm, what each delivery settles as: stored, rejected,
 * duplicates, filtered]
 */
const CASES: readonly [string, number[], Confirmed[], [number, number, number, number][]][] = [
  ['all stored', [5], [{ stored: 5 }], [[5, 0, 0, 0]]],
  ['some filtered on the way', [5], [{ stored: 3 }], [[3, 0, 0, 2]]],
  [
    'split over many confirmations',
    [5],
    [{ stored: 2 }, { stored: 2, duplicates: 1 }],
    [[4, 0, 1, 0]]
  ],
  ['two sinks store the same', [5], [{ stored: 5 }, { stored: 5 }], [[5, 0, 0, 0]]],
  ['one sink stores what another rejects', [5], [{ stored: 5 }, { rejected: 2 }], [[3, 2, 0, 0]]],
  ['confirmed, nothing counted', [5], [{}], [[0, 0, 0, 5]]],
  [
    'joined from three',
    [1, 2, 3],
    [{ stored: 6 }],
    [
      [1, 0, 0, 0],
      [2, 0, 0, 0],
      [3, 0, 0, 0]
    ]
  ],
  [
    'joined, some rejected',
    [1, 2, 3],
    [{ stored: 4, rejected: 2 }],
    [
      [0, 1, 0, 0],
      [1, 1, 0, 0],
      [3, 0, 0, 0]
    ]
  ],
  [
    'joined, two sinks',
    [2, 2],
    [{ stored: 4 }, { stored: 4 }],
    [
      [2, 0, 0, 0],
      [2, 0, 0, 0]
    ]
  ]
]

describe('counts of a delivery', () => {
  for (const [name, records, confirmations, expected] of CASES) {
    it(name, () => {
      const deliveries = records.map(deliveryOf)
      for (const confirmed of confirmations) allot(deliveries, confirmed)
      assert.deepEqual(
        deliveries
          .map(outcome)
          .map(({ stored, rejected, duplicates, filtered }) => [
            stored,
            rejected,
            duplicates,
            filtered
          ]),
        expected
      )
    })
  }

  it('adds up to the records, whatever was confirmed', () => {
    const count = fc.nat({ max: 20 })
    const confirmed = fc.record(
      { stored: count, rejected: count, duplicates: count },
      { requiredKeys: [] }
    )
    fc.assert(
      fc.property(
        fc.array(count, { minLength: 1, maxLength: 5 }),
        fc.array(confirmed, { maxLength: 5 }),
        (records, confirmations) => {
          const deliveries = records.map(deliveryOf)
          for (const each of confirmations) allot(deliveries, each)
          for (const delivery of deliveries) {
            const { stored, rejected, duplicates, filtered } = outcome(delivery)
            assert.ok(Math.min(stored, rejected, duplicates, filtered) >= 0)
            assert.equal(stored + rejected + duplicates + filtered, delivery.options.records)
          }
        }
      )
    )
  })
})
