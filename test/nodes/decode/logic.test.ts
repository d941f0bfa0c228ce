import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { encodeRejection } from '../../../core/dead-letter/encode.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import { OptionsError } from '../../../core/options-error.ts'
import type { Message } from '../../../core/record/message.ts'
import {
  KAFKA_MESSAGE,
  PROVENANCE,
  Provenance,
  provenanceOf,
  type Taken
} from '../../../core/record/record.ts'
import { type Decoded, decoder } from '../../../nodes/decode/logic.ts'
import { spec } from '../../../nodes/decode/spec.ts'
import { itRunsItsExamples } from '../spec-examples.ts'

const NOW = 1_708_700_000_000

async function decode(options: object, message: Message): Promise<Decoded> {
  const run = await decoder(parseOptions(spec, { ...options }), () => NOW)
  return run(message)
}

/** The rows of one payload. */
async function records(options: object, payload: unknown): Promise<readonly unknown[]> {
  const { outputs } = await decode(options, { payload })
  assert.deepEqual(outputs[1], [])
  return JSON.parse(JSON.stringify(outputs[0])) as unknown[]
}

describe('decode', () => {
  itRunsItsExamples(spec, async options => {
    const run = await decoder(options, () => NOW)
    return async message => (await run(message)).outputs
  })

  it('shape-scalar: a bare number is a record of one field', async () => {
    assert.deepEqual(await records({ format: 'bare' }, '23.5'), [{ value: 23.5 }])
  })

  for (const [payload, code] of [
    ['12345678901234567890', 'NUMBER_INEXACT'],
    ['{"a":1,"a":"\\ud800"}', 'KEY_REPEATED'],
    ['{"a":1,"a":2,"__proto__":3}', 'KEY_REPEATED'],
    ['{"a":{"__proto__":3}}', 'KEY_FORBIDDEN'],
    ['[1]', 'NOT_A_RECORD'],
    ['{', 'JSON_INVALID'],
    ['', 'PAYLOAD_EMPTY']
  ] as const)
    it(`of several reasons tells the one that a long payload would have: ${payload}`, async () => {
      const { outputs } = await decode({}, { payload: Buffer.from(payload) })
      assert.deepEqual(
        outputs[1].map(({ reason }) => reason.code),
        [code]
      )
    })

  it('shape-array-of-ts-values: each element is a record, and a bad one is rejected alone', async () => {
    const good = '{"ts":1451649600512,"values":{"temperature":42.2,"humidity":70}}'
    const payload = Buffer.from(`[${good},{"ts":1451649601000,"values":{"__proto__":1}},5]`)
    const { outputs } = await decode({ at: 'list' }, { payload, topic: 'v1/gw/dev9', key: 'dev9' })
    assert.deepEqual(
      outputs[0].map(record => ({ ...(record as object), [PROVENANCE]: undefined })),
      [{ ...JSON.parse(good), [PROVENANCE]: undefined }]
    )
    assert.deepEqual(
      outputs[1].map(({ reason }) => [reason.code, reason.path]),
      [
        ['KEY_FORBIDDEN', '1.values.__proto__'],
        ['NOT_A_RECORD', '2']
      ]
    )
    for (const letter of outputs[1]) {
      assert.deepEqual(letter.raw, payload)
      assert.deepEqual(letter.origin, { kind: 'flow', topic: 'v1/gw/dev9' })
      assert.equal(encodeRejection(letter).key, 'dev9')
    }
  })

  it('shape-battery-list, shape-values-array: a list at a path, with what stands around it', async () => {
    assert.deepEqual(
      await records(
        { at: 'list', path: 'value' },
        '{"value":[{"id":"c1","soc":74.0},{"id":"c2","soc":70.0}]}'
      ),
      [
        { id: 'c1', soc: 74 },
        { id: 'c2', soc: 70 }
      ]
    )
    const kep =
      '{"timestamp":1541021024224,"values":[{"id":"A.B","t":1541021024193,"v":7},{"id":"A.C","t":1541021024193,"v":0}]}'
    assert.deepEqual(await records({ at: 'list', path: 'values' }, kep), [
      { timestamp: 1541021024224, id: 'A.B', t: 1541021024193, v: 7 },
      { timestamp: 1541021024224, id: 'A.C', t: 1541021024193, v: 0 }
    ])
    assert.deepEqual((await records({ at: 'list', path: 'values', around: false }, kep))[1], {
      id: 'A.C',
      t: 1541021024193,
      v: 0
    })
  })

  it('shape-opcua-per-metric-time: each value of an object, its key as a field', async () => {
    const payload =
      '{"temperature":{"SourceTimestamp":"t1","Value":4558},"Tag 10":{"SourceTimestamp":"t2","Value":4558}}'
    assert.deepEqual(await records({ at: 'object' }, payload), [
      { metric: 'temperature', SourceTimestamp: 't1', Value: 4558 },
      { metric: 'Tag 10', SourceTimestamp: 't2', Value: 4558 }
    ])
  })

  it('gives elements of lists by their key where an object has lists', async () => {
    const payload = '{"Device A":[{"ts":1,"v":1},{"ts":2,"v":2}],"Device B":[{"ts":3,"v":3}]}'
    assert.deepEqual(await records({ at: 'object', keyField: 'device_id' }, payload), [
      { device_id: 'Device A', ts: 1, v: 1 },
      { device_id: 'Device A', ts: 2, v: 2 },
      { device_id: 'Device B', ts: 3, v: 3 }
    ])
  })

  it('does not overwrite a field by a key', async () => {
    const { outputs } = await decode(
      { at: 'object', keyField: 'id' },
      { payload: '{"a":{"id":"b"},"c":{"id":"c"}}' }
    )
    assert.equal(outputs[0].length, 1)
    assert.deepEqual(
      [outputs[1][0]!.reason.code, outputs[1][0]!.reason.path],
      ['FIELD_TAKEN', 'a.id']
    )
  })

  it('says where records are missing', async () => {
    const { outputs } = await decode({ at: 'list', path: 'a.b' }, { payload: '{"a":{"b":{}}}' })
    assert.deepEqual(
      [outputs[1][0]!.reason.code, outputs[1][0]!.reason.path],
      ['RECORDS_MISSING', 'a.b']
    )
  })

  it('counts an empty list as filtered', async () => {
    assert.deepEqual(await decode({ at: 'list' }, { payload: '[]' }), {
      outputs: [[], []],
      filtered: 1
    })
  })

  it('rejects a number in one element only that a double would change', async () => {
    const { outputs } = await decode(
      { at: 'list' },
      { payload: '[{"id":2882429806056571124},{"id":5},{"x":[0.1234567890123456789]}]' }
    )
    assert.equal(outputs[0].length, 1)
    assert.deepEqual(
      outputs[1].map(({ reason }) => [reason.code, reason.path]),
      [
        ['NUMBER_INEXACT', '0.id'],
        ['NUMBER_INEXACT', '2.x.0']
      ]
    )
  })

  it('keeps all digits of an integer as BigInt if told to', async () => {
    const { outputs } = await decode(
      { exact: true },
      { payload: '{"id":2882429806056571124,"n":5,"text":"2882429806056571125"}' }
    )
    assert.deepEqual(
      { ...(outputs[0][0] as object), [PROVENANCE]: 0 },
      { id: 2882429806056571124n, n: 5, text: '2882429806056571125', [PROVENANCE]: 0 }
    )
  })

  it('undoes compression', async () => {
    assert.deepEqual(await records({ format: 'csv' }, gzipSync('a,b\n1,x\n')), [{ a: 1, b: 'x' }])
  })

  it('keeps where a record came from, and its place in that', async () => {
    const taken: Taken = {
      origin: {
        kind: 'kafka',
        topic: 'raw',
        partition: 1,
        offset: '7',
        timestamp: '1708600000000'
      },
      key: 'd1',
      headers: { h: 'x' },
      raw: Buffer.from('[{"n":1},{"n":2},3]')
    }
    const payload = {
      [KAFKA_MESSAGE]: true,
      key: 'd1',
      value: taken.raw,
      headers: {},
      [PROVENANCE]: new Provenance({ at: () => taken }, 0)
    }
    const { outputs } = await decode({ at: 'list' }, { payload: [payload] })
    assert.deepEqual(
      outputs[0].map(record => provenanceOf(record)!.taken.origin),
      [taken.origin, taken.origin]
    )
    assert.deepEqual(
      outputs[0].map(record => provenanceOf(record)!.place),
      ['0', '1']
    )
    const { headers } = encodeRejection(outputs[1][0]!)
    assert.equal(headers['millrace.message.place'], '2')
    assert.equal(headers['millrace.origin.offset'], '7')
    assert.equal(headers['millrace.message.id'], undefined)
  })

  it('counts relative times of SenML from the time of the Kafka record', async () => {
    const value = '[{"n":"d","v":1,"t":-10}]'
    const taken: Taken = {
      origin: {
        kind: 'kafka',
        topic: 'raw',
        partition: 1,
        offset: '7',
        timestamp: '1708600000000'
      },
      key: null,
      headers: {},
      raw: Buffer.from(value)
    }
    const payload = {
      [KAFKA_MESSAGE]: true,
      key: null,
      value,
      headers: {},
      [PROVENANCE]: new Provenance({ at: () => taken }, 0)
    }
    assert.deepEqual(await records({ format: 'senml-json' }, payload), [
      { name: 'd', ts: 1708599990, value: 1 }
    ])
    assert.deepEqual(await records({ format: 'senml-json' }, value), [
      { name: 'd', ts: 1708699990, value: 1 }
    ])
  })

  it('rejects a tombstone', async () => {
    const { outputs } = await decode(
      {},
      { payload: { [KAFKA_MESSAGE]: true, key: 'k', value: null, headers: {} } }
    )
    assert.equal(outputs[1][0]!.reason.code, 'TOMBSTONE')
  })

  it('refuses wrong settings, a wrong schema with its line', async () => {
    const wrong = (options: object) =>
      assert.rejects(
        async () => decoder(parseOptions(spec, { ...options }), () => NOW),
        OptionsError
      )
    await wrong({ at: 'object', keyField: 'value' })
    await wrong({ at: 'list', path: 'a..b' })
    await wrong({ valueField: '__proto__' })
    await assert.rejects(
      async () =>
        decoder(
          parseOptions(spec, {
            format: 'avro',
            schema: '{\n"type":"record","name":"R",\n"fields":[{"name":"a","type":"strin"}]}'
          }),
          () => NOW
        ),
      /line 3: there is no type "strin"/
    )
    await assert.rejects(
      async () =>
        decoder(
          parseOptions(spec, {
            format: 'protobuf',
            schema: 'syntax = "proto3";\nmessage A {\n  Foo x = 1;\n}'
          }),
          () => NOW
        ),
      /line 3: there is no type Foo/
    )
  })
})
