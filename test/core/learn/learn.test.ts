import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import type { Learn, Learned } from '../../../core/learn/learned.ts'
import { topicTemplateOf } from '../../../core/learn/topics.ts'
import { learn as decode } from '../../../nodes/decode/learn.ts'
import { learn as enrich } from '../../../nodes/enrich/learn.ts'
import { learn as normalize } from '../../../nodes/normalize/learn.ts'
import { learn as reshape } from '../../../nodes/reshape/learn.ts'
import { learn as route } from '../../../nodes/route/learn.ts'
import { learn as sink } from '../../../nodes/timescale-sink/learn.ts'
import { learn as validate } from '../../../nodes/validate/learn.ts'
import { threadMs } from '../../thread-time.ts'

const settingsOf = ({ findings }: Learned): Record<string, unknown> =>
  Object.assign({}, ...findings.map(({ settings }) => settings))

const learnedBy = async (learn: Learn, ...payloads: readonly unknown[]) =>
  settingsOf(
    await learn(
      payloads.map(payload => ({ topic: 'a/b', payload })),
      {},
      {}
    )
  )

describe('the format of bytes', () => {
  const formats: readonly (readonly [name: string, bytes: Buffer | string, settings: object])[] = [
    ['JSON', '{"a":1}', { format: 'json' }],
    ['JSON packed with gzip', gzipSync('{"a":1}'), { format: 'json', decompress: true }],
    ['a list at the top', '[{"a":1},{"a":2}]', { format: 'json', at: 'list', path: '' }],
    [
      'a list inside, and not that of the gateways',
      '{"rx_metadata":[{"g":1},{"g":2},{"g":3}],"data":{"readings":[{"v":1},{"v":2}]}}',
      { format: 'json', at: 'list', path: 'data.readings' }
    ],
    [
      'each value of an object',
      '{"d1":{"v":1,"ts":1},"d2":{"v":2,"ts":1}}',
      { format: 'json', at: 'object', path: '' }
    ],
    [
      'each value of an object that is inside',
      '{"ts":1,"data":{"t":{"v":1},"h":{"v":2}}}',
      { format: 'json', at: 'object', path: 'data' }
    ],
    ['objects that are not alike', '{"a":{"x":1},"b":{"y":1}}', { format: 'json' }],
    ['JSON lines', '{"a":1}\n{"a":2}\n', { format: 'json-lines' }],
    ['a number', '23.5', { format: 'bare' }],
    ['a word', 'ON', { format: 'bare' }],
    ['CSV', 'ts,value\n1,2\n3,4\n', { format: 'csv', delimiter: 'comma' }],
    [
      'CSV by semicolons, with decimal commas',
      'ts;value\n1;2,5\n',
      { format: 'csv', delimiter: 'semicolon', decimal: 'comma' }
    ],
    [
      'CSV by semicolons, with points',
      'ts;value\n1;2.5\n',
      { format: 'csv', delimiter: 'semicolon' }
    ],
    [
      'a line of CSV, which names no columns',
      '2026-11-20 11:00:00;hall-1;21,5;40',
      {
        format: 'csv',
        delimiter: 'semicolon',
        decimal: 'comma',
        columns: 'time, text, value_1, value_2'
      }
    ],
    ['a number with a decimal comma', '21,5', { format: 'bare' }],
    [
      'InfluxDB line protocol',
      'weather,device_id=d1 temperature=21.5 1708700000000000000',
      { format: 'line-protocol' }
    ],
    ['SenML', '[{"bn":"urn:dev:1","n":"t","u":"Cel","v":21.5}]', { format: 'senml-json' }],
    ['CBOR', Buffer.from('a1616101', 'hex'), { format: 'cbor' }],
    ['MessagePack', Buffer.from('81a16101', 'hex'), { format: 'msgpack' }],
    ['nothing that is known', Buffer.from('0a0744657669636531', 'hex'), {}]
  ]
  for (const [name, bytes, settings] of formats) {
    it(`is found: ${name}`, async () => {
      const given = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
      assert.deepEqual(await learnedBy(decode, given), settings)
    })
  }
})

describe('what cannot be learned is said in words', () => {
  const said = async (...payloads: readonly string[]) => {
    const observed = payloads.map(text => ({ topic: 'a/b', payload: Buffer.from(text) }))
    const { findings } = await decode(observed, {}, {})
    return findings.map(({ says, evidence }) => `${says} (${evidence})`)
  }

  it('empty messages', async () => {
    assert.deepEqual(await said('', ''), ['The messages are empty (2 of 2 messages)'])
  })

  it('a list of lists', async () => {
    assert.deepEqual(await said('[[1,2],[3,4]]'), [
      'The messages are JSON (1 of 1 messages)',
      'The message is a list in which nothing says what its values are: no record can be made of it (2 in the first)'
    ])
  })

  it('what is not as most of them are', async () => {
    assert.deepEqual(await said('online', '{"a":1}', '', '{"a":2}'), [
      'The messages are JSON (2 of 4 messages)',
      'Others are something else, such as online: they leave as rejected (2 of 4 messages)'
    ])
  })
})

