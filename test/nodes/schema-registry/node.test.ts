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

  async function test(url: string): Promise<string> {
    const response = await fetch(`${nodeRed.url}/millrace/probe/${spec.type}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'test', id: 'registry', values: { url } })
    })
    return ((await response.json()) as { message: string }).message
  }

  it('says in its dialog which registry answers, or why none does', async () => {
    await registry.register('a-value', { schema: '"string"' })
    assert.equal(await test(registry.url), 'The registry answers. It has 1 subject.')
    assert.match(await test(new URL('/', registry.url).href), /answers with/)
    assert.match(await test('http://127.0.0.1:9'), /cannot be reached/)
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
