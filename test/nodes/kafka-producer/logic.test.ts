import assert from 'node:assert/strict'
import type { ProduceCallback } from '../../../core/kafka/produce/produce-record.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import type { Message } from '../../../core/record/message.ts'
import {
  KAFKA_MESSAGE,
  PROVENANCE,
  Provenance,
  reject,
  type Taken
} from '../../../core/record/record.ts'
import {
  Encoder,
  type ProducerNodeOptions,
  Unwritable
} from '../../../nodes/kafka-producer/logic.ts'
import { spec } from '../../../nodes/kafka-producer/spec.ts'

const callback: ProduceCallback = { open: 0, refused: () => undefined, finished: () => undefined }
/** Without what goes along by default, which has cases of its own. */
const defaults = { ...parseOptions(spec, { cluster: 'c', topic: 't' }), provenance: false }

function encode(item: unknown, options: Partial<ProducerNodeOptions> = {}, message: Message = {}) {
  const encoded = new Encoder({ ...defaults, ...options }).encode(item, message, callback, 0)
  if (encoded instanceof Unwritable) return encoded.code
  const { key, value, headers, timestamp } = encoded
  return {
    key,
    value,
    ...(headers === undefined ? {} : { headers }),
    ...(timestamp === undefined ? {} : { timestamp })
  }
}

const taken: Taken = {
  origin: { kind: 'kafka', topic: 'raw', partition: 3, offset: '42', timestamp: '1700000000000' },
  key: Buffer.from('d1'),
  headers: { 'mqtt.topic': 'acme/x', trace: Buffer.from('abc'), none: undefined },
  raw: Buffer.from('{bad')
}
const withProvenance = <T extends object>(record: T, headers = taken.headers): T =>
  Object.assign(record, {
    [PROVENANCE]: new Provenance({ at: () => ({ ...taken, headers }) }, 0)
  })

const circular: Record<string, unknown> = { device_id: 'd' }
circular.self = circular

