import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { prometheusText } from '../../../../core/node/exposition.ts'
import { samplesOf } from '../../../../core/node/samples/samples.ts'
import enrich from '../../../../nodes/enrich/runtime.ts'
import normalize from '../../../../nodes/normalize/runtime.ts'
import reshape from '../../../../nodes/reshape/runtime.ts'
import route from '../../../../nodes/route/runtime.ts'
import validate from '../../../../nodes/validate/runtime.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { until } from '../../../until.ts'
import { ask, previewOf } from './ask.ts'

const TAB = { id: 'tab', type: 'tab', label: 'previews' }
const READING = { device_id: 'd1', metric: 'temperature_c', value: 1, ts: 1708700000 }
const NO_BOUND = { pastDays: 0, futureS: 0 }

/** A node of the editor whose wires lead on. */
const nodeBefore = (id: string, next: string, values: object = {}, type = 'validate') => ({
  id,
  type: `millrace-${type}`,
  values,
  port: 0,
  next
})

describe('the preview of a dialog', function () {
  this.timeout(60_000)
  let red: RunningNodeRed
  before(async () => {
    red = await startNodeRed({ nodes: [enrich, normalize, reshape, route, validate] })
  })
  after(() => red?.stop())

  it('says what leaves by each output, and which values changed', async () => {
    const { ok, outputs } = await previewOf(red, 'normalize', NO_BOUND, JSON.stringify(READING))
    assert.equal(ok, true)
    assert.deepEqual(outputs![0], {
      count: 1,
      records: [
        {
          from: 0,
          record: { ...READING, ts_utc: '2024-02-23T14:53:20.000Z' },
          changes: [{ path: ['ts_utc'], kind: 'added' }]
        }
      ]
    })
    assert.deepEqual(outputs![1], { count: 0, records: [] })
  })

  it('says why a record is rejected, with every reason', async () => {
    const { outputs } = await previewOf(
      red,
      'validate',
      {},
      JSON.stringify([READING, { value: 'x' }])
    )
    const [valid, rejected] = outputs!
    assert.deepEqual(valid!.records, [{ from: 0, record: READING, changes: [] }])
    const [left] = rejected!.records
    assert.equal(left!.from, 1)
    assert.deepEqual(left!.record, { value: 'x' })
    assert.ok(
      left!.reasons!.some(
        ({ code, message }) => code === 'FIELD_MISSING' && /device_id/.test(message)
      )
    )
    assert.ok(left!.reasons!.some(({ code }) => code === 'FIELD_TYPE'))
  })

  it('marks a value that is converted, in a list or object too', async () => {
    const schema = '{"properties":{"a":{"type":"array","items":{"type":"number"}}}}'
    const { outputs } = await previewOf(red, 'validate', { schema, coerce: true }, '{"a":[1,"2"]}')
    assert.deepEqual(outputs![0]!.records[0]!.changes, [{ path: ['a', '1'], kind: 'changed' }])
  })

  it('shows what a node that changes the record itself adds to it', async () => {
    const values = {
      source: 'inline',
      devices: 'device_id,location\nd1,Hall 3',
      copy: [{ from: 'location', to: 'location' }]
    }
    const { outputs, message } = await previewOf(red, 'enrich', values, JSON.stringify(READING))
    assert.equal(message, undefined)
    assert.deepEqual(outputs![0]!.records[0]!.changes, [{ path: ['location'], kind: 'added' }])
  })

  it('counts what goes to no output', async () => {
    const rules = [{ match: 'all', conditions: [{ field: 'value', operator: 'gt', value: 80 }] }]
    const { outputs, filtered, message } = await previewOf(
      red,
      'route',
      { rules, otherwise: false },
      '[{"value":81},{"value":1}]'
    )
    assert.equal(message, undefined)
    assert.equal(outputs![0]!.count, 1)
    assert.equal(filtered, 1)
  })

  it('uses the topic that is typed in', async () => {
    const values = { choose: 'topic', schemas: '{"acme/+/t":{"required":["value"]}}' }
    const codes = async (topic: string) =>
      (await previewOf(red, 'validate', values, '{}', topic)).outputs![1]!.records.map(
        ({ reasons }) => reasons![0]!.code
      )
    assert.deepEqual(await codes('acme/d1/t'), ['FIELD_MISSING'])
    assert.deepEqual(await codes('other'), ['SCHEMA_UNKNOWN'])
  })

  it('answers with the sentence for settings that cannot be used', async () => {
    const { ok, message } = await previewOf(red, 'validate', { schema: '{"type": 5}' }, '{}')
    assert.equal(ok, false)
    assert.match(message!, /^JSON Schema: /)
    assert.match(
      (await previewOf(red, 'normalize', { zoneFrom: 'fixed', zone: 'Mars' }, '{}')).message!,
      /^Time zone: /
    )
  })

  it('has the messages that the node has seen, or else one before it, and the examples', async () => {
    await red.deploy([TAB, { id: 'first', type: 'millrace-validate', z: 'tab', wires: [[], []] }])
    const node = red.node<{ receive(message: object): void }>('first')
    node.receive({ topic: 'a', payload: { n: 1, bytes: Buffer.from('x') } })
    node.receive({ topic: 'b', payload: [{ n: 2 }] })
    await until('both', () => samplesOf('first').length === 2)
    const own = await ask(red, 'validate', { action: 'samples', id: 'first' })
    assert.deepEqual(
      own.samples!.map(({ topic, payload }) => [topic, payload]),
      [
        ['b', [{ n: 2 }]],
        ['a', { n: 1, bytes: { $bytes: 'eA==' } }]
      ]
    )
    assert.ok(own.examples!.length > 0)
    const other = await ask(red, 'normalize', {
      action: 'samples',
      id: 'new',
      before: [nodeBefore('nothing', 'new'), nodeBefore('first', 'new', { schema: '{}' })]
    })
    assert.equal(other.from, 'first')
    assert.deepEqual(
      other.samples!.map(({ topic, payload }) => [topic, payload]),
      own.samples!.map(({ topic, payload }) => [topic, payload])
    )
    const { payload, topic } = own.samples![0]!
    const made = await ask(red, 'validate', {
      action: 'preview',
      values: { schema: '{}' },
      given: { topic, payload }
    })
    assert.deepEqual(made.outputs![0]!.records[0]!.record, { n: 2 })
  })

  it('passes them through the nodes between, as their dialogs have them', async () => {
    await red.deploy([TAB, { id: 'wide', type: 'millrace-validate', z: 'tab', wires: [[], []] }])
    const node = red.node<{ receive(message: object): void }>('wide')
    node.receive({ topic: 'a', payload: { temperature: 21.5, humidity: 40, ts: 1 } })
    await until('seen', () => samplesOf('wide').length === 1)
    const chain = (schema: string) => [
      nodeBefore('flat', 'new', { keep: [{ from: 'ts', to: 'when' }] }, 'reshape'),
      nodeBefore('wide', 'flat', { schema })
    ]
    const body = { action: 'samples', id: 'new' }
    const { from, samples, stopped } = await ask(red, 'normalize', { ...body, before: chain('{}') })
    assert.deepEqual([from, stopped], ['wide', undefined])
    assert.deepEqual(samples![0]!.payload, [
      { when: 1, metric: 'temperature', value: 21.5 },
      { when: 1, metric: 'humidity', value: 40 }
    ])
    const strict = await ask(red, 'normalize', {
      ...body,
      before: chain('{"required":["device_id"]}')
    })
    assert.deepEqual(strict.samples, [])
    assert.equal(strict.stopped, 'validate rejects it: device_id is missing.')
  })

  it('reads what was heard in the dialog of a node before', async () => {
    const heard = [
      { topic: 'a/b', bytes: Buffer.from('{"id":1234567890123456789}').toString('base64') }
    ]
    const { samples } = await ask(red, 'validate', {
      action: 'samples',
      id: 'new',
      before: [{ ...nodeBefore('deaf', 'new', {}, 'unknown'), heard }]
    })
    assert.deepEqual(samples![0]!.payload, { id: { $bigint: '1234567890123456789' } })
    assert.equal(samples![0]!.topic, 'a/b')
  })

  it('shows integers of any length as they were typed, a record a line, and what is no JSON', async () => {
    const long = await previewOf(red, 'validate', { schema: '{}' }, '{"id":1234567890123456789}')
    assert.deepEqual(long.outputs![0]!.records[0]!.record, {
      id: { $bigint: '1234567890123456789' }
    })
    const lines = await previewOf(red, 'validate', { schema: '{}' }, '{"a":1}\n{"a":2}\n')
    assert.equal(lines.outputs![0]!.count, 2)
    const text = await previewOf(red, 'validate', { schema: '{}' }, 'hall 1;21,5')
    assert.equal(text.outputs![1]!.records[0]!.record, 'hall 1;21,5')
  })

  it('proposes settings by what was learned, and changes nothing', async () => {
    const learned = await ask(red, 'validate', {
      action: 'learn',
      id: 'new',
      values: {},
      given: [{ topic: '', text: '{"a":1}' }],
      answers: { strictness: 'strict' }
    })
    assert.equal(learned.ok, true, learned.message)
    assert.match(learned.findings![0]!.says, /1 fields, 1 of them/)
    const none = await ask(red, 'validate', { action: 'learn', id: '', values: {}, given: [] })
    assert.match(none.message!, /no message to learn from/)
  })

  it('leaves no trace in the flow', async () => {
    await red.deploy([TAB, { id: 'quiet', type: 'millrace-enrich', z: 'tab', wires: [[], []] }])
    const before = prometheusText()
    red.logs.splice(0)
    for (const text of ['{"device_id":"d1"}', '5', '[]']) {
      await ask(red, 'enrich', { action: 'preview', id: 'quiet', values: {}, given: { text } })
    }
    assert.equal(prometheusText(), before)
    assert.deepEqual(samplesOf('quiet'), [])
    assert.deepEqual(red.logs, [])
  })

  it('closes what it opened where the other side never answers, and says what it waited for', async () => {
    let open = 0
    const mute = createServer(() => undefined)
    mute.on('connection', socket => {
      open++
      socket.on('close', () => open--)
    })
    await new Promise<void>(listening => mute.listen(0, '127.0.0.1', listening))
    const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}/{key}`
    try {
      const { ok, message } = await previewOf(
        red,
        'enrich',
        { source: 'http', url, timeoutMs: 20_000 },
        JSON.stringify(READING)
      )
      assert.equal(ok, false)
      assert.match(message!, /no answer|timed out/i)
      await until('the connection is closed', () => open === 0, 5_000)
    } finally {
      mute.closeAllConnections()
      mute.close()
    }
  })
})
