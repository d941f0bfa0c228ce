import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { RecordList } from '../../../../core/kafka/kafkajs/record-list.ts'
import {
  NO_KEY,
  type ProduceCallback,
  ProduceRecord
} from '../../../../core/kafka/produce/produce-record.ts'

type Leaders = readonly { readonly partitionId: number; readonly leader: number }[]
type Group = (send: object) => Record<number, ProduceRecord[]>

/** kafkajs' own, which asks the list. */
const group = createRequire(import.meta.url)(
  'kafkajs/src/producer/groupMessagesPerPartition'
) as Group
const callback: ProduceCallback = { open: 0, refused: () => undefined, finished: () => undefined }

describe('core/kafka/kafkajs/record-list', () => {
  /** Their hashes are 0, 1, 2 …, and so are their partitions while there are enough of these. */
  const records = (count: number) =>
    Array.from(
      { length: count },
      (_, index) =>
        new ProduceRecord(`k${index}`, `v${index}`, undefined, undefined, index, callback, index)
    )
  const grouped = (list: RecordList, partitionMetadata: Leaders) => {
    const found = group({
      topic: 't',
      partitionMetadata,
      messages: list.asMessages(),
      partitioner: RecordList.partitionOf
    })
    return Object.entries(found).map(([partition, messages]) => [
      Number(partition),
      messages.map(({ value }) => value)
    ])
  }
  const led = (...leaders: number[]): Leaders =>
    leaders.map((leader, partitionId) => ({ partitionId, leader }))

  it('groups by partition, in order; what has no key goes to one partition a send', () => {
    const keyless = new ProduceRecord(null, 'none', undefined, undefined, NO_KEY, callback, 0)
    const list = new RecordList([...records(4), keyless], 3)
    assert.deepEqual(grouped(list, led(1, 2)), [
      [0, ['v0', 'v2']],
      [1, ['v1', 'v3', 'none']]
    ])
    assert.equal(list.rest.length, 0)
  })

  it('to one broker: what the others lead is left for the next sends', () => {
    const list = new RecordList(records(6), 0, true)
    assert.deepEqual(grouped(list, led(7, 8, 7)), [
      [0, ['v0', 'v3']],
      [2, ['v2', 'v5']]
    ])
    assert.deepEqual(
      [list.sent, list.rest].map(all => all.map(({ value }) => value)),
      [
        ['v0', 'v2', 'v3', 'v5'],
        ['v1', 'v4']
      ]
    )
  })

  it('to one broker: is sent again whole, or not at all where its partitions have moved apart', () => {
    const list = new RecordList(records(3), 0, true)
    grouped(list, led(7, 7, 8))
    assert.deepEqual(grouped(list, led(9, 9, 8)), [
      [0, ['v0']],
      [1, ['v1']]
    ])
    assert.throws(() => grouped(list, led(7, 9, 8)), /moved to other brokers/)
  })
})
