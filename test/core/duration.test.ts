import assert from 'node:assert/strict'
import { durationMs, durationText } from '../../core/duration.ts'

const durations: readonly (readonly [text: string, ms: number | undefined])[] = [
  ['30 s', 30_000],
  ['15min', 900_000],
  ['1 h 30 min', 5_400_000],
  ['1h30m', 5_400_000],
  ['0.5 hours', 1_800_000],
  ['2 weeks', 1_209_600_000],
  ['1 D', 86_400_000],
  ['250 ms', 250],
  ['0 s', 0],
  ['', undefined],
  ['30', undefined],
  ['-1 s', undefined],
  ['1 month', undefined],
  ['1 toString', undefined],
  ['s', undefined]
]

describe('durations', () => {
  for (const [text, ms] of durations)
    it(`"${text}" is ${ms ?? 'none'}`, () => assert.equal(durationMs(text), ms))

  it('are written in the largest unit that needs no fraction', () => {
    const texts = [90_000, 120_000, 3_600_000, 172_800_000, 1_500].map(durationText)
    assert.deepEqual(texts, ['90 s', '2 min', '1 h', '2 d', '1500 ms'])
  })
})
