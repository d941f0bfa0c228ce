import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { hashOf, murmur2 } from '../../../../core/kafka/produce/murmur2.ts'

const kafkajsMurmur2 = createRequire(import.meta.url)(
  'kafkajs/src/producer/partitioners/default/murmur2'
) as (key: Buffer | string) => number

/** From Kafka's own test, org.apache.kafka.common.utils.UtilsTest.testMurmur2. */
const known: readonly [key: string, hash: number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107]
]

describe('core/kafka/produce/murmur2', () => {
  for (const [key, hash] of known)
    it(`hashes "${key}" as Kafka does`, () => assert.equal(murmur2(key), hash))

  it('hashes any bytes as the default partitioner of kafkajs does', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes =>
        assert.equal(murmur2(bytes), kafkajsMurmur2(Buffer.from(bytes)))
      )
    )
  })

  const text = fc.oneof(
    fc.string({ maxLength: 90 }),
    fc.string({ unit: 'grapheme', maxLength: 90 })
  )
  it('gives text and its bytes the same hash, of any length', () => {
    fc.assert(
      fc.property(text, key => {
        const hash = murmur2(Buffer.from(key)) & 0x7fffffff
        assert.equal(hashOf(key), hash)
        assert.equal(hashOf(Buffer.from(key)), hash)
      })
    )
  })
})
