import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import httpIngest from '../../../nodes/http-ingest/runtime.ts'
import { registerCollect } from '../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'
import { HttpScene, JSON_TYPE, post, TOKEN } from './scene.ts'

const SLOW = 50

describe('http-ingest, beside senders that take their time', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  const sockets: Socket[] = []

  before(async () => {
    red = await startNodeRed({ nodes: [httpIngest, registerCollect] })
  })
  after(() => red.stop())
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
  })

  it('answers at once while others send a byte now and then, and ends those in time', async () => {
    const scene = new HttpScene({ uploadS: 1 })
    await red.deploy(scene.flow)
    const { hostname, port } = new URL(red.url)
    const path = `/${scene.path}/s/d`
    const answers: string[] = []
    for (let each = 0; each < SLOW; each++) {
      const socket = connect(Number(port), hostname)
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.on('data', chunk => answers.push(String(chunk)))
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{`)
    }
    const dripping = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write(' ')
    }, 100)
    try {
      for (let time = 0; time < 5; time++) {
        const sentMs = performance.now()
        assert.equal((await post(`${red.url}${path}`, '{"v":1}')).status, 204)
        assert.ok(performance.now() - sentMs < 10_000)
      }
      await until('all slow ones to be ended', () => answers.length === SLOW, 15_000)
      assert.ok(answers.every(answer => answer.startsWith('HTTP/1.1 408 ')))
      assert.equal(scene.metrics.in, 5)
    } finally {
      clearInterval(dripping)
    }
  })

  it('takes a token until another one is deployed', async () => {
    const scene = new HttpScene({ access: 'token', credentials: { token: TOKEN } })
    const url = `${red.url}/${scene.path}/s/d`
    const statusOf = async (token: string) =>
      (await post(url, '{"v":1}', { ...JSON_TYPE, Authorization: `Bearer ${token}` })).status
    await red.deploy(scene.flow)
    assert.equal(await statusOf(TOKEN), 204)
    const renewed = `${TOKEN}-renewed`
    const flow = scene.flow.map(entry =>
      entry.id === scene.id ? { ...entry, credentials: { token: renewed } } : entry
    )
    await red.deploy(flow)
    assert.deepEqual([await statusOf(TOKEN), await statusOf(renewed)], [401, 204])
  })

  it('takes a megabyte in one record, and in many', async () => {
    const scene = new HttpScene({})
    await red.deploy(scene.flow)
    const url = `${red.url}/${scene.path}/s/d`
    const large = 'x'.repeat(1 << 20)
    assert.equal((await post(url, JSON.stringify({ large }))).status, 204)
    const list = Array.from({ length: 10_000 }, (_, n) => ({ n, pad: large.slice(0, 90) }))
    assert.equal((await post(url, JSON.stringify(list))).status, 204)
    assert.equal(scene.metrics.in, 10_001)
    assert.equal(scene.records.length, 10_001)
  })
})
