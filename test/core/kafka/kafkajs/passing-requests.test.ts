import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { kafkajs } from '../../../../core/kafka/kafkajs/kafkajs.ts'
import { PassingMap } from '../../../../core/passing-map.ts'

interface Queue {
  inflight: { size: number; set(id: number, request: object): void }
  scheduleRequestTimeoutCheck(): void
  destroy(): void
}

const load = createRequire(import.meta.url)

describe('core/kafka: requests that wait for their answers', () => {
  it('do not outlive their time, and none is lost where a connection begins anew', () => {
    kafkajs()
    const RequestQueue = load('kafkajs/src/network/requestQueue') as new (options: object) => Queue
    const queue = new RequestQueue({ requestTimeout: 30_000, enforceRequestTimeout: true })
    queue.scheduleRequestTimeoutCheck()
    try {
      assert.ok(queue.inflight instanceof PassingMap)
      queue.inflight.set(1, { sentAt: null })
      queue.scheduleRequestTimeoutCheck()
      assert.equal(queue.inflight.size, 1)
    } finally {
      queue.inflight = new PassingMap()
      queue.destroy()
    }
  })
})
