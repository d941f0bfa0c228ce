import assert from 'node:assert/strict'
import { Trials } from '../../../core/source/trials.ts'
import { Dispatcher } from '../../../nodes/kafka-consumer/dispatcher.ts'
import { asMessages } from '../../../nodes/kafka-consumer/shapes.ts'
import { sourceWith } from '../../core/source/scripted-source.ts'
import { acknowledged } from '../../core/source/scripted-tracker.ts'

const PARTITIONS = [0, 1, 2, 3]

describe('nodes/kafka-consumer: what waits of partitions', () => {
  /** As kafkajs keeps it. */
  const paused = new Set<number>()
  let scene: ReturnType<typeof sourceWith>
  let dispatcher: Dispatcher
  /** What payloads wait for before they are read. */
  let needed: Promise<void> | undefined
  const sentOf = (partition: number) =>
    scene.sent.filter(({ message }) => message.topic === `raw ${partition}`).length

  beforeEach(() => {
    paused.clear()
    needed = undefined
    scene = sourceWith({ maxInFlight: 100, onCapacity: () => dispatcher.refill() })
    dispatcher = new Dispatcher(scene.source, {
      shaping: {
        shape: asMessages,
        isMany: () => false,
        piecesOf: () => [],
        ready: undefined,
        needed: () => needed
      },
      batchSize: 1,
      isSingle: true,
      perPartition: 1,
      maxInFlight: 100,
      onNone: () => {},
      trials: new Trials({ userDir: undefined, nodeId: 'read', warn: () => {} }),
      warn: () => {},
      pause: (_topic, partition) => void paused.add(partition),
      resume: (_topic, partition) => void paused.delete(partition)
    })
  })
  const take = (partition: number, records: number) =>
    dispatcher.take({
      topic: `raw ${partition}`,
      partition,
      messages: Array.from({ length: records }, (_, index) => ({
        key: null,
        value: Buffer.from('{}'),
        timestamp: '0',
        offset: String(index)
      })),
      nextOffset: BigInt(records),
      part: () => ({ dealtWith: () => {}, done: () => {}, committed: () => {} })
    })

  it('leaves none paused that a new generation reads anew, and sends nothing of it', () => {
    for (const partition of PARTITIONS) take(partition, 10)
    assert.deepEqual([...paused], PARTITIONS)
    // the new generation begins with all of them resumed
    paused.clear()
    dispatcher.keep((_topic, partition) => partition === 2)
    assert.deepEqual([...paused], [2], 'only the one that holds enough')
    assert.deepEqual(PARTITIONS.map(sentOf), [1, 1, 1, 1])
    for (const partition of [0, 1, 3]) take(partition, 1)
    for (let left = 10; left > 0; left--)
      for (const delivery of [...scene.tracker.open_]) delivery.settle(acknowledged(1))
    assert.deepEqual([...paused], [])
    assert.deepEqual(PARTITIONS.map(sentOf), [2, 2, 10, 2])
  })

  it('fetches no more of a partition whose schema is waited for than of one that is blocked', async () => {
    let known = () => {}
    needed = new Promise(resolve => {
      known = resolve
    })
    take(0, 10)
    assert.deepEqual([[...paused], sentOf(0), dispatcher.isUnready], [[0], 0, true])
    needed = undefined
    take(1, 1)
    assert.deepEqual([[...paused], sentOf(1)], [[0], 1], 'another one goes on')
    known()
    await new Promise(resolve => setImmediate(resolve))
    for (let left = 10; left > 0; left--)
      for (const delivery of [...scene.tracker.open_]) delivery.settle(acknowledged(1))
    assert.deepEqual([[...paused], sentOf(0), dispatcher.isUnready], [[], 10, false])
  })
})
