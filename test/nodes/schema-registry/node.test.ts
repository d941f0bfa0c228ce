// Mostly waits.
import assert from 'node:assert/strict'
import type { Node, NodeAPI, NodeDef } from 'node-red'
import { report } from '../../../core/node/metrics.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import type { Rejection } from '../../../core/record/record.ts'
import { settingsOf } from '../../../nodes/schema-registry/logic.ts'
import schemaRegistry from '../../../nodes/schema-registry/runtime.ts'
import { spec } from '../../../nodes/schema-registry/spec.ts'
import validate from '../../../nodes/validate/runtime.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { RegistryServer } from '../../servers/registry.ts'
import { until } from '../../until.ts'

describe('schema-registry', function () {
  this.timeout(60_000)
  const registry = new RegistryServer()
  const got: { good: unknown[]; bad: unknown[] } = { good: [], bad: [] }
  const collect = (RED: NodeAPI): void => {
    function construct(this: Node, config: NodeDef): void {
      RED.nodes.createNode(this, config)
      this.on('input', ({ payload }, _send, done) => {
        got[this.id as 'good' | 'bad'].push(payload)
        done()
      })
    }
    RED.nodes.registerType('collect', construct)
  }
  let nodeRed: RunningNodeRed

  before(async function () {
    this.timeout(300_000)
    await registry.start()
    nodeRed = await startNodeRed({ nodes: [schemaRegistry, validate, collect] })
  })
  after(async () => {
    await nodeRed.stop()
    await registry.end()
  })

  async function ask<T>(action: string, url: string, query: object = {}): Promise<T> {
    const response = await fetch(`${nodeRed.url}/millrace/probe/${spec.type}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action, id: 'registry', values: { url }, query })
    })
    return (await response.json()) as T
  }
  const test = async (url: string) => (await ask<{ message: string }>('test', url)).message
  /** What the dialog of a producer hears of the schema that is pasted there. */
  const said = async (topic: string, schemaKind: string, schema: string) =>
    (
      await ask<{ message: string }>(`${spec.type}:sentence`, registry.url, {
        topic,
        schemaKind,
        schema
      })
    ).message

  it('says in its dialog which registry answers, or why none does', async () => {
    await registry.register('a-value', { schema: '"string"' })
    assert.equal(await test(registry.url), 'The registry answers. It has 1 subject.')
    assert.match(await test(new URL('/', registry.url).href), /answers with/)
    assert.match(await test('http://127.0.0.1:9'), /cannot be reached/)
  })

  const avro = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'R', fields })
  const text = (name: string) => ({ name, type: 'string' })
  const json = (properties: object, ...required: string[]) =>
    JSON.stringify({ type: 'object', properties, required, additionalProperties: false })
  const proto = (fields: string) => `syntax = "proto3"; message R { ${fields} }`
  const number = { type: 'number' }
  const draft7 = (schema: object) =>
    JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...schema })

  for (const [kind, older, newer, expected] of [
    ['AVRO', avro(text('a')), avro(), 'yes'],
    [
      'AVRO',
      avro(text('a')),
      avro(text('a'), text('unit'), { ...text('ok'), default: '' }),
      'no, the field unit was added without a default'
    ],
    ['AVRO', avro(text('a')), avro({ name: 'a', type: 'int' }), 'no, a is int, and was string'],
    [
      'JSON',
      json({ unit: { type: 'string' }, v: number }),
      json({ v: { type: 'string' } }, 'v'),
      'no, v is string, and was number; the field v must be there now; the field unit was removed'
    ],
    [
      'PROTOBUF',
      proto('string unit = 1; int32 x = 2;'),
      proto('string x = 2;'),
      'no, R.x is string = 2, and was int32 = 2; the field R.unit was removed'
    ]
  ] as const)
    it(`says in the dialog of a producer whether it is compatible: ${kind} ${expected}`, async () => {
      const topic = `${kind}-${expected.length}`
      await registry.register(`${topic}-value`, { schemaType: kind, schema: older })
      await registry.demand(`${topic}-value`, 'BACKWARD')
      const asked = `Backward compatible with version 1 of "${topic}-value"`
      assert.equal(await said(topic, kind, newer), `${asked}: ${expected}.`)
      assert.match(await said(topic, kind, older), /^It is registered: version 1/)
    })

  it('says of a subject that is new, and of what is no schema', async () => {
    assert.match(await said('new', 'AVRO', avro()), /no subject "new-value" yet/)
    assert.match(await said('a', 'AVRO', '{'), /cannot be used: .*not JSON/)
    assert.match(await said('a', 'AVRO', ''), /no schema to ask about/)
    assert.match(await said('${TOPIC}', 'AVRO', '"int"'), /known when it is deployed/)
  })

  it('offers its subjects', async () => {
    const { items } = await ask<{ items: string[] }>(`${spec.type}:names`, registry.url)
    assert.ok(items.includes('a-value'), items.join())
  })

  for (const [login, header] of [
    [{}, undefined],
    [{ username: 'key', password: 'secret' }, 'Basic a2V5OnNlY3JldA=='],
    [{ username: 'key', password: 'secret', token: 't' }, 'Bearer t']
  ] as const)
    it(`sends as login ${header}`, () => {
      const options = parseOptions(spec, { url: 'http://127.0.0.1:8081/api/', ...login })
      const { authorization, url } = settingsOf(options, undefined)
      assert.deepEqual([authorization, url], [header, 'http://127.0.0.1:8081/api'])
    })

  it('does not start with a TLS configuration that is not there', () => {
    const options = parseOptions(spec, { url: 'https://127.0.0.1:8081', tls: 'gone' })
    assert.throws(() => settingsOf(options, undefined), /TLS/)
  })

  describe('validates by a subject', () => {
    const deploy = async (subject: string, more: object = {}) => {
      await nodeRed.deploy([
        { id: 'tab', type: 'tab' },
        { id: 'registry', type: spec.type, url: registry.url, timeoutS: 2 },
        {
          id: 'check',
          z: 'tab',
          type: 'millrace-validate',
          choose: 'subject',
          registry: 'registry',
          subject,
          refreshS: 1,
          ...more,
          wires: [['good'], ['bad']]
        },
        { id: 'good', z: 'tab', type: 'collect' },
        { id: 'bad', z: 'tab', type: 'collect' }
      ])
      got.good.length = got.bad.length = 0
    }
    const check = (payload: object) => nodeRed.node<Node>('check').receive({ payload } as never)
    const codes = () => got.bad.map(each => (each as Rejection).reason.code)
    const status = () => report().nodes.find(({ id }) => id === 'check')!.status?.text ?? ''

    it('of JSON Schema with what it refers to, by each newer version once it is there', async () => {
      await registry.register('kind.json', {
        schemaType: 'JSON',
        schema: draft7({ type: 'string', enum: ['a', 'b'] })
      })
      const schema = (required: string) =>
        draft7({
          type: 'object',
          properties: { kind: { $ref: 'kind.json' } },
          required: [required]
        })
      const references = [{ name: 'kind.json', subject: 'kind.json', version: 1 }]
      await registry.register('checks', { schemaType: 'JSON', schema: schema('a'), references })
      await deploy('checks')
      for (const record of [{ a: 1, kind: 'b' }, { a: 1, kind: 'c' }, { b: 1 }]) check(record)
      await until('the records', () => got.good.length + got.bad.length === 3)
      assert.deepEqual(
        [got.good, codes()],
        [[{ a: 1, kind: 'b' }], ['FIELD_VALUE', 'FIELD_MISSING']]
      )
      await registry.demand('checks', 'NONE')
      await registry.register('checks', { schemaType: 'JSON', schema: schema('b'), references })
      await until('version 2', () => status().includes('version 2'))
      check({ b: 2 })
      await until('the record', () => got.good.length === 2)
      await deploy('checks', { schemaFrom: 'version', schemaVersion: 1 })
      check({ b: 2 })
      await until('the letter', () => codes().length === 1)
    })

    it('of Avro, as it could be written; of none, not at all', async () => {
      await registry.register('avro', { schema: avro(text('a'), { name: 'n', type: 'long' }) })
      await deploy('avro')
      for (const record of [
        { a: 'x', n: 2 ** 40 },
        { a: 'x', n: 0.5 },
        { a: 'x', n: 1, m: 2 }
      ])
        check(record)
      await until('the records', () => got.good.length + got.bad.length === 3)
      assert.deepEqual([got.good.length, codes()], [1, ['FIELD_TYPE', 'FIELD_UNEXPECTED']])
      await deploy('nothing')
      check({ a: 1 })
      await until('the letter', () => codes().join() === 'SUBJECT_UNKNOWN')
      await until('the status', () => status().includes('missing'))
    })

    it('waits at the start while the registry is away, and goes on with what it knows', async () => {
      await registry.kill()
      await deploy('late')
      check({ a: 1 })
      await until('the status', () => status().includes('registry away'), 20_000)
      assert.deepEqual(got, { good: [], bad: [] })
      await registry.restart()
      await registry.register('late', {
        schemaType: 'JSON',
        schema: draft7({ type: 'object', required: ['a'], properties: {} })
      })
      await until(
        'an answer',
        () => {
          check({ a: 2 })
          return got.good.length > 0
        },
        30_000
      )
      await registry.kill()
      got.good.length = 0
      check({ a: 3 })
      check({})
      await until('the records', () => got.good.length === 1 && codes().includes('FIELD_MISSING'))
    })
  })
})
