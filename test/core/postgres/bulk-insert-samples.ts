/** Random records, good and spoiled, for what must hold of all of them. */
import fc from 'fast-check'

export interface Sample {
  readonly ts_utc: unknown
  readonly device_id: unknown
  readonly metric: unknown
  readonly value: unknown
  readonly bad: boolean
}

const good: fc.Arbitrary<Sample> = fc.record({
  ts_utc: fc.integer({ min: 0, max: 5 }).map(n => new Date(Date.UTC(2024, 0, 1 + n)).toISOString()),
  device_id: fc.constantFrom('a', 'b', 'bb', 'ü'),
  metric: fc.constantFrom('t', 'u'),
  value: fc.double({ noNaN: true, noDefaultInfinity: true }),
  bad: fc.constant(false)
})
const spoiled = fc
  .tuple(
    good,
    fc.constantFrom(
      { value: 'x' },
      { value: Number.NaN },
      { device_id: null },
      { device_id: 'a\0' },
      { ts_utc: '2024-13-01T00:00:00Z' },
      { metric: 'm'.padEnd(10) + unpredictable(9000) }
    )
  )
  .map(([sample, more]) => ({ ...sample, ...more, bad: true }))
export const messages = fc.array(
  fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: spoiled }),
  { maxLength: 12 }
)

export const sum = (numbers: readonly number[]) =>
  numbers.reduce((total, number) => total + number, 0)

/** Text that does not compress, so that it is too long for an index. The same at every call. */
export function unpredictable(length: number): string {
  let state = 12_345
  return Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return String.fromCharCode(33 + ((state >> 8) % 90))
  }).join('')
}