describe('the template of topics', () => {
  const templates: readonly (readonly [topics: readonly string[], template: string | undefined])[] =
    [
      [['tele/dev1/SENSOR', 'tele/dev2/SENSOR'], 'tele/{device_id}/SENSOR'],
      [['tele/dev1/SENSOR'], 'tele/{device_id}/SENSOR'],
      [['tele/kitchen/SENSOR'], 'tele/{device_id}/SENSOR'],
      [['tele/a/SENSOR', 'tele/a/STATE', 'tele/b/SENSOR'], 'tele/{device_id}/{site}'],
      [['acme/hall-1/pump7/data', 'acme/hall-2/pump8/data'], 'acme/{site}/{device_id}/data'],
      [['a/x1', 'a/x2/more'], 'a/{device_id}/#'],
      [['a/b/c', 'd/e'], undefined],
      [[''], undefined],
      [['plain'], 'plain'],
      [
        ['a/b/c/d/e/pump-7/x', 'a/b2/c2/d2/e2/pump-8/x'],
        'a/{site}/{area}/{group}/{part}/{device_id}/x'
      ]
    ]
  for (const [topics, template] of templates) {
    it(`${topics.join(' and ')} → ${template}`, () => {
      assert.equal(topicTemplateOf(topics)?.template, template)
    })
  }
})

describe('what other nodes learn', () => {
  const RECORDS = [
    {
      device_id: 'a',
      metric: 'temperature',
      value: 21.5,
      ts: 1,
      ts_utc: '2024-02-23T14:53:20.000Z'
    },
    { device_id: 'b', metric: 'humidity', value: 40, ts: 2, ts_utc: '2024-02-23T14:53:21.000Z' }
  ]

  it('timescale-sink: columns with their types, the key of time, device and metric', async () => {
    assert.deepEqual((await learnedBy(sink, RECORDS)).columns, [
      { column: 'time', from: 'ts_utc', type: 'timestamptz', role: 'key' },
      { column: 'device_id', from: 'device_id', type: 'text', role: 'key' },
      { column: 'metric', from: 'metric', type: 'text', role: 'key' },
      { column: 'value', from: 'value', type: 'double precision', role: 'required' }
    ])
  })

  it('timescale-sink: a wide record, long integers, lists, names that need no quotes', async () => {
    const wide = {
      time: '2024-02-23T14:53:20Z',
      deviceId: 'a',
      'PM2.5': 3,
      serialNumber: 12345678901234567890n,
      isOn: true,
      list: [1]
    }
    const columns = (await learnedBy(sink, wide)).columns as { column: string; type: string }[]
    assert.deepEqual(
      columns.map(({ column, type }) => [column, type]),
      [
        ['time', 'timestamptz'],
        ['device_id', 'text'],
        ['pm2_5', 'double precision'],
        ['serial_number', 'numeric'],
        ['is_on', 'boolean'],
        ['list', 'jsonb']
      ]
    )
  })

  it('timescale-sink: the statements for its columns', async () => {
    const given = RECORDS.map(payload => ({ topic: '', payload }))
    const { text = '' } = await sink(given, { table: 'readings' }, {})
    assert.match(text, /^CREATE TABLE "readings" \(/m)
    assert.match(text, /^COPY "readings" \("time", /m)
  })

  it('decode: what the names of an object are is asked, never guessed', async () => {
    const payload = Buffer.from('{"d1":{"v":1},"d2":{"v":2}}')
    const ask = (answers: Record<string, string>) => decode([{ topic: '', payload }], {}, answers)
    assert.deepEqual(
      (await ask({})).questions.map(({ name, answer }) => [name, answer]),
      [['keyField', '']]
    )
    assert.equal(settingsOf(await ask({ keyField: 'device_id' })).keyField, 'device_id')
  })

  it('enrich: the field of the device', async () => {
    assert.deepEqual(await learnedBy(enrich, { meta: { serial: 'x' }, value: 1 }), {
      key: 'meta.serial'
    })
  })

  it('route: an output for each value of a field that has few', async () => {
    assert.deepEqual((await learnedBy(route, RECORDS)).rules, [
      { match: 'all', conditions: [{ field: 'metric', operator: 'equals', value: 'humidity' }] },
      { match: 'all', conditions: [{ field: 'metric', operator: 'equals', value: 'temperature' }] }
    ])
  })
})

/** What no device sends, and what must cost no more than what one does. */
describe('messages that are made to cost much', () => {
  const nested = (depth: number) =>
    Array.from({ length: depth }).reduce<unknown>(inner => ({ a: inner }), 1)
  const hostile: Readonly<Record<string, unknown>> = {
    'a field of a megabyte': { text: 'x'.repeat(1_000_000) },
    '100,000 fields': Object.fromEntries(
      Array.from({ length: 100_000 }, (_, at) => [`f${at}`, at])
    ),
    'deep objects': nested(5_000),
    'a list of 100,000': { list: Array.from({ length: 100_000 }, () => ({ v: 1, t: 2 })) },
    'a list of 100,000 at the top': Array.from({ length: 100_000 }, (_, at) => ({
      [`f${at}`]: at
    })),
    'what every object inherits': JSON.parse('{"__proto__":{"a":1},"constructor":2,"toString":3}'),
    'bytes of a megabyte': Buffer.alloc(1_000_000, '[{"a":'),
    'text that is nearly CSV': Buffer.from('a,b\n'.repeat(250_000)),
    'long texts of time': { ts: '2024-'.repeat(100_000), time: `${'1'.repeat(79)}/` },
    'nothing at all': null,
    'texts and numbers': ['a', 5, true, null, undefined]
  }
  const nodes = { decode, enrich, normalize, reshape, route, sink, validate }
  const LIMIT_MS = 2_000

  for (const [name, payload] of Object.entries(hostile)) {
    it(`${name}: each node is soon done`, async () => {
      for (const [node, learn] of Object.entries(nodes)) {
        const startedMs = threadMs()
        const learned = await learn([{ topic: 'a/'.repeat(30_000), payload }], {}, {})
        const tookMs = threadMs() - startedMs
        assert.ok(tookMs < LIMIT_MS, `${node} took ${tookMs} ms`)
        assert.ok(JSON.stringify(learned).length < 200_000, `${node} says too much`)
      }
    })
  }
})
