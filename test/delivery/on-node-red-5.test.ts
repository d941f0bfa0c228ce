// Mostly waits.
import assert from 'node:assert/strict'
import { runOnNodeRed5 } from '../on-node-red-5.ts'
import { FLOWS } from './flows.ts'

describe('delivery on Node-RED 5', function () {
  const limitMs = 240_000
  this.timeout(2 * limitMs)

  it('holds what it holds on Node-RED 4.1', async () => {
    const files = ['matrix', 'foreign-hooks', 'redeploy', 'drain', 'random-flows'].map(
      name => `test/delivery/${name}.test.ts`
    )
    const report = await runOnNodeRed5(files, limitMs)
    assert.deepEqual(report.failed, [])
    assert.ok(report.passed.length > FLOWS.length)
  })
})