const cases: readonly [
  name: string,
  item: unknown,
  options: Partial<ProducerNodeOptions>,
  message: Message,
  expected: unknown
][] = [
  [
    'a record, by its key field',
    { device_id: 'd1', value: 1 },
    {},
    {},
    { key: 'd1', value: '{"device_id":"d1","value":1}' }
  ],
  ['a number as key', { id: 7 }, { keyField: 'id' }, {}, { key: '7', value: '{"id":7}' }],
  [
    'a key field that lies deeper',
    { meta: { id: 'x' } },
    { keyField: 'meta.id' },
    {},
    { key: 'x', value: '{"meta":{"id":"x"}}' }
  ],
  ['no key', { value: 1 }, {}, {}, { key: null, value: '{"value":1}' }],
  [
    'an empty key counts as none',
    { device_id: '' },
    {},
    {},
    { key: null, value: '{"device_id":""}' }
  ],
  [
    'the key it came with',
    withProvenance({ value: 1 }),
    {},
    {},
    { key: Buffer.from('d1'), value: '{"value":1}' }
  ],
  ['the key of the message', { value: 1 }, {}, { key: 'k' }, { key: 'k', value: '{"value":1}' }],
  ['no key where one is required', { value: 1 }, { requireKey: true }, {}, 'KEY_MISSING'],
  ['a record that refers to itself', circular, {}, {}, 'NOT_SERIALISABLE'],
  ['a function', () => 1, {}, {}, 'NOT_SERIALISABLE'],
  [
    'a header of the message that refers to itself',
    { device_id: 'd' },
    { headers: [{ name: 'h', from: 'msg', value: 'context' }] },
    { context: circular } as Message,
    'NOT_SERIALISABLE'
  ],
  [
    'a Kafka message whose key a node has taken away',
    { [KAFKA_MESSAGE]: true, key: undefined, value: 'x', headers: {} },
    {},
    {},
    { key: null, value: 'x', headers: {} }
  ],
  ['text as it is', 'hello', {}, { key: 'k' }, { key: 'k', value: 'hello' }],
  ['bytes as they are', Buffer.from([0xff]), {}, {}, { key: null, value: Buffer.from([0xff]) }],
  [
    'text as JSON, where records are wanted',
    'hello',
    { content: 'records' },
    {},
    { key: null, value: '"hello"' }
  ],
  ['null without tombstones', null, {}, { key: 'k' }, 'NOT_A_RECORD'],
  ['a tombstone', null, { tombstones: true }, { key: 'k' }, { key: 'k', value: null }],
  ['a tombstone without a key', null, { tombstones: true }, {}, 'KEY_MISSING'],
  [
    'a Kafka message, untouched',
    {
      [KAFKA_MESSAGE]: true,
      key: Buffer.from('k'),
      value: Buffer.from([1]),
      headers: { a: 'b', c: undefined },
      timestamp: '1700000000000'
    },
    {},
    {},
    {
      key: Buffer.from('k'),
      value: Buffer.from([1]),
      headers: { a: 'b' },
      timestamp: '1700000000000'
    }
  ],
  [
    'a message of a Function node',
    { key: 'k', value: 'v', headers: { a: 'b' } },
    { content: 'messages' },
    {},
    { key: 'k', value: 'v', headers: { a: 'b' } }
  ],
  [
    'a message with a time',
    { value: 'v', timestamp: 1700000000000 },
    { content: 'messages' },
    {},
    { key: null, value: 'v', headers: {}, timestamp: '1700000000000' }
  ],
  [
    'headers that come several times, and one without a value',
    {
      [KAFKA_MESSAGE]: true,
      key: null,
      value: 'x',
      headers: { h: [Buffer.from('1'), '2'], none: null, gone: undefined }
    },
    {},
    {},
    { key: null, value: 'x', headers: { h: [Buffer.from('1'), '2'], none: null } }
  ],
  [
    'a message of a Function node with a header that comes several times',
    { value: 'v', headers: { a: ['1', '2'] } },
    { content: 'messages' },
    {},
    { key: null, value: 'v', headers: { a: ['1', '2'] } }
  ],
  [
    'a header with a number among its values',
    { value: 'v', headers: { a: ['1', 2] } },
    { content: 'messages' },
    {},
    'NOT_A_KAFKA_MESSAGE'
  ],
  [
    'a message with a value that is an object',
    { value: {} },
    { content: 'messages' },
    {},
    'NOT_A_KAFKA_MESSAGE'
  ],
  [
    'a message with a number as key',
    { key: 1, value: 'v' },
    { content: 'messages' },
    {},
    'NOT_A_KAFKA_MESSAGE'
  ],
  [
    'a message with a number as header',
    { value: 'v', headers: { a: 1 } },
    { content: 'messages' },
    {},
    'NOT_A_KAFKA_MESSAGE'
  ],
  [
    'a message with a wrong time',
    { value: 'v', timestamp: 'yesterday' },
    { content: 'messages' },
    {},
    'NOT_A_KAFKA_MESSAGE'
  ],
  [
    'a message whose time is an object that has no text',
    { value: 'v', timestamp: { toString: 1 } },
    { content: 'messages' },
    {},
    'NOT_A_KAFKA_MESSAGE'
  ],
  ['no message at all', 5, { content: 'messages' }, {}, 'NOT_A_KAFKA_MESSAGE'],
  [
    'headers of text, field and property',
    { device_id: 'd', unit: 'C', n: 1 },
    {
      headers: [
        { name: 'by', from: 'text', value: 'millrace' },
        { name: 'unit', from: 'field', value: 'unit' },
        { name: 'n', from: 'field', value: 'n' },
        { name: 'topic', from: 'msg', value: 'topic' },
        { name: 'gone', from: 'field', value: 'nothing' }
      ]
    },
    { topic: 'a/b' },
    {
      key: 'd',
      value: '{"device_id":"d","unit":"C","n":1}',
      headers: { by: 'millrace', unit: 'C', n: '1', topic: 'a/b' }
    }
  ],
  [
    'headers it came with',
    withProvenance({ device_id: 'd' }),
    { keepHeaders: true },
    {},
    {
      key: 'd',
      value: '{"device_id":"d"}',
      headers: { 'mqtt.topic': 'acme/x', trace: Buffer.from('abc') }
    }
  ],
  [
    'where it came from: the MQTT topic, and when Kafka first got it',
    withProvenance({ device_id: 'd1' }),
    { provenance: true },
    {},
    {
      key: 'd1',
      value: '{"device_id":"d1"}',
      headers: { 'mqtt.topic': 'acme/x', 'millrace.time': '1700000000000' }
    }
  ],
  [
    'the trace that it is part of, and no trace that is none',
    withProvenance(
      { device_id: 'd1' },
      {
        traceparent: Buffer.from('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
        tracestate: 'vendor=1'
      }
    ),
    { provenance: true },
    {},
    {
      key: 'd1',
      value: '{"device_id":"d1"}',
      headers: {
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        tracestate: 'vendor=1',
        'millrace.time': '1700000000000'
      }
    }
  ],
  [
    'where it came from, and its first key where it has another now, beside headers of its own',
    withProvenance({ device_id: 'd2' }),
    { provenance: true, headers: [{ name: 'by', from: 'text', value: 'millrace' }] },
    {},
    {
      key: 'd2',
      value: '{"device_id":"d2"}',
      headers: {
        'mqtt.topic': 'acme/x',
        'millrace.time': '1700000000000',
        'millrace.key': Buffer.from('d1'),
        by: 'millrace'
      }
    }
  ],
  [
    'a record of which nobody knows where it came from',
    { device_id: 'd' },
    { provenance: true },
    {},
    { key: 'd', value: '{"device_id":"d"}' }
  ],
  [
    'a rejected record: original bytes and key, the reason in headers',
    reject(
      withProvenance({ value: 'x' }),
      'validate',
      { code: 'FIELD_TYPE', message: 'value must be a number', path: 'value' },
      { attempts: 3 }
    ),
    {},
    {},
    {
      key: Buffer.from('d1'),
      value: Buffer.from('{bad'),
      headers: {
        'mqtt.topic': 'acme/x',
        trace: Buffer.from('abc'),
        'millrace.reason.code': 'FIELD_TYPE',
        'millrace.reason.message': 'value must be a number',
        'millrace.reason.path': 'value',
        'millrace.stage': 'validate',
        'millrace.attempts': '3',
        'millrace.origin.kind': 'kafka',
        'millrace.origin.topic': 'raw',
        'millrace.origin.partition': '3',
        'millrace.origin.offset': '42'
      }
    }
  ],
  [
    'a rejected record whose bytes nobody knows',
    reject({ value: 1n, self: circular }, 'normalize', { code: 'X', message: 'm' }),
    {},
    {},
    {
      key: null,
      value: '{"value":"1","self":{"device_id":"d","self":"[circular]"}}',
      headers: {
        'millrace.reason.code': 'X',
        'millrace.reason.message': 'm',
        'millrace.stage': 'normalize'
      }
    }
  ]
]

describe('kafka-producer: what a payload becomes', () => {
  for (const [name, item, options, message, expected] of cases) {
    it(name, () => assert.deepEqual(encode(item, options, message), expected))
  }

  it('cuts a dead letter to so many bytes and says how long it was', () => {
    const letter = reject(withProvenance({}), 'validate', { code: 'X', message: 'm' })
    const record = new Encoder(defaults).shortened(letter, 2, callback, 0)
    assert.deepEqual(record.value, Buffer.from('{b'))
    assert.equal(record.headers?.['millrace.truncated'], '4')
  })
})
