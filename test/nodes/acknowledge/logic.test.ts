import assert from 'node:assert/strict'
import { settle } from '../../../nodes/acknowledge/logic.ts'

describe('acknowledge', () => {
  const told: unknown[] = []
  const tracker = {
    confirm: (_message: object, confirmed: unknown) => told.push(confirmed),
    fail: (_message: object, error: unknown) => told.push(error)
  }
  const cases: [string, unknown, 'stored' | 'failed', unknown][] = [
    ['one record', { value: 1 }, 'stored', { stored: 1 }],
    ['an array of records', [{ value: 1 }, { value: 2 }], 'stored', { stored: 2 }],
    ['a failure', { value: 1 }, 'failed', { code: 'FAILED_BY_FLOW', message: 'the answer was 503' }]
  ]
  for (const [what, payload, as, expected] of cases) {
    it(`says ${as} of ${what}`, () => {
      told.length = 0
      settle({ payload }, { as, reason: 'the answer was 503' }, tracker)
      assert.deepEqual(told, [expected])
    })
  }
})
