import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { KAFKAJS_VERSION, kafkajs } from '../../../../core/kafka/kafkajs/kafkajs.ts'

const load = createRequire(import.meta.url)

describe('core/kafka/kafkajs', () => {
  it('is pinned to the version of kafkajs that its workarounds were measured with', () => {
    assert.equal((load('kafkajs/package.json') as { version: string }).version, KAFKAJS_VERSION)
  })

  it('trap 7: arms no timer of a negative delay after an answer', () => {
    kafkajs()
    const Queue = load('kafkajs/src/network/requestQueue') as new (
      options: object
    ) => {
      throttleCheckTimeoutId: unknown
      scheduleCheckPendingRequests(): void
    }
    const queue = new Queue({
      maxInFlightRequests: 1,
      requestTimeout: 1000,
      clientId: 'c',
      broker: 'b',
      logger: { debug() {} }
    })
    queue.scheduleCheckPendingRequests()
    assert.equal(queue.throttleCheckTimeoutId, null)
  })
})
