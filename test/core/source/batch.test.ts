import assert from 'node:assert/strict'
import { reject } from '../../../core/record/record.ts'
import { recordOf, sourceWith, until } from './scripted-source.ts'
import { acknowledged, failed } from './scripted-tracker.ts'

describe('delivery source: room, and what arrives together', () => {
  it('has room within its bounds of records and bytes, and for any one message', () => {
    const { source, tracker, taken } = sourceWith({ maxInFlight: 10 })
    const huge = 100 << 20
    assert.ok(source.hasRoomFor(20, huge))
    source.take({ ...taken('1', 8), bytes: 60 << 20 })
    assert.deepEqual(
      [source.hasRoomFor(2, 4 << 20), source.hasRoomFor(3, 1), source.hasRoomFor(1, 5 << 20)],
      [true, false, false]
    )
    tracker.last.settle(acknowledged(8))
    assert.ok(source.hasRoomFor(20, huge))
    source.pause()
    assert.equal(source.hasRoomFor(1, 1), false)
  })

  describe('a batch', () => {
    /** Of names; those in capital letters are rejected. */
    const splitOf = (names: readonly string[]) => ({
      accepted: names.filter(name => name !== name.toUpperCase()).map(name => recordOf(name)),
      rejected: names
        .filter(name => name === name.toUpperCase())
        .map(name => reject(recordOf(name), 'test', { code: 'JSON_INVALID', message: 'no record' }))
    })
    const batchOf = (acks: string[], ...names: string[]) => ({
      lane: 'lane',
      bytes: 10,
      split: splitOf(names),
      splitAgain: () => splitOf(names),
      isSingle: false,
      properties: { topic: 'raw' },
      acknowledge: () => void acks.push(names.join(''))
    })

    it('leaves as two messages, and is acknowledged once, after both', () => {
      const { source, tracker, sent, acks, metrics } = sourceWith()
      source.takeBatch(batchOf(acks, 'a', 'B', 'c'))
      assert.deepEqual(
        sent.map(({ output, message }) => [
          output,
          message.topic,
          (message.payload as unknown[]).length
        ]),
        [
          [0, 'raw', 2],
          [1, 'raw', 1]
        ]
      )
      assert.equal(source.inFlight, 3)
      const [good, bad] = tracker.open_
      bad!.settle(acknowledged(1, { rejected: 1 }))
      assert.deepEqual(acks, [])
      good!.settle(acknowledged(2))
      assert.deepEqual(acks, ['aBc'])
      assert.deepEqual(
        [metrics.stored, metrics.rejected, metrics.inFlight, source.inFlight],
        [2, 1, 0, 0]
      )
    })

    it('without records is acknowledged in its turn', () => {
      const { source, tracker, sent, acks } = sourceWith()
      source.takeBatch(batchOf(acks, 'a'))
      source.takeBatch(batchOf(acks))
      assert.deepEqual([acks, sent.length], [[], 1])
      tracker.last.settle(acknowledged(1))
      assert.deepEqual(acks, ['a', ''])
      source.takeBatch(batchOf(acks))
      assert.deepEqual(acks, ['a', '', ''])
    })

    it('of a single record leaves without an array, and anew at each attempt', async () => {
      const { source, tracker, sent, acks } = sourceWith()
      source.takeBatch({ ...batchOf(acks, 'a'), isSingle: true })
      tracker.last.settle(failed)
      await until(() => sent.length === 2)
      const [first, second] = sent.map(({ message }) => message.payload)
      assert.deepEqual(
        [JSON.stringify(first), JSON.stringify(second)],
        ['{"name":"a"}', '{"name":"a"}']
      )
      assert.notEqual(first, second)
    })
  })
})
