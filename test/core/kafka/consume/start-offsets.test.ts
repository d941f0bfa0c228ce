import assert from 'node:assert/strict'
import {
  lostSentence,
  type PartitionOffsets,
  type StartPolicy,
  startOffsets
} from '../../../../core/kafka/consume/start-offsets.ts'

const policy: StartPolicy = {
  startFrom: 'earliest',
  outOfRange: 'earliest',
  readUncommitted: false
}
const at = (
  committed: number,
  low: number,
  high: number,
  partition = 0,
  isAdded = false
): PartitionOffsets => ({
  topic: 't',
  partition,
  committed: BigInt(committed),
  isAdded,
  low: BigInt(low),
  high: BigInt(high)
})

const cases: readonly [
  name: string,
  offsets: PartitionOffsets,
  more: Partial<StartPolicy>,
  seek: bigint | undefined,
  isLost: boolean
][] = [
  ['goes on at the committed offset', at(5, 0, 10), {}, undefined, false],
  ['goes on at the end', at(10, 0, 10), {}, undefined, false],
  ['goes on at the oldest record', at(3, 3, 10), {}, undefined, false],
  ['begins with the oldest record', at(-1, 3, 10), {}, 3n, false],
  ['begins at the end', at(-1, 3, 10), { startFrom: 'latest' }, 10n, false],
  [
    'finds what kafkajs commits when an offset was deleted: earliest',
    at(-2, 3, 10),
    { startFrom: 'latest' },
    3n,
    true
  ],
  [
    'finds what kafkajs commits when an offset was deleted: latest',
    at(-2, 3, 10),
    { outOfRange: 'latest' },
    10n,
    true
  ],
  ['finds a deleted offset: earliest', at(2, 3, 10), {}, 3n, true],
  ['finds a deleted offset: latest', at(2, 3, 10), { outOfRange: 'latest' }, 10n, true],
  ['finds an offset beyond the end', at(11, 0, 10), {}, 0n, true],
  [
    'leaves an offset beyond the last stable one to those who read uncommitted records',
    at(11, 0, 10),
    { readUncommitted: true },
    undefined,
    false
  ]
]

describe('core/kafka/consume/start-offsets', () => {
  for (const [name, offsets, more, seek, isLost] of cases) {
    it(name, () => {
      const [start] = startOffsets([offsets], { ...policy, ...more })
      assert.deepEqual([start?.seek, start?.isLost ?? false], [seek, isLost])
    })
  }

  it('reads a partition that was added later from its first record, wherever the group began', () => {
    // this member has only the new one
    const [start] = startOffsets([at(-1, 0, 4, 1, true)], { ...policy, startFrom: 'latest' })
    assert.equal(start?.seek, 0n)
  })

  it('says what was lost and what is done about it', () => {
    const [deleted] = startOffsets([at(2, 3, 10)], policy)
    assert.equal(
      lostSentence(deleted!, 'earliest'),
      'Partition 0 of "t" was read up to 2, but 1 record was deleted before being read (retention). Reading goes on at 3 (earliest).'
    )
    const [remade] = startOffsets([at(11, 0, 10)], policy)
    assert.match(
      lostSentence(remade!, 'stop'),
      /the topic ends at 10; it may have been deleted and made anew\. The node stops/
    )
  })
})
