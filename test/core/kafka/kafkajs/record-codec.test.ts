import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { crc32c } from '../../../../core/kafka/kafkajs/crc32c.ts'
import {
  type ByteReader,
  fetchedMessages
} from '../../../../core/kafka/kafkajs/fetched-messages.ts'
import type { FetchedRecord } from '../../../../core/kafka/kafkajs/fetched-record.ts'
import {
  type ProduceContent,
  produceRequest
} from '../../../../core/kafka/kafkajs/produce-request.ts'
import { frameRequest } from '../../../../core/kafka/kafkajs/request-frame.ts'

const load = createRequire(import.meta.url)

/** kafkajs' own, even where ours stands in the place of it, or of a part of it, already. */
function original<T>(name: string): T {
  const kept = forgotten()
  try {
    return load(name) as T
  } finally {
    forgotten()
    Object.assign(load.cache, kept)
  }
}

/** The modules of kafkajs that were loaded, which are not any more. */
function forgotten(): typeof load.cache {
  const found = Object.entries(load.cache).filter(([file]) => file.includes('/kafkajs/src/'))
  for (const [file] of found) delete load.cache[file]
  return Object.fromEntries(found)
}
type Produce = (content: ProduceContent) => { encode(): Promise<{ buffer: Buffer }> }
const theirProduce = original<Produce>('kafkajs/src/protocol/requests/produce/v3/request')
const theirFrame = original<typeof frameRequest>('kafkajs/src/protocol/request')
const theirCrc = original<(bytes: Buffer) => number>(
  'kafkajs/src/protocol/recordBatch/crc32C/crc32C'
)
const theirMessages = original<(reader: ByteReader) => Promise<readonly FetchedRecord[]>>(
  'kafkajs/src/protocol/requests/fetch/v4/decodeMessages'
)
const Decoder = load('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => ByteReader

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array)),
  fc.string({ unit: 'binary', maxLength: 300 })
)
const part = fc.option(bytes)
const headers = fc.dictionary(
  // kafkajs takes what every object inherits for an earlier header of that name: it is no measure
  // for these.
  fc.string({ unit: 'binary', maxLength: 20 }).filter(name => !(name in {})),
  fc.oneof(bytes, fc.array(bytes, { maxLength: 3 })),
  { maxKeys: 4 }
)
const record = fc.record({
  key: part,
  value: part,
  headers,
  timestamp: fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 }).map(String)
})
type Sent = ProduceContent['topicData'][number]['partitions'][number]['messages']

const contentOf = (messages: Sent, more: Partial<ProduceContent> = {}): ProduceContent => ({
  acks: -1,
  timeout: 30_000,
  producerId: 12_345_678_901n,
  producerEpoch: 3,
  topicData: [{ topic: 'röhre', partitions: [{ partition: 7, firstSequence: 41, messages }] }],
  ...more
})
const written = async (messages: Sent, more: Partial<ProduceContent> = {}) =>
  Buffer.from((await produceRequest(contentOf(messages, more)).encode()).buffer)

/** Where the records of the only partition stand in a request, as a broker gives them back. */
const recordsIn = (body: Buffer) =>
  body.subarray(body.indexOf('röhre') + Buffer.byteLength('röhre') + 8)
const readBack = (body: Buffer, read: typeof theirMessages) => read(new Decoder(recordsIn(body)))
const readOurs = async (messages: Sent) =>
  readBack(await written(messages), fetchedMessages as typeof theirMessages)
const plain = ({ key, value, headers, offset, timestamp, isControlRecord }: FetchedRecord) => ({
  key,
  value,
  headers,
  offset,
  timestamp,
  isControlRecord
})

