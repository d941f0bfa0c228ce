import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import enrich from '../../../../nodes/enrich/runtime.ts'
import normalize from '../../../../nodes/normalize/runtime.ts'
import route from '../../../../nodes/route/runtime.ts'
import validate from '../../../../nodes/validate/runtime.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { ask, previewOf } from './ask.ts'

const TAB = { id: 'tab', type: 'tab', label: 'previews' }
const VARIABLE = 'MILLRACE_TEST_PREVIEW'
const HIDDEN = 'what-only-the-process-knows'

describe('the route of the preview', function () {
  this.timeout(60_000)
  let red: RunningNodeRed
  before(async () => {
    process.env[VARIABLE] = HIDDEN
    red = await startNodeRed({ nodes: [enrich, normalize, route, validate] })
  })
  after(async () => {
    delete process.env[VARIABLE]
    await red?.stop()
  })

  it('takes JSON of its own editor only', async () => {
    const body = { action: 'samples', id: 'x' }
    assert.equal((await ask(red, 'validate', body)).status, 200)
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', '']) {
      assert.equal((await ask(red, 'validate', body, { 'content-type': type })).status, 415, type)
    }
    assert.equal((await ask(red, 'validate', body, { origin: 'https://evil.example' })).status, 403)
    assert.equal((await ask(red, 'validate', body, { 'sec-fetch-site': 'cross-site' })).status, 403)
  })

  it('has the only way to what nodes have seen: samples are given by no other route', async () => {
    await red.deploy([TAB, { id: 'seen', type: 'millrace-validate', z: 'tab', wires: [[], []] }])
    red
      .node<{ receive(message: object): void }>('seen')
      .receive({ topic: 'secret-topic', payload: { a: 'secret-value' } })
    assert.match(
      JSON.stringify(await ask(red, 'validate', { action: 'samples', id: 'seen' })),
      /secret-value/
    )
    for (const path of ['/millrace/metrics', '/millrace/metrics/prometheus', '/flows', '/nodes']) {
      const text = await (await fetch(`${red.url}${path}`)).text()
      assert.ok(!/secret-(topic|value)/.test(text), path)
    }
  })

  it('the saved token goes where it was saved for, and nowhere else', async () => {
    const tokens: (string | undefined)[] = []
    const answering = async () => {
      const server = createServer((request, response) => {
        tokens.push(request.headers.authorization)
        response.setHeader('content-type', 'application/json').end('{"location":"here"}')
      })
      await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
      return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/{key}` }
    }
    const [mine, others] = [await answering(), await answering()]
    try {
      const node = {
        id: 'add',
        type: 'millrace-enrich',
        z: 'tab',
        source: 'http',
        url: mine.url,
        wires: [[], []]
      }
      await red.deploy([TAB, { ...node, credentials: { token: 'saved' } }])
      const made = (change: object) => {
        const values = { source: 'http', url: mine.url, token: '__PWRD__', ...change }
        return ask(red, 'enrich', {
          action: 'preview',
          id: 'add',
          values,
          given: { text: '{"device_id":"d1"}' }
        })
      }
      const same = await made({ unknown: 'pass' })
      assert.equal(same.ok, true, same.message)
      assert.deepEqual(tokens.splice(0), ['Bearer saved'])
      const other = await made({ url: others.url })
      assert.match(other.message!, /type it again/)
      assert.deepEqual(tokens, [])
    } finally {
      for (const { server } of [mine, others]) {
        server.closeAllConnections()
        server.close()
      }
    }
  })

  it('no answer shows what a variable stands for', async () => {
    const target = `\${${VARIABLE}}`
    const values = { target, pastDays: 0, futureS: 0 }
    const given = { text: '{"ts":1708700000}' }
    await red.deploy([
      TAB,
      { id: 'named', type: 'millrace-normalize', z: 'tab', ...values, wires: [[], []] }
    ])
    const same = await ask(red, 'normalize', { action: 'preview', id: 'named', values, given })
    assert.deepEqual(same.outputs![0]!.records[0]!.record, {
      ts: 1708700000,
      [target]: '2024-02-23T14:53:20.000Z'
    })
    const other = await ask(red, 'normalize', { action: 'preview', id: 'new', values, given })
    assert.ok(!JSON.stringify([same, other]).includes(HIDDEN))
    assert.match(other.message!, /variable/)
  })

  const deep = '['.repeat(50_000) + ']'.repeat(50_000)
  const strange: readonly [string, string][] = [
    ['no object', '[]'],
    ['no action', '{}'],
    ['another action', '{"action":"__proto__"}'],
    ['no message', '{"action":"preview"}'],
    ['a message of another kind', '{"action":"preview","given":[]}'],
    ['a text that is none', '{"action":"preview","given":{"text":5}}'],
    ['a topic that is none', '{"action":"preview","given":{"topic":{},"text":""}}'],
    ['a long text', JSON.stringify({ action: 'preview', given: { text: 'x'.repeat(300_000) } })],
    [
      'a long sample',
      JSON.stringify({ action: 'preview', given: { payload: 'x'.repeat(300_000) } })
    ],
    [
      'long settings',
      JSON.stringify({
        action: 'preview',
        values: { schema: 'x'.repeat(2_100_000) },
        given: { text: '1' }
      })
    ],
    ['deep settings', `{"action":"preview","values":{"a":${deep}},"given":{"text":"1"}}`],
    ['a deep sample', `{"action":"preview","given":{"payload":${deep}}}`]
  ]
  for (const [name, body] of strange) {
    it(`answers with a sentence to ${name}`, async () => {
      const { status, ok, message } = await ask(red, 'validate', body)
      assert.equal(status, 200)
      assert.equal(ok, false)
      assert.ok(message !== undefined && message.length > 5 && message.length < 4_100, message)
    })
  }

  const payloads: readonly [string, object][] = [
    ['a deep text', { text: deep }],
    ['a deep record', { text: `${'{"a":'.repeat(200)}1${'}'.repeat(200)}` }],
    [
      'a prototype',
      { text: '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}' }
    ],
    ['many records', { text: JSON.stringify(Array.from({ length: 50_000 }, () => 1)) }],
    [
      'a record of many fields',
      {
        text: JSON.stringify(
          Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`f${at}`, at]))
        )
      }
    ],
    [
      'places that are none',
      {
        payload: [{ a: 1 }],
        taken: [{ origin: { kind: 'kafka', topic: {} }, headers: { a: {} }, key: {} }]
      }
    ],
    ['places without end', { payload: [{ a: 1 }], taken: 'x' }],
    ['bytes', { payload: { $bytes: 'AAAA' } }],
    ['nothing', {}]
  ]
  for (const [name, given] of payloads) {
    it(`previews, in bounded time and memory, ${name}`, async () => {
      for (const node of ['validate', 'normalize', 'enrich', 'route']) {
        const rules = [
          { match: 'all', conditions: [{ field: 'value', operator: 'gt', value: 80 }] }
        ]
        const answer = await ask(red, node, { action: 'preview', values: { rules }, given })
        assert.equal(answer.ok, true, answer.message)
        assert.ok(JSON.stringify(answer).length < 1_000_000)
        assert.equal(({} as { polluted?: number }).polluted, undefined)
      }
    })
  }

  it('answers no more than eight at a time', async () => {
    const all = await Promise.all(
      Array.from({ length: 40 }, () => previewOf(red, 'validate', {}, '{}'))
    )
    assert.ok(all.every(({ status }) => status === 200 || status === 429))
    assert.ok(all.some(({ status }) => status === 200))
  })
})
