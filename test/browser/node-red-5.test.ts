import assert from 'node:assert/strict'
import { runOnNodeRed5 } from '../on-node-red-5.ts'

const LIMIT_MS = 600_000

describe('the dialogs in the editor of Node-RED 5', function () {
  this.timeout(LIMIT_MS)

  it('open and save as in that of Node-RED 4.1, and can be read in the dark', async () => {
    const files = ['test/browser/dialogs.test.ts', 'test/browser/dark.ts']
    const { passed, failed } = await runOnNodeRed5(files, LIMIT_MS)
    assert.deepEqual(failed, [])
    assert.ok(passed.length > 30)
  })
})
