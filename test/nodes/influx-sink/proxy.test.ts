// Mostly waits.
import assert from 'node:assert/strict'
import { influxDbHere } from '../../servers/time-series.ts'
import { Answering } from './answering.ts'
import { range, reading, readings, SinkRig } from './rig.ts'

const server = await influxDbHere()

if (server !== undefined)
  describe('the influx sink behind a proxy', function () {
    this.timeout(60_000)
    let rig: SinkRig
    let proxy: Answering

    before(async () => {
      proxy = await Answering.before(await server.start())
      rig = await SinkRig.start()
    })
    beforeEach(() => {
      rig.begin()
      proxy.answers.length = proxy.seen.length = proxy.order.length = 0
      proxy.mostBytes = Number.POSITIVE_INFINITY
    })
    afterEach(() => rig.nodeRed.deploy([]))
    after(async () => {
      await rig.stop()
      proxy.close()
      await server.end()
    })
    const behind = (sink: object = {}) => rig.deploy(server, proxy.url, sink)

    it('sends less at a time to one that takes less, and learns how much', async () => {
      proxy.mostBytes = 3_000
      const sink = await behind({ gzip: false })
      sink.receive({ payload: readings(0, 200) })
      await rig.finished(1)
      assert.deepEqual(await rig.hold(server, 200), range(200))
      proxy.seen.length = 0
      sink.receive({ payload: readings(200, 200) })
      await rig.finished(2)
      assert.ok(proxy.seen.every(({ bytes }) => bytes <= 3_000))
      assert.deepEqual(await rig.hold(server, 400), range(400))
    })

    it('rejects one record that alone is too large', async () => {
      proxy.mostBytes = 200
      const sink = await behind({ gzip: false })
      const large = { ...reading(1), location: 'x'.repeat(500) }
      sink.receive({ payload: [reading(0), large, reading(2)] })
      await rig.finished(1)
      const [rejection] = rig.rejections
      assert.equal(rejection!.reason.code, 'POINT_TOO_LARGE')
      assert.deepEqual(await rig.hold(server, 2), [0, 2])
    })

    it('waits as long as a busy one asks', async () => {
      for (const status of [429, 503])
        proxy.answers.push({ status, headers: { 'retry-after': '1' }, body: 'busy' })
      const sink = await behind()
      const beganMs = performance.now()
      sink.receive({ payload: readings(0, 5) })
      await rig.trouble(/server busy/, 'yellow')
      await rig.finished(1)
      assert.ok(performance.now() - beganMs >= 2_000)
      assert.deepEqual(await rig.hold(server, 5), range(5))
    })

    it('stores once what was stored before the answer was cut off', async () => {
      proxy.answers.push('cut after', 'cut', { status: 502 })
      const sink = await behind()
      sink.receive({ payload: readings(0, 5) })
      await rig.finished(1)
      assert.deepEqual(await rig.hold(server, 5), range(5))
    })

    it('takes no page for an acknowledgement, and a refused login as a setting', async () => {
      const page = {
        status: 200,
        headers: { 'content-type': 'text/html' },
        body: '<html>login</html>'
      }
      const refused = { status: 401, body: '{"error":"authorization failed"}' }
      proxy.answers.push(page, page, page, page, refused)
      const sink = await behind()
      sink.receive({ payload: readings(0, 5) })
      await rig.trouble(/5 waiting · no such service/, 'red')
      await rig.trouble(/5 waiting · login refused/, 'red')
      await rig.finished(1)
      assert.deepEqual(await rig.hold(server, 5), range(5))
    })

    it('writes no line before what is missing is created', async () => {
      for (const statements of [[{ waitMs: 300 }], ['cut', { waitMs: 300 }]] as const) {
        rig.begin()
        proxy.order.length = 0
        proxy.statements.push(...statements)
        const sink = await behind()
        sink.receive({ payload: readings(0, 5) })
        await rig.finished(1)
        assert.deepEqual(proxy.order, ['statement', 'lines'])
        assert.deepEqual(await rig.hold(server, 5), range(5))
      }
    })

    it('gives back what was not stored when it is stopped', async () => {
      const sink = await behind()
      sink.receive({ payload: reading(0) })
      await rig.finished(1)
      for (let n = 0; n < 50; n++)
        proxy.answers.push({ status: 503, headers: { 'retry-after': '60' } })
      sink.receive({ payload: readings(0, 5) })
      await rig.trouble(/server busy/, 'yellow')
      const beganMs = performance.now()
      await rig.nodeRed.deploy([])
      assert.ok(performance.now() - beganMs < 12_000)
      assert.equal(rig.failed.length, 1)
    })
  })
