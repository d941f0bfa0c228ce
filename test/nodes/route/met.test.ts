import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { router } from '../../../nodes/route/logic.ts'
import { Met } from '../../../nodes/route/met.ts'
import { spec } from '../../../nodes/route/spec.ts'

const over = (value: number) => ({
  match: 'all',
  conditions: [{ field: 'v', operator: 'gt', value }]
})

describe('route: rules that no record has met', () => {
  const cases: [name: string, send: string, values: number[], expected: string | undefined][] = [
    ['no record yet', 'first', [], undefined],
    ['one rule', 'first', [15], 'rules 2, 3 never met in 1'],
    ['a rule that the one before hides', 'first', [15, 25, 35], 'rules 2, 3 never met in 3'],
    ['all of them', 'every', [35], undefined],
    ['none', 'every', [1, 2], '3 rules never met in 2'],
    ['all but the last', 'every', [25], 'rule 3 never met in 1']
  ]
  for (const [name, send, values, expected] of cases) {
    it(name, () => {
      const met = new Met(3)
      const route = router(parseOptions(spec, { rules: [over(10), over(20), over(30)], send }), met)
      if (values.length > 0) route({ payload: values.map(v => ({ v })) })
      assert.equal(met.text, expected)
    })
  }

  it('counts in thousands', () => {
    const met = new Met(2)
    met.rule(0)
    met.records = 41_000
    assert.equal(met.text, 'rule 2 never met in 41,000')
  })
})
