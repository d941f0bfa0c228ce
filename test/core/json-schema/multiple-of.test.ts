import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isMultipleOf } from '../../../core/json-schema/multiple-of.ts'
import { compileSchema } from '../../../core/json-schema/schema.ts'

const HOUR_MS = 3_600_000

describe('nodes/validate/multiple-of', () => {
  const cases: [value: number, step: number, expected: boolean][] = [
    [0.07, 0.01, true],
    [19.99, 0.01, true],
    [4.35, 0.01, true],
    [-4.35, 0.01, true],
    [0, 0.01, true],
    [179.123457, 0.000001, true],
    [12_345_678.901, 0.001, true],
    [0.3, 0.1, true],
    [19.995, 0.01, false],
    [0.005, 0.01, false],
    [1e-9, 0.01, false],
    [5.000_000_001, 1, false],
    [7, 2, false],
    [480_000 * HOUR_MS, HOUR_MS, true],
    [480_000 * HOUR_MS + 1, HOUR_MS, false],
    [1e308, 1e-308, false]
  ]
  for (const [value, step, expected] of cases) {
    it(`${value} is ${expected ? 'a' : 'no'} multiple of ${step}, in every draft`, () => {
      for (const draft of ['07', '2019-09', '2020-12'] as const) {
        assert.equal(compileSchema({ multipleOf: step }, { draft, coerce: false })(value), expected)
      }
    })
  }

  it('takes every decimal that has as many places as the step', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), fc.nat(9), (steps, places) =>
        isMultipleOf(Number(`${steps}e-${places}`), Number(`1e-${places}`))
      ),
      { numRuns: 10_000 }
    )
  })
  it('takes none that lies half a step beside one', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), fc.nat(9), (steps, places) => {
        return !isMultipleOf(Number(`${steps}.5e-${places}`), Number(`1e-${places}`))
      })
    )
  })
  it('says so as for every other keyword', () => {
    const check = compileSchema({ multipleOf: 0.01 }, { draft: '2020-12', coerce: false })
    check(0.005)
    const [error] = check.errors!
    assert.deepEqual(
      [error!.keyword, error!.params, error!.data],
      ['multipleOf', { multipleOf: 0.01 }, 0.005]
    )
  })
})
