import assert from 'node:assert/strict'
import { fuzz } from './fuzz.ts'

describe('hostile bytes for every decoder', function () {
  this.timeout(120_000)

  it('are records or refused, none throws, and none takes over 50 ms', async () => {
    const { findings } = await fuzz(20_000, 20_240_223)
    assert.deepEqual(findings.slice(0, 5), [])
  })
})
