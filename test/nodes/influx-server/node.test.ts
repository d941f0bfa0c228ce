// Mostly waits.
import assert from 'node:assert/strict'
import influxServer from '../../../nodes/influx-server/runtime.ts'
import { SERVICES } from '../../../nodes/influx-server/services.ts'
import { spec } from '../../../nodes/influx-server/spec.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { DATABASE, influxDb, influxDbHere, timeSeriesServers } from '../../servers/time-series.ts'
import { Answering } from '../influx-sink/answering.ts'

interface Answered {
  readonly ok: boolean
  readonly message?: string
  readonly items?: readonly string[]
}

const { servers, urls } = await timeSeriesServers()
const canHaveInflux = (await influxDbHere()) !== undefined

describe('the dialog of influx-server', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed

  before(async () => {
    nodeRed = await startNodeRed({ nodes: [influxServer] })
  })
  after(async () => {
    await nodeRed.stop()
    for (const server of servers) await server.end()
  })

  async function ask(action: string, values: object, query: object = {}): Promise<Answered> {
    const response = await fetch(`${nodeRed.url}/millrace/probe/millrace-influx-server`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action, id: 'server', values: { api: 'v1', ...values }, query })
    })
    return (await response.json()) as Answered
  }

  for (const server of servers) {
    const { service } = server

    it(`names ${server.name}, its databases and its measurements`, async () => {
      const url = urls.get(server)!
      if (service === 'influx1') await server.run(`CREATE DATABASE ${DATABASE}`)
      const write = `${url}/write?db=${DATABASE}`
      const body = `dialog value=1 ${Date.now()}000000`
      assert.equal((await fetch(write, { method: 'POST', body })).status, 204)
      await server.points('dialog')
      const { ok, message } = await ask('test', { service, url })
      const { label } = SERVICES[service]
      assert.ok(ok, message)
      assert.match(message!, new RegExp(`^${label} answers at http://127.0.0.1:\\d+`))
      const databases = await ask('millrace-influx-server:database:names', { service, url })
      const name = { influx1: DATABASE, questdb: 'dialog', victoriametrics: 'dialog_value' }
      assert.ok(
        databases.items?.includes(name[service as keyof typeof name]),
        JSON.stringify(databases)
      )
      const question = 'millrace-influx-server:measurement:names'
      const found = await ask(question, { service, url }, { database: DATABASE })
      assert.ok(
        found.items?.some(item => item.startsWith('dialog')),
        JSON.stringify(found)
      )
    })
  }

  if (canHaveInflux)
    it('says that a login is refused, and takes one that is right', async () => {
      const server = influxDb(true)
      const url = await server.start()
      try {
        await server.run("CREATE USER admin WITH PASSWORD 'right' WITH ALL PRIVILEGES")
        const values = { service: 'influx1', url, user: 'admin' }
        const refused = await ask('test', { ...values, password: 'wrong' })
        assert.equal(refused.ok, false)
        assert.match(refused.message!, /^InfluxDB 1 at \S+ answers 401: authorization failed/)
        assert.ok((await ask('test', { ...values, password: 'right' })).ok)
      } finally {
        await server.end()
      }
    })

  it('says in words why nothing answers', async () => {
    const cases: [url: string, says: RegExp][] = [
      ['http://127.0.0.1:1', /^Nothing listens at/],
      ['http://no-such-host.invalid:8086', /no host of the name|cannot be reached/],
      ['ftp://127.0.0.1', /must begin with http/],
      ['http://user:secret@127.0.0.1:8086', /must not have a user name or password/],
      ['http://127.0.0.1:8086/?q=1', /must end before/]
    ]
    for (const [url, says] of cases) {
      const { ok, message } = await ask('test', { service: 'influx2', api: 'v2', url })
      assert.equal(ok, false)
      assert.match(message!, says)
      assert.ok(!message!.includes('secret'))
    }
  })

  it('says so where something else answers', async () => {
    const proxy = await Answering.before('http://127.0.0.1:1')
    try {
      const { ok, message } = await ask('test', { service: 'influx2', api: 'v2', url: proxy.url })
      assert.equal(ok, false)
      assert.match(message!, /cannot be reached/)
    } finally {
      proxy.close()
    }
  })

  it('offers each server that there is, with its address, way to write and what to know', () => {
    assert.deepEqual(Object.keys(spec.fields.service.choices), Object.keys(SERVICES))
    for (const { settings, note, document } of Object.values(SERVICES)) {
      assert.match(settings.url, /^https?:\/\//)
      assert.ok(note.length > 40)
      assert.match(document, /^https:/)
    }
  })
})
