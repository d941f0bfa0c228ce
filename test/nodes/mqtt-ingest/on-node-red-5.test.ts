// Mostly waits.
import assert from 'node:assert/strict'
import { runOnNodeRed5 } from '../../on-node-red-5.ts'
import { services } from '../../services.ts'

describe('pausing on Node-RED 5', function () {
  const limitMs = 240_000
  this.timeout(2 * limitMs)

  it('loses no more than on Node-RED 4.1', async () => {
    await services('mqtt')
    const report = await runOnNodeRed5(
      ['test/core/deployments.test.ts', 'test/nodes/mqtt-ingest/pause.test.ts'],
      limitMs
    )
    assert.deepEqual(report.failed, [])
    assert.ok(report.passed.length > 60)
  })
})
