import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { kafkajs } from '../../../../core/kafka/kafkajs/kafkajs.ts'
import { fetchQuietly, waitLongerWhenIdle } from '../../../../core/kafka/kafkajs/quiet-fetch.ts'
import { until } from '../../../until.ts'

const load = createRequire(import.meta.url)

interface Queue {
  readonly inflight: Map<number, object>
  readonly requestTimeoutIntervalId: unknown
  scheduleRequestTimeoutCheck(): void
  destroy(): void
}

/** A connection, of which nothing but its queue is there. */
function queueOf(requestTimeout: number): Queue {
  kafkajs()
  const RequestQueue = load('kafkajs/src/network/requestQueue') as new (options: object) => Queue
  const logger = { namespace: () => logger, debug: () => undefined }
  const options = { requestTimeout, enforceRequestTimeout: true, clientId: 'c', broker: 'b:1' }
  return new RequestQueue({ ...options, logger })
}

describe('core/kafka: what takes too long at a broker', () => {
  it('is found by one timer for all connections, each of which has none', async () => {
    const queues = [queueOf(10_000), queueOf(10_000)]
    const late: number[] = []
    queues.forEach((queue, index) => {
      const request = (sentAt: number | null) => ({
        sentAt,
        requestTimeout: 10_000,
        timeoutRequest: () => late.push(index)
      })
      queue.inflight.set(1, request(Date.now() - 10_001 + 100_000 * index))
      queue.inflight.set(2, request(null))
      queue.scheduleRequestTimeoutCheck()
      assert.equal(queue.requestTimeoutIntervalId, undefined)
    })
    await until('the late request', () => late.length > 0)
    assert.equal(late[0], 0)
    assert.ok(!late.includes(1))
    for (const queue of queues) queue.destroy()
  })

  it('by a timer of its own where the timeout is short', () => {
    const queue = queueOf(1000)
    queue.scheduleRequestTimeoutCheck()
    assert.notEqual(queue.requestTimeoutIntervalId, undefined)
    queue.destroy()
  })
})

interface Group {
  readonly cluster: object
  maxWaitTime: number
  paused(): object[]
  fetch(nodeId: number): Promise<object[]>
}

describe('core/kafka: a fetch of a consumer', () => {
  const { prototype } = load('kafkajs/src/consumer/consumerGroup') as { prototype: Group }
  const something = { rawMessages: [1] }
  const nothing = { rawMessages: [] }
  /** A group whose fetches bring these. */
  const groupOf = (brings: () => object[], paused: () => object[] = () => []) => {
    kafkajs()
    const { fetch } = prototype
    prototype.fetch = async () => brings()
    fetchQuietly()
    const group = { cluster: {}, maxWaitTime: 200, paused, fetch: prototype.fetch } as Group
    prototype.fetch = fetch
    return group
  }

  it('gives only partitions of which something came', async () => {
    const group = groupOf(() => [nothing, something, nothing])
    assert.deepEqual(await group.fetch(1), [something])
  })

  it('waits longer at the broker while nothing comes, and not where a partition is paused', async () => {
    let brought: object[] = [nothing]
    let paused: object[] = []
    const group = groupOf(
      () => brought,
      () => paused
    )
    waitLongerWhenIdle(group.cluster, { usualMs: 200, idleMs: 500 })
    const waitAfter = async (fetches: number) => {
      for (let count = 0; count < fetches; count++) await group.fetch(1)
      return group.maxWaitTime
    }
    assert.equal(await waitAfter(9), 200)
    assert.equal(await waitAfter(1), 500)
    brought = [something]
    assert.equal(await waitAfter(1), 200)
    brought = [nothing]
    paused = [{}]
    assert.equal(await waitAfter(20), 200)
  })

  it('of another palette waits as it was told to', async () => {
    const group = groupOf(() => [nothing])
    for (let count = 0; count < 20; count++) await group.fetch(1)
    assert.equal(group.maxWaitTime, 200)
  })
})
