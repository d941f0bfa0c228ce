/** What registries, and others at their address, answer; a real one is in the tests of nodes. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { neededFor } from '../../../core/format/schema-id.ts'
import { compatibilityOf } from '../../../core/registry/compatibility.ts'
import { MISSING, RegistryClient } from '../../../core/registry/registry-client.ts'
import { SchemaRegistry } from '../../../core/registry/schema-registry.ts'
import { until } from '../../until.ts'

type Answer = readonly [status: number, body: string]

describe('core/registry', () => {
  let server: Server
  let answer: (path: string) => Answer
  let asked = 0
  let atOnce = 0
  let most = 0

  const respond = (request: IncomingMessage, response: ServerResponse) => {
    asked++
    most = Math.max(most, ++atOnce)
    setTimeout(() => {
      atOnce--
      const [status, body] = answer(request.url!)
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    }, 2)
  }
  before(async () => {
    server = createServer(respond)
    server.on('upgrade', (_request, socket) =>
      socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')
    )
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  beforeEach(() => {
    asked = most = 0
  })

  const settings = () => ({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorization: undefined,
    tls: undefined,
    timeoutMs: 2_000
  })
  it('says whether a schema is compatible where the login may not read the rule', async () => {
    const missing = JSON.stringify({ error_code: 40_403, message: 'Schema not found' })
    answer = path => {
      if (path.startsWith('/config')) return [403, '{"error_code":40301,"message":"no"}']
      if (path.startsWith('/compatibility')) return [200, '{"is_compatible":true}']
      return path.endsWith('/versions/latest')
        ? [200, '{"id":1,"version":3,"schema":"\\"int\\""}']
        : [404, missing]
    }
    const client = new RegistryClient(settings())
    const schema = { schema: '"long"', schemaType: 'AVRO', references: [] } as const
    assert.deepEqual(await compatibilityOf(client, 's', schema), {
      isCompatible: true,
      sentence: 'Compatible with version 3 of "s": yes.'
    })
    client.close()
  })

  async function told(id: number): Promise<string> {
    const client = new RegistryClient(settings())
    try {
      const found = await client.schemaOf(id)
      if (found === MISSING) return 'missing'
      return found.kind === 'UNUSABLE' ? found.why : `${found.kind} ${found.references.length}`
    } catch (error) {
      return (error as { code: string }).code
    } finally {
      client.close()
    }
  }
  const circle = JSON.stringify({
    schema: '{}',
    references: Array.from({ length: 2 }, (_, at) => ({ name: `n${at}`, subject: 's', version: 1 }))
  })

  for (const [what, status, body, expected] of [
    ['a schema', 200, '{"schema":"\\"int\\""}', 'AVRO 0'],
    [
      'a schema that refers to none',
      200,
      '{"schema":"{}","schemaType":"JSON","references":null}',
      'JSON 0'
    ],
    ['no such schema', 404, '{"error_code":40403,"message":"Schema not found"}', 'missing'],
    [
      'no such path',
      404,
      '{"error_code":404,"message":"HTTP 404 Not Found"}',
      'REGISTRY_UNREACHABLE'
    ],
    ['a page', 200, '<h1>Hello</h1>', 'REGISTRY_UNREACHABLE'],
    ['nothing', 200, 'null', 'REGISTRY_UNREACHABLE'],
    ['a refused login', 401, '{"error_code":401}', 'REGISTRY_REFUSED'],
    ['an error of its own', 500, '{"error_code":50001}', 'REGISTRY_UNREACHABLE'],
    ['that the id is none', 422, '{"error_code":42201}', /says 422/],
    ['a kind that is not read', 200, '{"schema":"x","schemaType":"THRIFT"}', /THRIFT/],
    ['a schema that refers to itself', 200, circle, /refers to itself/],
    ['the way to another address', 302, '', 'REGISTRY_UNREACHABLE'],
    ['a schema of ten megabytes', 200, `{"schema":"${'x'.repeat(10_000_000)}"}`, /too long/],
    ['a schema of a megabyte', 200, `{"schema":"${'x'.repeat(1_000_000)}"}`, /too long/]
  ] as const)
    it(`hears ${what}`, async () => {
      answer = () => [status, body]
      assert.match(
        await told(7),
        expected instanceof RegExp ? expected : new RegExp(`^${expected}$`)
      )
    })

  it('does not ask for an id that cannot be one', async () => {
    assert.equal(await told(0x8000_0000), 'missing')
    assert.equal(asked, 0)
  })

  it('asks a few at a time, however many ids a topic has, and each once', async () => {
    answer = () => [404, '{"error_code":40403}']
    const registry = new SchemaRegistry(settings())
    const ids = Array.from({ length: 500 }, (_, id) => id)
    await Promise.all([...ids, ...ids].map(id => registry.needed(id, 'reject')))
    assert.deepEqual([asked, most <= 8, registry.problem], [500, true, undefined])
    assert.equal(registry.needed(3, 'reject'), undefined)
    registry.close()
  })

  it('asks again soon for an id that was not there', async () => {
    answer = () => [404, '{"error_code":40403}']
    const registry = new SchemaRegistry(settings())
    await registry.needed(1, 'reject')
    answer = () => [200, '{"schema":"\\"int\\""}']
    await until('the schema', async () => {
      await registry.needed(1, 'reject')
      return registry.known(1)?.kind === 'AVRO'
    })
    registry.close()
  }).timeout(10_000)

  it('forgets no schema while payloads may still be read by it, however many others come', async () => {
    answer = () => [200, `{"schema":"\\"int\\"","pad":""}`]
    const registry = new SchemaRegistry(settings(), 20)
    const header = (id: number) => Buffer.from([0, 0, 0, id >> 8, id & 0xff])
    const batch = {}
    await neededFor([header(1)], registry, 'reject', batch)
    const others = Array.from({ length: 100 }, (_, at) => header(at + 2))
    await neededFor(others, registry, 'reject', {})
    assert.equal(registry.known(1)?.kind, 'AVRO')
    assert.equal(await neededFor([header(1)], registry, 'reject', batch), undefined)
    registry.close()
  })

  it('of a batch whose records all name other ids asks for a few at a time', async () => {
    let waiting = 0
    let mostWaiting = 0
    const known = new Set<number>()
    const schemas = {
      known: () => undefined,
      needed(id: number) {
        if (id % 3 === 0) return undefined
        mostWaiting = Math.max(mostWaiting, ++waiting)
        return new Promise<void>(resolve => setImmediate(resolve)).then(() => {
          waiting--
          known.add(id)
        })
      }
    }
    const payloads = Array.from({ length: 3_000 }, (_, id) =>
      Buffer.of(0, 0, 0, id >> 8, id & 0xff)
    )
    await neededFor([...payloads, ...payloads], schemas, 'wait', {})
    assert.deepEqual([known.size, mostWaiting], [2_000, 8])
    assert.equal(neededFor([Buffer.of(0, 0, 0, 0, 3)], schemas, 'wait', {}), undefined)
  })

  it('goes on after an answer that changes the protocol', async () => {
    server.removeListener('request', respond)
    server.on('request', (_request, response) => {
      response.socket!.end(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'
      )
    })
    assert.equal(await told(7), 'REGISTRY_UNREACHABLE')
  })
})
