import assert from 'node:assert/strict'
import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import { unrefOnce } from '../../../../core/kafka/kafkajs/instance.ts'
import { kafkajs } from '../../../../core/kafka/kafkajs/kafkajs.ts'

const load = createRequire(import.meta.url)

interface Queue extends EventEmitter {
  readonly inflight: Map<number, unknown>
  waitForPendingRequests(): Promise<void>
}

/** The queue of a connection on which one answer is owed. */
function busyQueue(): Queue {
  kafkajs()
  const RequestQueue = load('kafkajs/src/network/requestQueue') as new (options: object) => Queue
  const logger = { namespace: () => logger, debug: () => undefined }
  const queue = new RequestQueue({
    maxInFlightRequests: 1,
    requestTimeout: 1000,
    clientId: 'c',
    broker: 'b:1',
    logger
  })
  queue.inflight.set(1, {})
  return queue
}

describe('core/kafka: connections that are ended again and again while a broker owes an answer', () => {
  it('have one listener, and all who wait go on when the answer is there', async () => {
    const queue = busyQueue()
    const waits = Array.from({ length: 30 }, () => queue.waitForPendingRequests())
    const events = queue.eventNames().filter(name => String(name).toLowerCase().includes('empty'))
    assert.deepEqual(
      events.map(name => queue.listenerCount(name)),
      [1]
    )
    queue.inflight.clear()
    queue.emit(events[0]!)
    await Promise.all(waits)
    queue.inflight.set(2, {})
    void queue.waitForPendingRequests()
    assert.equal(queue.listenerCount(events[0]!), 1)
  })

  it('and one listener where the socket is closed already', () => {
    const socket = new Socket()
    unrefOnce(socket)
    const before = socket.listenerCount('connect')
    for (let time = 0; time < 30; time++) socket.unref()
    assert.equal(socket.listenerCount('connect'), before + 1)
  })
})
