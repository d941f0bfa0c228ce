import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseOptions } from '../../../core/node/spec.ts'
import { type Batch, PROVENANCE, Provenance } from '../../../core/record/record.ts'
import { validator } from '../../../nodes/validate/logic.ts'
import { spec } from '../../../nodes/validate/spec.ts'
import { isMerged, itRunsItsExamples } from '../spec-examples.ts'

const start = (options: Record<string, unknown> = {}) => validator(parseOptions(spec, options))
const withSchema = (schema: unknown, options: Record<string, unknown> = {}) =>
  start({ ...options, schema: JSON.stringify(schema) })
const READING = { device_id: 'd1', metric: 't', value: 1, ts: 1 }
const nested = (levels: number): unknown =>
  JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)

describe('nodes/validate', () => {
  itRunsItsExamples(spec, validator)

  const rejected: [name: string, payload: unknown, code: string, message: RegExp][] = [
    ['a missing field', { ...READING, ts: undefined }, 'FIELD_MISSING', /^ts is missing\.$/],
    [
      'a number as text',
      { ...READING, value: '1' },
      'FIELD_TYPE',
      /^value must be a number, but it is the text "1"\.$/
    ],
    [
      'null',
      { ...READING, value: null },
      'FIELD_TYPE',
      /^value must be a number, but it is null\.$/
    ],
    [
      'an empty name',
      { ...READING, device_id: '' },
      'FIELD_VALUE',
      /^device_id must not be empty, but it is empty text\.$/
    ],
    ['NaN', { ...READING, value: Number.NaN }, 'JSON_INVALID', /or is none/],
    ['text', 'on', 'NOT_A_RECORD', /The payload is a string;/],
    ['nothing', undefined, 'NOT_A_RECORD', /The payload is undefined;/],
    ['bytes', Buffer.from('{}'), 'NOT_A_RECORD', /The payload is a Buffer;/],
    ['an array in the array', [[]], 'NOT_A_RECORD', /The payload is an array;/],
    [
      'a __proto__ key',
      JSON.parse('{"__proto__":{"device_id":"d1"}}'),
      'KEY_FORBIDDEN',
      /__proto__/
    ],
    [
      'a __proto__ key deep down',
      { ...READING, a: [JSON.parse('{"__proto__":1}')] },
      'KEY_FORBIDDEN',
      /__proto__/
    ],
    ['10,000 levels', nested(10_000), 'PAYLOAD_TOO_DEEP', /64 levels/]
  ]
  for (const [name, payload, code, message] of rejected) {
    it(`rejects ${name} as ${code}`, () => {
      const [valid, [rejection, ...more]] = start()({ payload })
      assert.deepEqual([valid, more], [[], []])
      assert.equal(rejection!.reason.code, code)
      assert.match(rejection!.reason.message, message)
    })
  }

  const sentences: [schema: object, value: unknown, message: string][] = [
    [
      { type: ['integer', 'null'] },
      'x',
      'v must be a whole number or null, but it is the text "x".'
    ],
    [{ enum: ['a', 1] }, 'b', 'v must be one of "a", 1, but it is the text "b".'],
    [{ const: true }, false, 'v must be true, but it is false.'],
    [{ minimum: 5 }, 4, 'v must be at least 5, but it is 4.'],
    [{ exclusiveMaximum: 5 }, 5, 'v must be less than 5, but it is 5.'],
    [{ pattern: '^a' }, 'b', 'v must match the pattern ^a, but it is the text "b".'],
    [
      { format: 'date-time' },
      'soon',
      'v must be of the format date-time, but it is the text "soon".'
    ],
    [{ minItems: 2 }, [1], 'v must have at least 2 items, but it is a list of 1.'],
    [{ items: { type: 'number' } }, [1, {}], 'v.1 must be a number, but it is an object.'],
    [{ additionalProperties: false }, { extra: 1 }, 'v.extra is not allowed.'],
    [
      { properties: { 'a/b~c': { type: 'number' } } },
      { 'a/b~c': '' },
      'v.a/b~c must be a number, but it is empty text.'
    ],
    [{ not: {} }, 1, 'v must NOT be valid.'],
    [
      { anyOf: [{ const: 1 }, { const: 2 }] },
      3,
      'v must be 1, but it is 3; v must be 2, but it is 3; v must match a schema in anyOf.'
    ]
  ]
  for (const [schema, v, message] of sentences) {
    it(`says "${message}"`, () => {
      const [, rejections] = withSchema({ properties: { v: schema } })({ payload: { v } })
      assert.equal(rejections[0]!.reason.message, message)
    })
  }

  it('tells of the record itself without a path', () => {
    const [, rejections] = withSchema({ minProperties: 1 })({ payload: {} })
    assert.deepEqual(rejections[0]!.reason, {
      code: 'SCHEMA_MISMATCH',
      message: 'The record must NOT have fewer than 1 properties.'
    })
  })

  it('tells the first reason of a record of many values', () => {
    const values = Array(10_000).fill('')
    const [, [rejection]] = withSchema({ properties: { v: { items: { type: 'number' } } } })({
      payload: { v: values }
    })
    assert.equal(rejection!.reason.message, 'v.0 must be a number, but it is empty text.')
    assert.equal(rejection!.reasons, undefined)
  })

  it('cuts what a device or a long schema would make of a sentence', () => {
    const name = 'x'.repeat(100_000)
    const many = Array.from({ length: 1000 }, (_, index) => index)
    const schema = {
      properties: { v: { enum: many } },
      additionalProperties: { pattern: `^${'a'.repeat(5000)}$` }
    }
    const [, [rejection]] = withSchema(schema)({ payload: { v: -1, [name]: 'b' } })
    assert.ok(rejection!.reason.message.length < 2000, String(rejection!.reason.message.length))
    assert.match(rejection!.reason.message, /18, 19 and 980 more/)
  })

  const overflow: [value: unknown, rejected: boolean][] = [
    ['1e400', true],
    ['Infinity', true],
    ['-1e999', true],
    ['9007199254740993', true],
    ['12345678901234567890', true],
    ['0.1234567890123456789', true],
    ['5e-400', true],
    ['0x20000000000001', true],
    [' ', true],
    ['1e300', false],
    ['21.300000000000001', false],
    [' 5 ', false],
    ['0x10', false],
    ['23.5', false]
  ]
  for (const [value, isRejected] of overflow) {
    it(`converts no text to a number that cannot hold it: ${value}`, () => {
      const [valid, rejections] = start({ coerce: true })({ payload: { ...READING, value } })
      assert.equal(valid.length, isRejected ? 0 : 1)
      if (!isRejected) return
      const { code, path, message } = rejections[0]!.reason
      assert.deepEqual([code, path], ['FIELD_TYPE', 'value'])
      assert.match(
        message,
        /^value must be a number, but it is the text ".*", which no number can hold\.$/
      )
      assert.equal((rejections[0]!.record as { value: unknown }).value, value)
    })
  }

  it('tells at most twenty reasons and how many more there are', () => {
    const [, rejections] = withSchema({ properties: { v: { items: { type: 'number' } } } })({
      payload: { v: Array(100).fill('') }
    })
    assert.equal(rejections[0]!.reasons!.length, 21)
    assert.equal(rejections[0]!.reasons!.at(-1)!.message, 'There are 80 more errors.')
  })

  const broken: [name: string, options: Record<string, unknown>, problem: RegExp][] = [
    ['no JSON', { schema: '{' }, /JSON Schema: is not JSON/],
    ['no object', { schema: '1' }, /must be a JSON object, true or false/],
    [
      'an unknown type',
      { schema: '{"type":"text"}' },
      /\/type must be equal to one of the allowed values/
    ],
    ['a broken pattern', { schema: '{"pattern":"["}' }, /Invalid regular expression/],
    [
      'a remote reference',
      { schema: '{"$ref":"http://example.org/a.json"}' },
      /"http:\/\/example.org\/a.json" is not in the schema; .*never fetched/
    ],
    [
      'a dangling reference',
      { schema: '{"$ref":"#/$defs/a"}' },
      /\$ref ".*#\/\$defs\/a" is not in the schema/
    ],
    [
      'an old draft',
      { schema: '{"$schema":"http://json-schema.org/draft-03/schema#"}' },
      /draft-03.* is not a draft that is supported/
    ],
    ['an asynchronous schema', { schema: '{"$async":true}' }, /\$async/],
    [
      'the address of its draft as its own',
      { schema: '{"$id":"http://json-schema.org/draft-07/schema#"}', draft: '07' },
      /\$id "http:\/\/json-schema\.org\/draft-07\/schema#" is the address of the draft itself/
    ],
    ['a list of schemas', { choose: 'field', schemas: '[]' }, /Schemas: must be an object/],
    [
      'a field that stands twice',
      { schema: '{"properties":{"a":{"type":"number"},"a":{"type":"string"}}}' },
      /JSON Schema: "a" stands twice in one object/
    ],
    [
      'a kind that stands twice',
      { choose: 'field', schemas: '{"t":{},"h":{},"t":{"type":"object"}}' },
      /Schemas: "t" stands twice/
    ],
    [
      'two broken schemas',
      { choose: 'field', schemas: '{"a":{"type":"x"},"b":{"type":"y"}}' },
      /"a": \/type .*; .*"b": \/type/
    ],
    [
      'a reference back in a pattern',
      { schema: '{"pattern":"(a)\\\\1"}' },
      /references back such as \\1/
    ],
    [
      'a schema that is itself',
      { schema: '{"$ref":"#"}' },
      /leads back to itself without going into a field/
    ],
    [
      'a broken template',
      { choose: 'topic', schemas: '{"a/#/b":{}}' },
      /"a\/#\/b": # must be the last level/
    ],
    [
      'a path to a prototype',
      { choose: 'field', field: '__proto__.a' },
      /is not the path of a field/
    ]
  ]
  for (const [name, options, problem] of broken) {
    it(`refuses ${name} at deploy, in words`, () => {
      assert.throws(() => start(options), { code: 'OPTIONS_INVALID', message: problem })
    })
  }

  const DRAFTS = [
    'http://json-schema.org/draft-07/schema#',
    'https://json-schema.org/draft-07/schema',
    'https://json-schema.org/draft/2019-09/schema',
    'http://json-schema.org/draft/2019-09/schema#',
    'https://json-schema.org/draft/2020-12/schema',
    'http://json-schema.org/draft/2020-12/schema'
  ]
  for (const $schema of DRAFTS) {
    it(`reads ${$schema}, with formats`, () => {
      const sort = withSchema({
        $schema,
        $id: 'urn:test:same',
        properties: { at: { type: 'string', format: 'date-time' } }
      })
      assert.equal(sort({ payload: { at: '2024-02-23T13:46:40Z' } })[0].length, 1)
      assert.equal(sort({ payload: { at: '2024-02-30T13:46:40Z' } })[1].length, 1)
    })
  }
  it('reads tuples as the draft says', () => {
    const tuple = { properties: { v: { items: [{ type: 'number' }] } } }
    assert.equal(withSchema(tuple, { draft: '07' })({ payload: { v: ['x'] } })[1].length, 1)
    assert.throws(() => withSchema(tuple, { draft: '2020-12' }), { code: 'OPTIONS_INVALID' })
  })
  it('takes two schemas of the same $id', () => {
    const of = (type: string) => withSchema({ $id: 'urn:test:twin', properties: { v: { type } } })
    assert.equal(of('string')({ payload: { v: 1 } })[1].length, 1)
    assert.equal(of('number')({ payload: { v: 1 } })[0].length, 1)
  })

  it('keeps the names inside a schema to that schema', () => {
    const part = { $id: 'https://example.org/part', type: 'number' }
    const withPart = { $defs: { part }, properties: { v: { $ref: part.$id } } }
    assert.equal(withSchema(withPart)({ payload: { v: 'x' } })[1].length, 1)
    const stranger = { $defs: { part: { type: 'string' } }, properties: { v: { $ref: part.$id } } }
    assert.throws(() => withSchema(stranger), /"https:\/\/example\.org\/part" is not in the schema/)
    const other = { ...withPart, $defs: { part: { ...part, type: 'string' } } }
    assert.equal(withSchema(other)({ payload: { v: 'x' } })[0].length, 1)
  })
  for (const draft of ['07', '2019-09', '2020-12']) {
    it(`still knows draft ${draft} after a schema that takes its address`, () => {
      const $id = DRAFTS.find(address => address.includes(draft))!.replace(/#$/, '')
      for (const own of [$id, `${$id}#`])
        assert.throws(() => withSchema({ $id: own }, { draft }), { code: 'OPTIONS_INVALID' })
      const sort = withSchema(
        { properties: { v: { type: 'number' } }, title: `after ${draft}` },
        { draft }
      )
      assert.equal(sort({ payload: { v: 1 } })[0].length, 1)
    })
  }

  describe('a schema for each kind', () => {
    const schemas = JSON.stringify({ a: { required: ['x'] }, 1: { required: ['y'] } })
    const chosen: [record: unknown, options: object, outcome: string][] = [
      [{ metric: 'a', x: 1 }, {}, 'valid'],
      [{ metric: 'a' }, {}, 'FIELD_MISSING'],
      [{ metric: 1 }, {}, 'FIELD_MISSING'],
      [{ metric: 'b' }, {}, 'SCHEMA_UNKNOWN'],
      [{}, {}, 'SCHEMA_UNKNOWN'],
      [{ metric: 'toString' }, {}, 'SCHEMA_UNKNOWN'],
      [{ metric: '__proto__' }, {}, 'SCHEMA_UNKNOWN'],
      [{ metric: { toString: 1 } }, {}, 'SCHEMA_UNKNOWN'],
      [{ metric: 'b' }, { otherwise: 'pass' }, 'valid']
    ]
    for (const [record, options, outcome] of chosen) {
      it(`${JSON.stringify(record)} ${JSON.stringify(options)}: ${outcome}`, () => {
        const [valid, rejections] = start({ choose: 'field', schemas, ...options })({
          payload: record
        })
        assert.equal(valid.length === 1 ? 'valid' : rejections[0]!.reason.code, outcome)
      })
    }
    it('goes by the topic the device published to, also after Kafka', () => {
      const byTopic = start({
        choose: 'topic',
        schemas: JSON.stringify({
          'acme/{id}/t': { required: ['t'] },
          'acme/#': { required: ['h'] }
        })
      })
      const throughKafka = fromKafka({ h: 1 }, 'acme/d1/h')
      assert.deepEqual(byTopic({ payload: [throughKafka], topic: 'raw' })[0], [throughKafka])
      assert.equal(byTopic({ payload: { h: 1 }, topic: 'acme/d1/t' })[1][0]!.reason.path, 't')
      assert.match(
        byTopic({ payload: { h: 1 }, topic: 'other' })[1][0]!.reason.message,
        /no schema for the topic "other"/
      )
    })
  })

  it('keeps where a rejected record came from', () => {
    const [, [rejection]] = start()({ payload: fromKafka({ h: 1 }, 'acme/d1/h') })
    assert.equal(rejection!.raw?.toString(), 'raw bytes')
    assert.deepEqual(rejection!.origin, {
      kind: 'kafka',
      topic: 'raw',
      partition: 0,
      offset: '7',
      timestamp: '0'
    })
  })

  it('converts a copy, and rejects the record as it came', () => {
    const record = fromKafka({ ...READING, value: '1', metric: '' }, 'a')
    const [, [rejection]] = start({ coerce: true })({ payload: record })
    assert.equal(rejection!.record, record)
    assert.equal(record.value, '1')
    const [[valid]] = start({ coerce: true })({
      payload: fromKafka({ ...READING, value: '1' }, 'a')
    })
    assert.deepEqual(
      { ...(valid as object), [PROVENANCE]: undefined },
      { ...READING, [PROVENANCE]: undefined }
    )
    assert.ok((valid as Record<symbol, unknown>)[PROVENANCE])
  })

  it('puts every record in one output, in order, whatever it is', () => {
    const sort = start()
    const anything = fc.oneof(
      fc.anything({ withNullPrototype: true, withDate: true, withMap: true }),
      fc.constant(READING),
      fc.jsonValue()
    )
    fc.assert(
      fc.property(fc.array(anything), payload => {
        const [valid, rejections] = sort({ payload })
        assert.equal(valid.length + rejections.length, payload.length)
        assert.ok(
          isMerged(
            payload,
            [...valid],
            rejections.map(rejection => rejection.record)
          )
        )
      })
    )
  })
})

function fromKafka(record: Record<string | symbol, unknown>, mqttTopic: string) {
  const taken = {
    origin: { kind: 'kafka' as const, topic: 'raw', partition: 0, offset: '7', timestamp: '0' },
    key: null,
    headers: { 'mqtt.topic': Buffer.from(mqttTopic) },
    raw: Buffer.from('raw bytes')
  }
  const batch: Batch = { at: () => taken }
  record[PROVENANCE] = new Provenance(batch, 0)
  return record
}
