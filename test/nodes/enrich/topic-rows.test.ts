import assert from 'node:assert/strict'
import { formatDefaults } from '../../../core/format/fields.ts'
import { type Reader, readerOf } from '../../../core/format/reader.ts'
import type { KafkaRecord } from '../../../core/kafka/port.ts'
import { KeyRefusal } from '../../../nodes/enrich/answer.ts'
import { TopicRows, type TopicRowsOptions } from '../../../nodes/enrich/topic-rows.ts'

type Written = readonly [key: string | null, value: unknown, partition?: number, ms?: number]

const reader = readerOf(formatDefaults({ format: 'json' })) as Reader

function rowsOf(written: readonly Written[], more: Partial<TopicRowsOptions> = {}): TopicRows {
  const rows = new TopicRows({
    topic: 'devices',
    reader,
    keyField: undefined,
    maxKeys: 100,
    maxBytes: 1e6,
    ...more
  })
  for (const [offset, [key, value, partition = 0, ms = 1000]] of written.entries()) {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const record: KafkaRecord = {
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(text),
      timestamp: String(ms),
      offset: String(offset)
    }
    rows.take(record, partition)
  }
  return rows
}

/** What is known: the row, null, or the sentence of a refusal. */
function known(rows: TopicRows, device: string): unknown {
  const found = rows.find(device)
  return found instanceof KeyRefusal ? found.why : found
}

interface Case {
  readonly name: string
  readonly written: readonly Written[]
  readonly options?: Partial<TopicRowsOptions>
  readonly known: Readonly<Record<string, unknown>>
  readonly unreadable?: number
}

