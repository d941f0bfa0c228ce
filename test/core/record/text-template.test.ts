import assert from 'node:assert/strict'
import { ExactDecimal } from '../../../core/record/exact-decimal.ts'
import { textTemplate } from '../../../core/record/text-template.ts'

describe('a text with fields in it', () => {
  const cases: readonly [value: unknown, text: string][] = [
    ['a', 'a'],
    [7, '7'],
    [10n ** 20n, '100000000000000000000'],
    [
      { id: 10n ** 20n, v: new ExactDecimal('1.00000000000000000001') },
      '{"id":100000000000000000000,"v":1.00000000000000000001}'
    ],
    [{ toString: 1 }, '{"toString":1}'],
    [[{ valueOf: null }], '[{"valueOf":null}]']
  ]
  for (const [value, text] of cases)
    it(`has a value as it would stand in JSON: ${text}`, () =>
      assert.deepEqual(textTemplate('is {a.b}').fill({ a: { b: value } }), { text: `is ${text}` }))
})
