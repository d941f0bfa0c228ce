// Mostly waits.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Node } from 'node-red'
import { metricsFor } from '../../../core/node/metrics.ts'
import { PROVENANCE, Provenance } from '../../../core/record/record.ts'
import type { FlowEntry } from '../../node-red.ts'
import { DATABASE, timeSeriesServers } from '../../servers/time-series.ts'
import { until } from '../../until.ts'
import { range, reading, readings, SinkRig, START_MS } from './rig.ts'

const { servers, urls } = await timeSeriesServers()

describe('the influx sink in Node-RED', function () {
  this.timeout(60_000)
  let rig: SinkRig

  before(async () => {
    rig = await SinkRig.start()
  })
  beforeEach(() => rig.begin())
  afterEach(() => rig.nodeRed.deploy([]))
  after(async () => {
    await rig.stop()
    for (const server of servers) await server.end()
  })

  for (const server of servers) {
    const isVictoria = server.service === 'victoriametrics'
    // QuestDB takes seconds to start, so it does so in the long form only.
    const isOften = server.service !== 'questdb' || process.env.MILLRACE_CRASH === 'long'

    describe(`on ${server.name}`, () => {
      it('stores records, those that come again once, and completes the message after that', async () => {
        const sink = await rig.deploy(server, urls.get(server)!)
        sink.receive({ payload: readings(0, 10) })
        sink.receive({ payload: reading(10) })
        sink.receive({ payload: readings(5, 10) })
        await rig.finished(3)
        assert.deepEqual(
          rig.arrived.stored.map(({ stored }) => stored),
          [10, 1, 10].map(stored => ({ stored, rejected: 0 }))
        )
        assert.deepEqual(await rig.hold(server, 15), range(15))
        assert.equal(rig.metrics.stored, 21)
        await rig.trouble(/21 stored/, 'green')
        assert.deepEqual(rig.nodeRed.logs, [])
      })

      it('keeps every value as it was', async () => {
        const rows = [
          { name: 'tag', from: 'tag', type: 'tag', role: 'optional' },
          { name: 'my tag', from: 'other', type: 'tag', role: 'optional' },
          { name: 'value', from: 'value', type: 'number', role: 'required' },
          { name: 'whole', from: 'whole', type: 'integer', role: 'optional' },
          { name: 'on', from: 'on', type: 'boolean', role: 'optional' },
          ...(isVictoria ? [] : [{ name: 'text', from: 'text', type: 'text', role: 'optional' }])
        ]
        const text = 'a "b" \\ c, d=e\nf'
        const whole = isVictoria ? 2n ** 53n - 1n : 2n ** 63n - 1n
        const record = { tag: 'a b,c=d\\e', other: 'ü🌡"x"', value: 1e-7, whole, on: true, text }
        const sink = await rig.deploy(server, urls.get(server)!, { rows, create: 'off' })
        sink.receive({ payload: { ...record, ts_utc: '2026-02-23T15:20:00.123456Z' } })
        await rig.finished(1)
        if (isVictoria) {
          const points = await until('the values', async () => {
            const found = await server.points(rig.measurement)
            return found.length === 3 ? found : undefined
          })
          const found = Object.assign({}, ...points) as Record<string, unknown>
          assert.deepEqual(found, {
            tag: record.tag,
            'my tag': record.other,
            value: 1e-7,
            whole: Number(whole),
            on: 1,
            time: Date.parse('2026-02-23T15:20:00.123Z')
          })
          return
        }
        await rig.hold(server, 1)
        const [point] = await server.points(rig.measurement)
        assert.equal(point!.tag, record.tag)
        assert.equal(point!['my tag'], record.other)
        assert.equal(point!.text, text)
        assert.equal(point!.value, 1e-7)
        assert.equal(point!.on, true)
        assert.match(String(point!.time ?? point!.timestamp), /^2026-02-23T15:20:00.123456(000)?Z$/)
        const asText = server.service === 'influx1' ? 'whole' : 'whole::string AS w'
        const told = JSON.stringify(
          await server.run(
            `SELECT ${asText}${server.service === 'influx1' ? ', value' : ''} FROM "${rig.measurement}"`
          )
        )
        // JSON.parse has made a double of it, which says no more than that it is near.
        assert.ok(
          server.service === 'influx1'
            ? told.includes('9223372036854776000')
            : told.includes('"9223372036854775807"'),
          told
        )
      })

      it('rejects what is no point, with where it came from', async () => {
        const sink = await rig.deploy(server, urls.get(server)!)
        const origin = { kind: 'simulator' as const, topic: 'a/b' }
        const taken = { origin, key: null, headers: {}, raw: Buffer.from('bytes') }
        const provenance = new Provenance({ at: () => taken }, 0)
        const bad = { ...reading(1), value: 'n/a', [PROVENANCE]: provenance }
        sink.receive({ payload: [reading(0), bad, reading(2)] })
        await rig.finished(1)
        const [rejection] = rig.rejections
        assert.deepEqual(
          [
            rejection!.reason.code,
            rejection!.reason.path,
            rejection!.stage,
            rejection!.raw?.toString()
          ],
          ['COLUMN_TYPE', 'value', 'influx-sink', 'bytes']
        )
        assert.deepEqual(await rig.hold(server, 2), [0, 2])
      })

      it('waits for a server that is killed, and stores each once', async () => {
        if (!isOften) return
        const sink = await rig.deploy(server, urls.get(server)!, { maxLines: 50 })
        sink.receive({ payload: readings(0, 200) })
        await rig.finished(1)
        await server.kill()
        for (let n = 200; n < 1000; n += 100) sink.receive({ payload: readings(n, 100) })
        await rig.trouble(/waiting · server away/, 'yellow')
        await server.restart()
        await rig.finished(9)
        if (server.keepsWhatItAcknowledged)
          assert.deepEqual(await rig.hold(server, 1000), range(1000))
        else {
          const found = await until('what came later', async () => {
            const all = await rig.values(server)
            return all.filter(value => value >= 200).length === 800 ? all : undefined
          })
          assert.equal(new Set(found).size, found.length)
        }
        assert.equal(rig.failed.length, 0)
        assert.equal(rig.nodeRed.logs.length, 1, JSON.stringify(rig.nodeRed.logs))
      })

      it('starts before its server does', async () => {
        if (!isOften) return
        await server.kill()
        const sink = await rig.deploy(server, urls.get(server)!)
        sink.receive({ payload: readings(0, 5) })
        await rig.trouble(/5 waiting · server away/, 'yellow')
        await server.restart()
        await rig.finished(1)
        assert.deepEqual(await rig.hold(server, 5), range(5))
      })

      if (isVictoria) return

      it('rejects those of a batch that the server refuses, and no other', async () => {
        const sink = await rig.deploy(server, urls.get(server)!, {
          create: 'off',
          measurement: '{to}',
          rows: [
            { name: 'device_id', from: 'device_id', type: 'tag', role: 'required' },
            { name: 'value', from: 'value', type: 'text', role: 'required' }
          ]
        })
        const [numbers, texts] = [`${rig.measurement}n`, `${rig.measurement}t`]
        const url = `${urls.get(server)}/write?db=${DATABASE}`
        const first = await fetch(url, {
          method: 'POST',
          body: `${numbers} value=1 ${START_MS}000000`
        })
        assert.equal(first.status, 204)
        const bad = [0, 7, 8, 99]
        const payload = readings(0, 100).map((record, n) => ({
          ...record,
          value: String(n),
          to: bad.includes(n) ? numbers : texts
        }))
        sink.receive({ payload })
        await rig.finished(1)
        const rejections = rig.rejections
        assert.deepEqual(
          rejections
            .map(({ record }) => Number((record as { value: string }).value))
            .sort((a, b) => a - b),
          bad
        )
        for (const { reason } of rejections) {
          assert.equal(reason.code, 'POINT_REFUSED')
          assert.match(reason.message, /refuses the point: .*(type|cast)/)
        }
        assert.deepEqual(
          await rig.hold(server, 96, texts),
          range(100).filter(n => !bad.includes(n))
        )
        assert.deepEqual(rig.arrived.stored[0]!.stored, { stored: 96, rejected: 4 })
      })

      it('waits in red for what a person has to mend', async () => {
        if (server.service !== 'influx1') return
        const database = `${rig.measurement}later`
        const sink = await rig.deploy(server, urls.get(server)!, { create: 'off', database })
        sink.receive({ payload: readings(0, 5) })
        await rig.trouble(/5 waiting · database missing/, 'red')
        await server.run(`CREATE DATABASE ${database}`)
        await rig.finished(1)
        await rig.trouble(/5 stored/, 'green')
        await server.run(`DROP DATABASE ${database}`)
      })

      it('tells of a table that would keep a point twice', async () => {
        if (server.service !== 'questdb') return
        await server.run(
          `CREATE TABLE ${rig.measurement} (device_id SYMBOL, value DOUBLE, timestamp TIMESTAMP) TIMESTAMP(timestamp) PARTITION BY DAY WAL`
        )
        await rig.deploy(server, urls.get(server)!, { create: 'off' })
        await until('the warning', () => rig.nodeRed.logs.length > 0)
        assert.match(String(rig.nodeRed.logs[0]!.msg), /no DEDUP keys.*ALTER TABLE/)
      })
    })
  }

  const database = servers.find(({ service }) => service === 'influx1')
  if (database !== undefined)
    it('does in its example what the comments say', async () => {
      const url = new URL('../../../examples/23-influx-sink.json', import.meta.url)
      const example = JSON.parse(readFileSync(url, 'utf8')) as FlowEntry[]
      const { nodeRed } = rig
      const here: FlowEntry[] = example.map(node =>
        node.type === 'millrace-influx-server' ? { ...node, url: urls.get(database) } : node
      )
      // The buttons are core's, which this Node-RED does not load.
      await nodeRed.deploy(here.filter(({ type }) => /^(tab|millrace-)/.test(type)))
      const sink = nodeRed.node<Node>('lesson-influx-sink-store')
      const counts = metricsFor('lesson-influx-sink-store', 'millrace-influx-sink', '')
      sink.receive({ payload: [reading(0), reading(0)] })
      sink.receive({ payload: { ...reading(1), value: 'high' } })
      await until('both', () => counts.stored === 2 && counts.rejected === 1)
      const told = await database.run('SELECT count(value) FROM millrace..telemetry')
      assert.match(JSON.stringify(told), /"values":\[\[0,1\]\]/)
    })
})
