import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { httpLookup } from '../../../nodes/enrich/http-lookup.ts'
import { projector } from '../../../nodes/enrich/metadata.ts'
import { persist } from '../../../nodes/enrich/persist.ts'
import { until } from '../../until.ts'
import { found } from './found.ts'

const project = projector([{ from: 'location', to: '' }], 'id')
const never = new AbortController().signal
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describe('nodes/enrich/http', () => {
  let server: Server
  let url: string
  let atOnce = 0
  let mostAtOnce = 0
  /** What a request waits for before it is answered. */
  let answerable = (): Promise<unknown> => new Promise(setImmediate)
  before(done => {
    server = createServer(async (request, response) => {
      mostAtOnce = Math.max(mostAtOnce, ++atOnce)
      await answerable()
      atOnce--
      const path = decodeURIComponent(request.url ?? '')
      if (path === '/slow') return
      if (path === '/stalls') return response.write('{')
      const answers: Record<string, [number, string]> = {
        '/gone': [410, ''],
        '/nobody': [404, 'no'],
        '/busy': [503, ''],
        '/list': [200, '[]'],
        '/huge': [200, `{"location":"${'x'.repeat(1_100_000)}"}`],
        '/who': [200, JSON.stringify({ location: request.headers.authorization ?? 'nobody' })]
      }
      const [status, body] = answers[path] ?? [200, JSON.stringify({ location: `at ${path}` })]
      response.writeHead(status).end(body)
    }).listen(0, '127.0.0.1', () => {
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/{key}`
      done()
    })
  })
  after(done => {
    server.close(done)
    server.closeAllConnections()
  })
  const start = (more: object = {}, closing = never) =>
    httpLookup({ url, token: '', timeoutMs: 2000, concurrency: 3, ...more }, project, closing)

  it('asks for several devices at a time, not for all', async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `d${index}`)
    const before = answerable
    // The first are held until as many have come as are to come at a time.
    answerable = () => until('three at once', () => mostAtOnce >= 3, 20_000, 5).then(before)
    const devices = await found(start({ timeoutMs: 25_000 }), keys).finally(() => {
      answerable = before
    })
    assert.equal(devices.size, 20)
    assert.deepEqual(devices.get('d7'), [['location', 'at /d7']])
    assert.equal(mostAtOnce, 3)
  })
  it('takes 404 and 410 for an unknown device', async () => {
    assert.deepEqual([...(await found(start(), ['gone', 'd1', 'nobody'])).keys()], ['d1'])
  })
  it('lets no device lead elsewhere', async () => {
    assert.deepEqual((await found(start(), ['a/../b?c#d'])).get('a/../b?c#d'), [
      ['location', 'at /a/../b?c#d']
    ])
    assert.equal((await found(start(), ['..', '.', 'half a pair \ud800'])).size, 0)
  })
  it('sends the token', async () => {
    assert.deepEqual((await found(start({ token: 's3cret' }), ['who'])).get('who'), [
      ['location', 'Bearer s3cret']
    ])
  })
  const failures: [key: string, more: object, problem: RegExp][] = [
    ['busy', {}, /answered 503/],
    ['list', {}, /something else than a JSON object/],
    ['huge', {}, /more than 1000000 bytes/],
    ['slow', { timeoutMs: 50 }, /did not answer within 50 ms/],
    ['d1', { url: 'http://127.0.0.1:1/{key}' }, /ECONNREFUSED|bad port/]
  ]
  for (const [key, more, problem] of failures) {
    it(`says why ${key} failed`, () => assert.rejects(found(start(more), [key]), problem))
  }
  for (const key of ['slow', 'stalls']) {
    it(`gives ${key} up in time also where garbage is collected meanwhile`, async () => {
      const work = found(start({ timeoutMs: 300 }), [key])
      const collecting = setInterval(collectGarbage, 50)
      const limit = new Promise((_resolve, refuse) => {
        setTimeout(() => refuse(new Error('it goes on waiting')), 5000).unref()
      })
      await assert.rejects(
        Promise.race([work, limit]).finally(() => clearInterval(collecting)),
        /did not answer within 300 ms/
      )
    })
  }
  it('leaves nothing behind at the signal of the node, however often it asks', async () => {
    const closing = new AbortController()
    await found(start({}, closing.signal), ['d1', 'd2', 'd3'])
    assert.equal(getEventListeners(closing.signal, 'abort').length, 0)
  })
  it('gives up when the node is stopped', async () => {
    const closing = new AbortController()
    const work = persist(() => found(start({}, closing.signal), ['slow']), {
      waitMs: 60_000,
      closing: closing.signal,
      onOutcome: () => {}
    })
    setImmediate(() => closing.abort())
    await assert.rejects(work, { code: 'CLOSED' })
  })
})
