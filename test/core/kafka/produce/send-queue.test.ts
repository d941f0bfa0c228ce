import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { MillraceError } from '../../../../core/errors.ts'
import type { Producer } from '../../../../core/kafka/port.ts'
import type { ProduceRecord } from '../../../../core/kafka/produce/produce-record.ts'
import { acknowledge } from '../../../../core/kafka/produce/refusals.ts'
import { SendQueue } from '../../../../core/kafka/produce/send-queue.ts'
import { TestCallback } from '../kafka-rig.ts'

/** A broker that takes so many bytes at once and does not tell. */
class Limited implements Producer {
  readonly maxMessageBytes = 1_000_000
  readonly maxRecordBytes = Number.POSITIVE_INFINITY
  readonly sends: number[] = []
  refused = 0

  constructor(private readonly mostRecords: number) {}

  async send(records: readonly ProduceRecord[]): Promise<void> {
    if (records.length > this.mostRecords) {
      this.refused++
      throw Object.assign(new Error('too large'), { answer: 'MESSAGE_TOO_LARGE' })
    }
    this.sends.push(records.length)
  }
  async close(): Promise<void> {}
}

describe('core/kafka/produce/send-queue', () => {
  const queueTo = (sender: Producer, lingerMs: number) =>
    new SendQueue({
      connect: async () => sender,
      lingerMs,
      onSent: () => undefined,
      onFailed: error => assert.fail(error)
    })
  const burst = (count: number) =>
    new TestCallback(
      Array.from({ length: count }, (_, index) => ({ key: 'k', value: `${index}`.padEnd(100) }))
    )

  it('keeps to a limit that it has learned from a refusal', async () => {
    const sender = new Limited(200)
    const queue = queueTo(sender, 0)
    for (const [round, most] of [10, 0].entries()) {
      const before = sender.refused
      const callback = burst(1_000)
      for (const record of callback.records) queue.add(record)
      await callback.settled
      assert.deepEqual(callback.refusals, [])
      assert.ok(
        sender.refused - before <= most,
        `${sender.refused - before} refused in round ${round + 1}`
      )
    }
    await queue.close(0)
  })

  it('sends what waits for company before it closes', async () => {
    const sender = new Limited(10_000)
    const queue = queueTo(sender, 60_000)
    // fast enough to be made to wait
    for (let round = 0; round < 8; round++) {
      for (const record of burst(400).records) queue.add(record)
      await wait(100)
    }
    for (const record of burst(30).records) queue.add(record)
    await queue.close(5_000)
    assert.equal(
      sender.sends.reduce((sum, count) => sum + count),
      3_230
    )
  })

  it('after a send that failed sends only what it is told the broker has not', async () => {
    const sends: string[][] = []
    const sender: Producer = {
      maxMessageBytes: 1_000_000,
      maxRecordBytes: Number.POSITIVE_INFINITY,
      async send(records) {
        sends.push(records.map(({ value }) => String(value)))
        if (sends.length === 1)
          throw new MillraceError('KAFKA_CONNECT_FAILED', 'the answer was lost')
      },
      close: async () => undefined
    }
    const queue = new SendQueue({
      connect: async () => sender,
      lingerMs: 0,
      onSent: () => undefined,
      onFailed: () => undefined,
      random: () => 0,
      async unsent(records) {
        acknowledge(records.slice(0, 2))
        return records.slice(2)
      }
    })
    const callback = new TestCallback(['a', 'b', 'c'].map(value => ({ key: 'k', value })))
    for (const record of callback.records) queue.add(record)
    await callback.settled
    assert.deepEqual(sends, [['a', 'b', 'c'], ['c']])
    await queue.close(0)
  })
})
