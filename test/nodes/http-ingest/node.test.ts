import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { InfluxDB, Point } from '@influxdata/influxdb-client'
import { encode as msgpack } from '@msgpack/msgpack'
import { provenanceOf, type Rejection } from '../../../core/record/record.ts'
import httpIngest from '../../../nodes/http-ingest/runtime.ts'
import { registerCollect } from '../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'
import { HttpScene, JSON_TYPE, post, TOKEN } from './scene.ts'

describe('http-ingest', function () {
  this.timeout(30_000)
  let red: RunningNodeRed

  before(async () => {
    red = await startNodeRed({ nodes: [httpIngest, registerCollect] })
  })
  after(() => red.stop())
  afterEach(() => red.deploy([]))

  async function deploy(options: Record<string, unknown> = {}): Promise<HttpScene> {
    const scene = new HttpScene(options)
    await red.deploy(scene.flow)
    if (options.protocol === 'influx')
      await until('its start', () => isHealthy(`${red.url}/${options.prefix ?? ''}/health`))
    return scene
  }
  const isHealthy = async (url: string) => (await fetch(url)).ok
  const urlOf = (scene: HttpScene) => `${red.url}/${scene.path}/site-01/d1`

  describe('answers what became of the records', () => {
    it('204 once a record is stored, with the fields of the path', async () => {
      const scene = await deploy()
      const { status, body } = await post(urlOf(scene), '{"metric":"t","value":21.5}')
      assert.deepEqual([status, body], [204, ''])
      assert.deepEqual(scene.records, [
        { metric: 't', value: 21.5, site: 'site-01', device_id: 'd1' }
      ])
      const [record] = scene.taken.records
      assert.deepEqual(provenanceOf(record)?.taken.origin, {
        kind: 'flow',
        topic: `${scene.path}/site-01/d1`
      })
      assert.equal(provenanceOf(record)?.taken.key, 'd1')
    })

    it('nothing before they are stored', async () => {
      const scene = await deploy()
      scene.taken.treatment = 'hold'
      let answered = false
      const answer = post(urlOf(scene), '[{"v":1},{"v":2}]').finally(() => {
        answered = true
      })
      await until('the records', () => scene.records.length === 2)
      assert.equal(answered, false)
      assert.equal(scene.metrics.inFlight, 2)
      scene.taken.release()
      assert.equal((await answer).status, 204)
    })

    it('207 where some are no records, which are dead letters with their place', async () => {
      const scene = await deploy()
      const { status, body } = await post(urlOf(scene), '[{"v":1},7,{"v":2}]')
      assert.equal(status, 207)
      assert.deepEqual(
        { ...(JSON.parse(body) as object), errors: undefined },
        { accepted: 2, rejected: 1, errors: undefined }
      )
      assert.deepEqual(
        (JSON.parse(body) as { errors: { place: string; code: string }[] }).errors.map(
          ({ place, code }) => [place, code]
        ),
        [['1', 'NOT_A_RECORD']]
      )
      const [letter] = scene.rejected.records as Rejection[]
      assert.equal(letter?.raw?.toString(), '[{"v":1},7,{"v":2}]')
    })

    it('400 where none is, once the dead letter is stored', async () => {
      const scene = await deploy()
      scene.rejected.treatment = 'hold'
      const answer = post(urlOf(scene), 'nonsense')
      await until('the dead letter', () => scene.rejected.records.length === 1)
      scene.rejected.release()
      assert.equal((await answer).status, 400)
    })

    it('202 at once, where nobody waits', async () => {
      const scene = await deploy({ acknowledge: 'received' })
      scene.taken.treatment = 'hold'
      assert.equal((await post(urlOf(scene), '{"v":1}')).status, 202)
    })

    it('503 when it takes too long; the next try with the same key waits for the first', async () => {
      const scene = await deploy({ answerS: 1 })
      scene.taken.treatment = 'hold'
      const headers = { ...JSON_TYPE, 'Idempotency-Key': 'k1' }
      const first = await post(urlOf(scene), '{"v":1}', headers)
      assert.deepEqual([first.status, first.headers.get('retry-after')], [503, '1'])
      const second = post(urlOf(scene), '{"v":1}', headers)
      await new Promise(resolve => setTimeout(resolve, 100))
      scene.taken.release()
      assert.equal((await second).status, 204)
      assert.equal((await post(urlOf(scene), '{"v":1}', headers)).status, 204)
      assert.equal(scene.records.length, 1)
    })

    it('429 while there is no room, and takes again when there is', async () => {
      const scene = await deploy({ maxInFlight: 2 })
      scene.taken.treatment = 'hold'
      const first = post(urlOf(scene), '[{"v":1},{"v":2}]')
      await until('the records', () => scene.records.length === 2)
      const full = await post(urlOf(scene), '{"v":3}')
      assert.deepEqual([full.status, full.headers.get('retry-after')], [429, '1'])
      scene.taken.release()
      assert.equal((await first).status, 204)
      assert.equal((await post(urlOf(scene), '{"v":3}')).status, 204)
      assert.equal(scene.records.length, 3)
    })

    it('503 to those who wait when it is deployed anew', async () => {
      const scene = await deploy()
      scene.taken.treatment = 'hold'
      const waiting = post(urlOf(scene), '{"v":1}')
      await until('the record', () => scene.records.length === 1)
      await red.deploy([])
      const { status, headers } = await waiting
      assert.deepEqual([status, headers.get('retry-after')], [503, '1'])
    })

    it('503 while the flows are stopped; keys that were answered are known afterwards', async () => {
      const scene = await deploy()
      const headers = { ...JSON_TYPE, 'Idempotency-Key': 'k1' }
      assert.equal((await post(urlOf(scene), '{"v":1}', headers)).status, 204)
      await red.RED.runtime.flows.setState({ state: 'stop' })
      const { status, headers: said } = await post(urlOf(scene), '{"v":2}')
      assert.deepEqual([status, said.get('retry-after')], [503, '1'])
      await red.RED.runtime.flows.setState({ state: 'start' })
      assert.equal((await post(urlOf(scene), '{"v":1}', headers)).status, 204)
      assert.deepEqual(scene.records.length, 1)
      const moved = scene.flow.map(entry =>
        entry.id === scene.id ? { ...entry, urlPath: `${scene.path}/{device_id}` } : entry
      )
      await red.deploy(moved)
      assert.equal((await post(urlOf(scene), '{"v":3}')).status, 404)
      assert.equal((await post(`${red.url}/${scene.path}/d1`, '{"v":3}')).status, 204)
      await red.deploy([])
      await red.deploy(scene.flow)
      assert.equal((await post(urlOf(scene), '{"v":1}', headers)).status, 204)
      assert.equal(scene.records.length, 3)
    })

    it('sends again what the flow failed with, before it answers', async () => {
      const scene = await deploy()
      scene.taken.treatment = 'fail'
      const answer = post(urlOf(scene), '{"v":1}')
      await until('a try', () => scene.records.length > 0)
      scene.taken.treatment = 'store'
      assert.equal((await answer).status, 204)
    })
  })

  describe('reads', () => {
    const bodies: readonly (readonly [
      name: string,
      headers: Record<string, string>,
      body: string | Buffer,
      records: readonly object[],
      options?: Record<string, unknown>
    ])[] = [
      ['a list with white space before it', JSON_TYPE, ' \n[{"v":1}]', [{ v: 1 }]],
      [
        'JSON lines',
        { 'Content-Type': 'application/x-ndjson' },
        '{"v":1}\n{"v":2}\n',
        [{ v: 1 }, { v: 2 }]
      ],
      ['CSV', { 'Content-Type': 'text/csv; charset=utf-8' }, 'a,b\n1,2\n', [{ a: 1, b: 2 }]],
      [
        'CBOR',
        { 'Content-Type': 'application/cbor' },
        Buffer.from([0x81, 0xa1, 0x61, 0x76, 1]),
        [{ v: 1 }]
      ],
      [
        'MessagePack',
        { 'Content-Type': 'application/msgpack' },
        Buffer.from(msgpack([{ v: 1 }])),
        [{ v: 1 }]
      ],
      ['gzip', { ...JSON_TYPE, 'Content-Encoding': 'gzip' }, gzipSync('{"v":1}'), [{ v: 1 }]],
      ['without a type', {}, '{"v":1}', [{ v: 1 }]],
      [
        'a format of its own, at a path',
        { 'Content-Type': 'application/octet-stream' },
        '{"gateway":"g","values":[{"v":1}]}',
        [{ gateway: 'g', v: 1 }],
        { format: 'json', at: 'list', path: 'values' }
      ]
    ]
    for (const [name, headers, body, records, options] of bodies) {
      it(name, async () => {
        const scene = await deploy(options)
        assert.equal((await post(urlOf(scene), body, headers)).status, 204)
        const own = scene.records.map(record => {
          const { site, device_id, ...rest } = record as Record<string, unknown>
          return rest
        })
        assert.deepEqual(own, records)
      })
    }
  })

  describe('refuses', () => {
    it('who does not say who it is', async () => {
      const scene = await deploy({ access: 'token', credentials: { token: TOKEN } })
      const url = urlOf(scene)
      const none = await post(url, '{"v":1}')
      assert.deepEqual(
        [none.status, none.headers.get('www-authenticate')],
        [401, 'Bearer realm="records"']
      )
      for (const authorization of ['Bearer wrong', `Basic ${btoa('a:b')}`, TOKEN]) {
        const headers = { ...JSON_TYPE, Authorization: authorization }
        assert.equal((await post(url, '{"v":1}', headers)).status, 401, authorization)
      }
      const headers = { ...JSON_TYPE, Authorization: `Bearer ${TOKEN}` }
      assert.equal((await post(url, '{"v":1}', headers)).status, 204)
      assert.equal(scene.records.length, 1)
    })

    it('a password that is too short to be one, at its start', async () => {
      const scene = new HttpScene({ access: 'token', credentials: { token: 'short' } })
      await red.deploy(scene.flow)
      assert.match(scene.metrics.status?.text ?? '', /Token: must have at least 16/)
      assert.equal((await post(urlOf(scene), '{"v":1}')).status, 404)
    })

    it('web pages of other servers, other methods, types and encodings, large bodies', async () => {
      const scene = await deploy({ maxBodyBytes: 100 })
      const url = urlOf(scene)
      const statusOf = async (headers: Record<string, string>, body: string | Buffer = '{"v":1}') =>
        (await post(url, body, headers)).status
      assert.equal(await statusOf({ ...JSON_TYPE, Origin: 'https://elsewhere.test' }), 403)
      assert.equal((await fetch(url)).status, 405)
      assert.equal(await statusOf({ 'Content-Type': 'image/png' }), 415)
      assert.equal(await statusOf({ ...JSON_TYPE, 'Content-Encoding': 'br' }), 415)
      assert.equal(await statusOf(JSON_TYPE, Buffer.alloc(101, ' ')), 413)
      assert.equal(await statusOf(JSON_TYPE, '{"v":1}'), 204)
      assert.equal(scene.metrics.in, 1)
    })

    it('a path that could be one of the editor, at its start', async () => {
      const scene = await deploy({ urlPath: '{site}/{device_id}' })
      assert.match(
        scene.metrics.status?.text ?? '',
        /Path: "{site}" could take requests of the editor/
      )
    })

    it('paths that are not its own', async () => {
      const scene = await deploy()
      for (const path of [scene.path, `${scene.path}/a/b/c`, `${scene.path}/a/%zz`])
        assert.equal((await post(`${red.url}/${path}`, '{}')).status, 404, path)
    })

    it('a body that comes too slowly, or is announced and never comes', async () => {
      // As with the defaults: the time for the answer does not begin before the body is whole.
      const scene = await deploy({ uploadS: 1, answerS: 1 })
      const { hostname, port, pathname } = new URL(urlOf(scene))
      const socket = connect(Number(port), hostname)
      socket.write(`POST ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"v"`)
      let said = ''
      socket.on('data', (chunk: Buffer) => {
        said += chunk
      })
      await until('the answer', () => said.includes('408'))
      await until('the end of the connection', () => socket.closed || socket.destroyed, 5_000)
      assert.equal(scene.metrics.in, 0)
    })
  })

  it('takes a path that begins with two slashes, and one large body alone', async () => {
    const scene = await deploy({ urlPath: 'in a/{site}', maxBodyBytes: 100 << 20 })
    assert.equal((await post(`${red.url}//in%20a/s`, '{"v":1}')).status, 204)
    const large = Buffer.alloc(66 << 20, ' ')
    large.write('{"v":2}')
    assert.equal((await post(`${red.url}/in%20a/s`, large)).status, 204)
    assert.equal(scene.records.length, 2)
  })

  it('counts what a body is with its compression undone', async () => {
    const scene = await deploy({ maxBytes: 100 << 20 })
    scene.taken.treatment = 'hold'
    const whole = Buffer.alloc(33 << 20, ' ')
    whole.write(`{"v":"${randomBytes(400_000).toString('hex')}"}`)
    const body = gzipSync(whole, { level: 1 })
    const headers = { ...JSON_TYPE, 'Content-Encoding': 'gzip' }
    const first = post(urlOf(scene), body, headers)
    await until('the record', () => scene.records.length === 1)
    const second = await post(urlOf(scene), body, headers)
    assert.deepEqual([second.status, second.headers.get('retry-after')], [503, '1'])
    scene.taken.release()
    assert.equal((await first).status, 204)
  })

  it('outlives senders that leave in the middle, and such that never read', async () => {
    const scene = await deploy()
    const { hostname, port, pathname } = new URL(urlOf(scene))
    const begin = (rest: string) => {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => undefined)
      socket.write(`POST ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n${rest}`)
      return socket
    }
    for (let time = 0; time < 20; time++) begin('{"v').resetAndDestroy()
    const deaf = Array.from({ length: 20 }, () => begin('{"v":1}').pause())
    await until('their records', () => scene.metrics.stored === 20)
    for (const socket of deaf) socket.destroy()
    assert.equal((await post(urlOf(scene), '{"v":2}')).status, 204)
  })

  describe('takes what InfluxDB clients write', () => {
    it('of the client library, in each precision, compressed', async () => {
      const scene = await deploy({
        protocol: 'influx',
        prefix: 'db',
        access: 'token',
        credentials: { token: TOKEN }
      })
      const client = new InfluxDB({ url: `${red.url}/db`, token: TOKEN })
      for (const [precision, time] of [
        ['ns', '1700000000123456789'],
        ['us', 1700000000123456],
        ['ms', 1700000000123],
        ['s', 1700000000]
      ] as const) {
        const api = client.getWriteApi('any', 'plant', precision, { gzipThreshold: 1 })
        api.writePoint(
          new Point('weather')
            .tag('site', 'a b')
            .floatField('t', 21.5)
            .intField('n', 3)
            .timestamp(time)
        )
        await api.close()
      }
      assert.deepEqual(
        scene.records.map(record => (record as { ts: string }).ts),
        ['1700000000123456789', '1700000000123456000', '1700000000123000000', '1700000000000000000']
      )
      assert.deepEqual(scene.records[0], {
        measurement: 'weather',
        site: 'a b',
        n: 3,
        t: 21.5,
        ts: '1700000000123456789',
        bucket: 'plant'
      })
    })

    it('of the first version, with a partial write told as an error', async () => {
      const scene = await deploy({
        protocol: 'influx',
        access: 'token',
        credentials: { token: TOKEN }
      })
      const url = `${red.url}/write?db=plant&p=x`
      const headers = { Authorization: `Basic ${btoa(`telegraf:${TOKEN}`)}` }
      assert.equal((await post(url, 'cpu,host=a load=1\n', headers)).status, 204)
      const partial = await post(url, 'cpu load=1\nnonsense\n', headers)
      assert.equal(partial.status, 400)
      assert.match(partial.body, /"code":"invalid","message":"partial write: 1 of 2 points refused/)
      assert.equal(scene.records.length, 2)
      assert.equal((await fetch(`${red.url}/ping`)).status, 204)
      const health = async () => {
        const response = await fetch(`${red.url}/health`)
        const { status } = (await response.json()) as { status: string }
        return [response.status, status]
      }
      assert.deepEqual(await health(), [200, 'pass'])
      await red.RED.runtime.flows.setState({ state: 'stop' })
      assert.deepEqual(await health(), [503, 'fail'])
      await red.RED.runtime.flows.setState({ state: 'start' })
    })
  })
})