const CASES: readonly Case[] = [
  {
    name: 'the newest record of a key counts',
    written: [
      ['a', { hall: 1 }],
      ['b', { hall: 2 }],
      ['a', { hall: 3 }]
    ],
    known: { a: { hall: 3 }, b: { hall: 2 }, c: null }
  },
  {
    name: 'a tombstone deletes, and the key may come again',
    written: [
      ['a', { hall: 1 }],
      ['b', { hall: 2 }],
      ['a', null],
      ['b', null],
      ['b', { hall: 4 }]
    ],
    known: { a: null, b: { hall: 4 } }
  },
  {
    name: 'the device in a field of the value; the tombstone of its message deletes it',
    written: [
      ['{"id":1}', { device_id: 7, hall: 1 }],
      ['{"id":2}', { device_id: 'b', hall: 2 }],
      ['{"id":1}', null]
    ],
    options: { keyField: 'device_id' },
    known: { '7': null, b: { device_id: 'b', hall: 2 } }
  },
  {
    name: 'a message that names another device than before says nothing of that one any more',
    written: [
      ['1', { device_id: 'a', hall: 1 }],
      ['1', { device_id: 'b', hall: 1 }]
    ],
    options: { keyField: 'device_id' },
    known: { a: null, b: { device_id: 'b', hall: 1 } }
  },
  {
    name: 'a device that another message has taken over stays with it',
    written: [
      ['1', { device_id: 'a', hall: 1 }],
      ['2', { device_id: 'a', hall: 2 }],
      ['1', null]
    ],
    options: { keyField: 'device_id' },
    known: { a: { device_id: 'a', hall: 2 } }
  },
  {
    name: 'of two partitions the time decides, within one the order',
    written: [
      ['a', { hall: 1 }, 0, 2000],
      ['a', { hall: 2 }, 1, 1000],
      ['b', { hall: 3 }, 0, 2000],
      ['b', { hall: 4 }, 0, 1000]
    ],
    known: { a: { hall: 1 }, b: { hall: 4 } }
  },
  {
    name: 'of two partitions the time decides, also of a tombstone that is read last',
    written: [
      ['a', { hall: 1 }, 3, 2000],
      ['a', null, 0, 1000],
      ['b', { hall: 2 }, 3, 1000],
      ['b', null, 0, 2000]
    ],
    known: { a: { hall: 1 }, b: null }
  },
  {
    name: 'a tombstone that is read first keeps out what is older in another partition',
    written: [
      ['a', null, 3, 2000],
      ['a', { hall: 1 }, 0, 1000],
      ['a', '{', 0, 1000],
      ['b', null, 3, 2000],
      ['b', null, 0, 1000],
      ['b', { hall: 2 }, 0, 1500],
      ['c', null, 3, 2000],
      ['c', { hall: 3 }, 0, 3000],
      ['d', null, 3, 2000],
      ['d', { hall: 4 }, 3, 1000]
    ],
    known: { a: null, b: null, c: { hall: 3 }, d: { hall: 4 } }
  },
  {
    name: 'so does one of a message whose device is in a field',
    written: [
      ['1', null, 3, 2000],
      ['1', { device_id: 'a', hall: 1 }, 0, 1000],
      ['2', { device_id: 'b', hall: 2 }, 3, 2000],
      ['2', { device_id: 'c', hall: 2 }, 0, 1000],
      ['2', null, 0, 1000]
    ],
    options: { keyField: 'device_id' },
    known: { a: null, b: { device_id: 'b', hall: 2 }, c: null }
  },
  {
    name: 'what cannot be read leaves what was known, and says why where nothing was',
    written: [
      ['a', { hall: 1 }],
      ['a', '{'],
      ['b', '[1, 2'],
      [null, { hall: 9 }],
      ['c', '7']
    ],
    known: {
      a: { hall: 1 },
      b: /^its record in the topic cannot be read \(offset 2 of partition 0: .*JSON/,
      c: /offset 4 of partition 0: The payload is a number/,
      d: null
    },
    unreadable: 4
  },
  {
    name: 'a name of more than 1,024 characters is none',
    written: [['x'.repeat(1025), { hall: 1 }]],
    known: { ['x'.repeat(1025)]: null },
    unreadable: 1
  }
]

describe('nodes/enrich/topic-rows', () => {
  for (const { name, written, options, known: expected, unreadable = 0 } of CASES)
    it(name, () => {
      const rows = rowsOf(written, options)
      for (const [device, row] of Object.entries(expected)) {
        const found = known(rows, device)
        if (row instanceof RegExp) assert.match(String(found), row)
        else assert.deepEqual(found, row, device)
      }
      assert.equal(rows.unreadable, unreadable)
      assert.equal(rows.isFull, false)
    })

  it('is bounded in keys: what found no place is said to be refused, not unknown', () => {
    const rows = rowsOf(
      [
        ['a', { hall: 1 }],
        ['b', { hall: 2 }],
        ['c', { hall: 3 }],
        ['a', { hall: 4 }]
      ],
      { maxKeys: 2 }
    )
    assert.deepEqual([rows.size, rows.isFull], [2, true])
    assert.deepEqual(known(rows, 'a'), { hall: 4 })
    assert.match(String(known(rows, 'c')), /table of the topic "devices" is full with 2 devices/)
  })

  it('is bounded in bytes, and forgets what it cannot bring up to date', () => {
    const rows = rowsOf(
      [
        ['a', { hall: 1 }],
        ['b', { hall: 2 }],
        ['a', { hall: 'x'.repeat(1000) }]
      ],
      { maxBytes: 1000 }
    )
    assert.equal(rows.isFull, true)
    assert.match(String(known(rows, 'a')), /is full/)
    assert.deepEqual(known(rows, 'b'), { hall: 2 })
  })

  it('remembers tombstones until the topic was read, and so many as there may be devices', () => {
    const deleted = ['a', 'b', 'c'].map((key): Written => [key, null, 3, 2000])
    const older = ['a', 'b', 'c'].map((key): Written => [key, { key }, 0, 1000])
    const rows = rowsOf([...deleted, ...older], { maxKeys: 2 })
    assert.deepEqual(
      ['a', 'b', 'c'].map(key => known(rows, key)),
      [{ key: 'a' }, null, null]
    )
    const read = rowsOf(deleted)
    read.wasReadToEnd()
    read.take({ key: Buffer.from('b'), value: Buffer.from('{}'), timestamp: '1', offset: '0' }, 0)
    assert.deepEqual(known(read, 'b'), {})
  })

  it('gives back what it took: after every tombstone it holds nothing', () => {
    const keys = Array.from({ length: 50 }, (_, index) => `device-${index}`)
    const rows = rowsOf([
      ...keys.map((key): Written => [key, { key, hall: 'x'.repeat(key.length) }]),
      ...keys.map((key): Written => [key, { key }]),
      ...keys.map((key): Written => [key, null])
    ])
    assert.deepEqual([rows.size, rows.bytes], [0, 0])
  })
})
