import fc from 'fast-check'
import type { Happening } from './flaky-world.ts'

/** What may happen to messages under way. */
export const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        partition: fc.nat(2),
        messages: fc.integer({ min: 1, max: 4 })
      })
    },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('arrive' as const),
        which: fc.nat(5),
        fails: fc.boolean()
      })
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('checkpoint' as const) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('end' as const),
        which: fc.nat(5),
        fails: fc.boolean()
      })
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('move' as const), partition: fc.nat(2) })
    }
  ),
  { maxLength: 80 }
)
