// Mostly waits.
import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { settingsOf } from '../../../nodes/schema-registry/logic.ts'
import schemaRegistry from '../../../nodes/schema-registry/runtime.ts'
import { spec } from '../../../nodes/schema-registry/spec.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { RegistryServer } from '../../servers/registry.ts'

describe('schema-registry', function () {
  this.timeout(60_000)
  const registry = new RegistryServer()
  let nodeRed: RunningNodeRed

  before(async function () {
    this.timeout(300_000)
    await registry.start()
    nodeRed = await startNodeRed({ nodes: [schemaRegistry] })
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
})
