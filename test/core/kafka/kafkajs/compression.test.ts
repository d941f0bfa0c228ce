import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { SharedAdmin } from '../../../../core/kafka/admin/shared-admin.ts'
import { hasZstd } from '../../../../core/kafka/compression.ts'
import { ConsumerGroup } from '../../../../core/kafka/consume/consumer-group.ts'
import { kafkajsClient } from '../../../../core/kafka/kafkajs/kafkajs-client.ts'
import { lz4Decompress } from '../../../../core/kafka/kafkajs/lz4.ts'
import { snappyDecompress } from '../../../../core/kafka/kafkajs/snappy.ts'
import type { KafkaClient } from '../../../../core/kafka/port.ts'
import { until } from '../../../until.ts'
import { kafkaRig, type Rig } from '../kafka-rig.ts'

describe('core/kafka: reading what others have compressed', function () {
  this.timeout(30_000)
  let rig: Rig
  let client: KafkaClient
  let admin: SharedAdmin

  before(async () => {
    rig = await kafkaRig()
    client = kafkajsClient({ brokers: [rig.brokers], clientId: 'test' })
    admin = new SharedAdmin(client)
  })
  after(async () => {
    await admin.close()
    await rig.close()
  })

  /** Runs, repetitions that overlap, and what does not compress. */
  const values = Array.from({ length: 3000 }, (_, n) => {
    if (n % 3 === 0) return 'a'.repeat(n % 700)
    return n % 3 === 1
      ? JSON.stringify({ device_id: `d${n % 50}`, value: n, ts: 1_700_000_000_000 + n })
      : randomUUID()
  })

  /**
   * The broker compresses anew where the topic says so: these are the bytes that its own libraries
   * make.
   */
  async function read(compression: string): Promise<{ values: string[]; trouble: string[] }> {
    const topic = await rig.topic(1, { 'compression.type': compression })
    await rig.feed.send({ topic, messages: values.map(value => ({ value })) })
    const got: string[] = []
    const trouble: string[] = []
    const policy = {
      startFrom: 'earliest',
      outOfRange: 'earliest',
      readUncommitted: false
    } as const
    const group = new ConsumerGroup(
      {
        ...policy,
        client,
        admin,
        groupId: `g-${topic}`,
        topics: [topic],
        maxBytesPerPartition: 1_048_576
      },
      {
        batch: ({ messages, nextOffset, part }) => {
          got.push(...messages.map(({ value }) => String(value)))
          part(nextOffset).done()
        },
        assigned: () => undefined,
        up: () => undefined,
        away: error => trouble.push(error.message),
        notice: () => undefined,
        stopped: () => undefined
      }
    )
    group.start()
    await until('the records', () => got.length === values.length || trouble.length > 0)
    await group.close()
    return { values: got, trouble }
  }

  for (const compression of ['gzip', 'snappy', 'lz4', ...(hasZstd() ? ['zstd'] : [])]) {
    it(compression, async () => {
      assert.deepEqual(await read(compression), { values, trouble: [] })
    })
  }

  if (!hasZstd()) {
    it('says which Node can read zstd', async () => {
      assert.match(
        (await read('zstd')).trouble[0] ?? '',
        /compressed with Zstandard, which Node 22\.15 or newer can read/
      )
    })
  }

  it('a bare Snappy block, as librdkafka writes it', () => {
    // length 11, literal "abcde", copy of 6 from 5 back
    const block = Buffer.from([11, 4 << 2, ...Buffer.from('abcde'), ((6 - 4) << 2) | 1, 5])
    assert.equal(snappyDecompress(block).toString(), 'abcdeabcdea')
  })

  it('damaged data is an error, not rubbish and no endless loop', () => {
    for (const bytes of [
      Buffer.from([]),
      Buffer.from([5, 0]),
      Buffer.from([200, 200, 200, 200, 200, 1]),
      Buffer.from([4, 1, 9, 9])
    ]) {
      assert.throws(() => snappyDecompress(bytes), RangeError)
      assert.throws(() => lz4Decompress(bytes), RangeError)
    }
  })
})
