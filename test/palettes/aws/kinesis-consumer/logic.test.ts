import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import protobuf from 'protobufjs'
import { parseOptions } from '../../../../core/node/spec.ts'
import { KinesisBatch } from '../../../../palettes/aws/nodes/kinesis-consumer/batch.ts'
import { positionOf, startingAt } from '../../../../palettes/aws/nodes/kinesis-consumer/lease.ts'
import { shaperOf } from '../../../../palettes/aws/nodes/kinesis-consumer/logic.ts'
import { spec } from '../../../../palettes/aws/nodes/kinesis-consumer/spec.ts'
import { workingText } from '../../../../palettes/aws/nodes/kinesis-consumer/status.ts'

/** The schema of the Kinesis Producer Library. */
const { root } = protobuf.parse(`
  syntax = "proto2";
  message AggregatedRecord {
    repeated string partition_key_table = 1;
    repeated string explicit_hash_key_table = 2;
    repeated Record records = 3;
  }
  message Record {
    required uint64 partition_key_index = 1;
    optional uint64 explicit_hash_key_index = 2;
    required bytes data = 3;
  }`)
const Aggregated = root.lookupType('AggregatedRecord')

function aggregate(records: readonly { key: number; data: string }[], keys: string[]): Buffer {
  const message = Buffer.from(
    Aggregated.encode({
      partitionKeyTable: keys,
      explicitHashKeyTable: ['340282366920938463463374607431768211455'],
      records: records.map(({ key, data }) => ({
        partitionKeyIndex: key,
        explicitHashKeyIndex: 0,
        data: Buffer.from(data)
      }))
    }).finish()
  )
  const digest = createHash('md5').update(message).digest()
  return Buffer.concat([Buffer.from('f3899ac2', 'hex'), message, digest])
}

function shaped(data: Buffer, options: object = {}) {
  const shaper = shaperOf(parseOptions(spec, { access: 'some', ...options }))
  const arrival = { shard: 's', sequence: '7', key: 'whole', data, arrivedMs: 1_700_000_000_000 }
  const splits = [...shaper.piecesOf(new KinesisBatch('readings', [arrival], 0), 0)]
  return {
    accepted: splits.flatMap(({ split }) => split.accepted),
    rejected: splits.flatMap(({ split }) => split.rejected)
  }
}

describe('kinesis-consumer', () => {
  const taken = [{ part: 'partition-key', field: 'key' }]

  it('reads the records that the producer library has put into one', () => {
    const keys = ['a', 'b'.repeat(200)]
    const items = Array.from({ length: 300 }, (_, n) => ({ key: n % 2, data: `{"n":${n}}` }))
    items[7] = { key: 0, data: 'rubbish' }
    const { accepted, rejected } = shaped(aggregate(items, keys), { taken })
    assert.equal(accepted.length, 299)
    assert.deepEqual(JSON.parse(JSON.stringify(accepted[298])), { n: 299, key: keys[1] })
    assert.equal(rejected.length, 1)
    assert.equal(rejected[0]!.raw?.toString(), 'rubbish')
  })

  it('rejects such a record that is broken, with all of its bytes', () => {
    const broken = Buffer.from([26, 200, 1])
    const digest = createHash('md5').update(broken).digest()
    const whole = Buffer.concat([Buffer.from('f3899ac2', 'hex'), broken, digest])
    for (const data of [whole, aggregate([{ key: 3, data: '{}' }], ['a'])]) {
      const { rejected } = shaped(data)
      assert.match(rejected[0]!.reason.message, /Kinesis Producer Library, and broken/)
      assert.ok(rejected[0]!.raw?.equals(data))
    }
  })

  it('takes what only begins like one for what it is', () => {
    const data = aggregate([{ key: 0, data: '{}' }], ['a'])
    data[data.length - 1]! ^= 1
    assert.equal(shaped(data).rejected[0]!.reason.code, 'JSON_INVALID')
  })

  it('knows the positions of a table', () => {
    assert.deepEqual(positionOf('TRIM_HORIZON'), { ShardIteratorType: 'TRIM_HORIZON' })
    assert.deepEqual(positionOf(startingAt(1_000)), {
      ShardIteratorType: 'AT_TIMESTAMP',
      Timestamp: new Date(1_000)
    })
    assert.deepEqual(positionOf('4968'), {
      ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
      StartingSequenceNumber: '4968'
    })
  })

  it('says what it reads, and how far behind it is', () => {
    assert.equal(workingText(120, { held: 2, total: 4 }, 0), '120/s · 2 of 4 shards')
    assert.equal(workingText(0, { held: 1, total: 1 }, 90_000), '0/s · 1 shard · 90 s behind')
  })
})