describe('core/kafka: requests and records as kafkajs writes and reads them, faster', () => {
  it('the same checksum', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (array, from) => {
        const buffer = Buffer.from(array)
        const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
        const start = Math.min(from, buffer.length)
        assert.equal(crc32c(buffer, view, start, buffer.length), theirCrc(buffer.subarray(start)))
      })
    )
  })

  const several = fc.array(record, { minLength: 1, maxLength: 5 })
  const options = fc.record({
    transactionalId: fc.option(fc.string()),
    compression: fc.constantFrom(0, 1),
    producerEpoch: fc.nat(1000)
  })

  it('writes the same bytes', () =>
    fc.assert(
      fc.asyncProperty(several, options, async (messages, more) => {
        const theirs = await theirProduce(contentOf(messages, more)).encode()
        assert.deepEqual(await written(messages, more), theirs.buffer)
      })
    ))

  it('frames every request as kafkajs does, with a client of any name', () =>
    fc.assert(
      fc.asyncProperty(fc.option(fc.string({ maxLength: 400 })), several, async (clientId, all) => {
        for (const request of [produceRequest, theirProduce].map(make => make(contentOf(all)))) {
          const framed = {
            correlationId: 77,
            clientId,
            request: { apiKey: 0, apiVersion: 3, ...request }
          }
          assert.deepEqual((await frameRequest(framed)).buffer, (await theirFrame(framed)).buffer)
        }
      })
    ))

  it('reads the same records', () =>
    fc.assert(
      fc.asyncProperty(several, options, async (messages, more) => {
        const body = await written(messages, more)
        const ours = await readBack(body, fetchedMessages as typeof theirMessages)
        const theirs = await readBack(body, theirMessages)
        assert.deepEqual(ours.map(plain), theirs.map(plain))
      })
    ))

  it('leaves out what is before the offset that was asked for', async () => {
    const messages = Array.from({ length: 100 }, (_, n) => ({ value: `v${n}` }))
    const all = await readOurs(messages)
    for (const from of [0, 1, 50, 99, 100]) {
      const kept = all.filter(({ offset }) => Number(offset) >= from)
      assert.equal(kept.length, 100 - from)
      assert.equal(kept[0]?.value?.toString(), from === 100 ? undefined : `v${from}`)
    }
  })

  it('a batch that was cut by the limit of bytes is left for the next fetch', async () => {
    const one = recordsIn(await written([{ value: 'a' }, { value: 'b' }]))
    const cut = Buffer.concat([one, one.subarray(4, one.length - 3)])
    cut.writeInt32BE(cut.length - 4)
    const found = await fetchedMessages(new Decoder(cut))
    assert.equal(found.length, 2)
  })

  it('damaged records are an error, not rubbish and no endless loop', async () => {
    const body = Buffer.from(recordsIn(await written([{ value: 'a' }, { value: 'b' }])))
    body[4 + 61] = 0xff
    await assert.rejects(fetchedMessages(new Decoder(body)), RangeError)
    const many = Buffer.from(recordsIn(await written([{ value: 'a' }])))
    many.writeInt32BE(0x7fffffff, 4 + 57)
    await assert.rejects(fetchedMessages(new Decoder(many)), RangeError)
  })

  it('takes a record that is larger than what is kept, and one after it', async () => {
    const value = Buffer.alloc(6_000_000, 7)
    const theirs = await theirProduce(contentOf([{ value, timestamp: '1700000000000' }])).encode()
    assert.ok((await written([{ value, timestamp: '1700000000000' }])).equals(theirs.buffer))
    assert.equal((await readOurs([{ value: 'x' }]))[0]?.value?.toString(), 'x')
  })

  it('a request stays what it is while others are written', async () => {
    const first = await produceRequest(contentOf([{ value: 'first' }])).encode()
    const before = Buffer.from(first.buffer)
    await produceRequest(contentOf([{ value: 'second' }])).encode()
    assert.deepEqual(first.buffer, before)
  })

  it('refuses what is neither text nor bytes, and times that are none', async () => {
    const wrong = (message: object) => written([message as Sent[number]])
    await assert.rejects(wrong({ value: 5 }), TypeError)
    await assert.rejects(wrong({ headers: { a: {} } }), TypeError)
    await assert.rejects(wrong({ value: 'x', timestamp: 'noon' }), RangeError)
  })

  for (const name of ['valueOf', 'toString', 'constructor', 'hasOwnProperty']) {
    it(`a header named ${name} is a header like any other`, async () => {
      const [found] = await readOurs([{ value: 'x', headers: { [name]: 'b' } }])
      assert.deepEqual(Object.entries(found!.headers), [[name, Buffer.from('b')]])
    })
  }

  it('a header that is there very often takes no longer than as many headers', async function () {
    this.timeout(5_000)
    const values = Array.from({ length: 100_000 }, () => 'v')
    const [found] = await readOurs([{ value: 'x', headers: { h: values } }])
    assert.equal((found!.headers.h as Buffer[]).length, values.length)
  })

  it('a header named __proto__ is a header', async () => {
    const [found] = await readOurs([{ value: 'x', headers: { ['__proto__']: 'evil', a: 'b' } }])
    assert.deepEqual(Object.getOwnPropertyNames(found!.headers), ['__proto__', 'a'])
    assert.equal(Object.getPrototypeOf(found!.headers), Object.prototype)
  })
})
