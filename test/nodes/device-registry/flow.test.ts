import assert from 'node:assert/strict'
import { nodeMetrics } from '../../../core/node/metrics.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import deviceRegistry from '../../../nodes/device-registry/runtime.ts'
import timescaleDatabase from '../../../nodes/timescale-database/runtime.ts'
import { collectorOf, registerCollect } from '../../collector.ts'
import { databaseAt } from '../../core/postgres/table-under-test.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { kill, restart, services } from '../../services.ts'
import { until } from '../../until.ts'

interface InputNode {
  receive(message: object): void
}
interface Answer {
  readonly ok: boolean
  readonly message?: string
  readonly [more: string]: unknown
}

const TOKEN = 'a-token-of-the-tests'
const WAIT_MS = 20_000

describe('the device registry in Node-RED', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let database: Database
  let url = ''
  let table = ''
  let made = 0

  before(async function () {
    this.timeout(120_000)
    url = (await services('postgres')).postgres.url
    database = databaseAt(url)
    nodeRed = await startNodeRed({ nodes: [timescaleDatabase, deviceRegistry, registerCollect] })
  })
  beforeEach(() => {
    table = `registry_${process.pid}_${made++}`
    for (const name of ['records', 'events', 'rejected']) collectorOf(name).got.length = 0
    nodeRed.logs.length = 0
  })
  afterEach(() => nodeRed.deploy([]))
  after(async () => {
    await nodeRed?.stop()
    await database?.close()
  })

  async function deploy(options: object = {}, id = `node-${table}`): Promise<InputNode> {
    const collect = (name: string): FlowEntry => ({ id: name, type: 'collect', z: 'tab' })
    await nodeRed.deploy([
      { id: 'database', type: 'millrace-timescale-database', url },
      { id: 'tab', type: 'tab' },
      {
        id,
        type: 'millrace-device-registry',
        z: 'tab',
        database: 'database',
        table,
        credentials: { token: TOKEN },
        ...options,
        wires: [['records'], ['events'], ['rejected']]
      },
      ...['records', 'events', 'rejected'].map(collect)
    ])
    return nodeRed.node<InputNode>(id)
  }
  const told = () =>
    collectorOf('events').records.map(record => {
      const { event, device_id } = record as { event: string; device_id: string }
      return `${device_id} ${event}`
    })
  const waitFor = (what: string[]) =>
    until(
      what.join(', '),
      () => {
        const seen = told()
        return what.every(each => seen.includes(each))
      },
      WAIT_MS
    )
  const reading = (device_id: string, more: object = {}) => ({
    device_id,
    metric: 't',
    value: 1,
    ts_utc: new Date().toISOString(),
    ...more
  })
  const ask = async (body: object): Promise<Answer> => {
    const response = await fetch(`${nodeRed.url}/millrace/devices`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ id: `node-${table}`, ...body })
    })
    return (await response.json()) as Answer
  }
  const rows = async (text: string) => (await database.query(text.replaceAll('$t', table))).rows

  const block = (device: string) =>
    rows(`UPDATE $t SET status = 'blocked' WHERE device_id = '${device}'`)
  const untilRejected = (node: InputNode, device: string) =>
    until(
      `${device} to be rejected`,
      () => {
        node.receive({ payload: [reading(device)] })
        return collectorOf('rejected').records.length > 0
      },
      WAIT_MS,
      300
    )

  it('passes records on, tells events, and heeds who is approved, blocked or silent', async () => {
    const node = await deploy({ silence: '3 s', unknown: 'reject', writeEvery: '1 s' })
    node.receive({ payload: [reading('a'), reading('b')] })
    await waitFor(['a new', 'b new'])
    assert.deepEqual(
      collectorOf('rejected').records.map(
        each => (each as { reason: { code: string } }).reason.code
      ),
      ['DEVICE_UNKNOWN', 'DEVICE_UNKNOWN']
    )
    node.receive({
      payload: { command: 'approve', device_id: 'a', by: 'Ann', name: 'Boiler' },
      commands: true
    })
    await waitFor(['a approved', 'a changed'])
    await rows("UPDATE $t SET status = 'blocked' WHERE device_id = 'b'")
    await waitFor(['b blocked'])
    const [event] = collectorOf('events').records.filter(
      each => (each as { event: string }).event === 'approved'
    ) as Record<string, unknown>[]
    assert.equal(event!.by, 'Ann')
    assert.equal(event!.name, 'Boiler')
    assert.match(String(event!.event_id), new RegExp(`^${table}/\\d+$`))
    await until(
      'the first record to pass, and that of b to be blocked',
      () => {
        node.receive({ payload: [reading('a'), reading('b')] })
        const codes = collectorOf('rejected').records.map(
          each => (each as { reason: { code: string } }).reason.code
        )
        return collectorOf('records').got.length > 0 && codes.includes('DEVICE_BLOCKED')
      },
      WAIT_MS,
      300
    )
    // The whole stream is silent: time goes on by itself.
    await waitFor(['a silent'])
    node.receive({ payload: reading('a', { metric: 'online', value: false }) })
    await waitFor(['a offline'])
    const metrics = nodeMetrics(`node-${table}`)
    await until('the gauges', () => metrics?.gauges.get('devices') === 2, WAIT_MS)
    const left = await rows('SELECT count(*)::int AS n FROM $t_events WHERE sent_at IS NULL')
    await until('all events to be told', async () => {
      const [row] = await rows('SELECT count(*)::int AS n FROM $t_events WHERE sent_at IS NULL')
      return row!.n === 0
    })
    assert.ok(left)
  })

  it('lets records pass while the database is away, and loses no event', async () => {
    const node = await deploy({ silence: '' })
    node.receive({ payload: [reading('a'), reading('x')] })
    await waitFor(['a new', 'x new'])
    await block('x')
    await untilRejected(node, 'x')
    await kill('postgres')
    const begun = collectorOf('records').records.length
    // Of a birth and a will at the same time, nobody knows which was first.
    const later = (ms: number) => ({ ts_utc: new Date(Date.now() + ms * 1000).toISOString() })
    for (let n = 0; n < 20; n++) {
      node.receive({ payload: [reading(`d${n}`)] })
      node.receive({
        payload: [reading('a', { metric: 'online', value: n % 2 === 1, ...later(n) })]
      })
    }
    await until('all records', () => collectorOf('records').records.length === begun + 40, WAIT_MS)
    // What happened is on the disk: a Node-RED that starts anew goes on from it.
    const again = await deploy({ silence: '' })
    const rejected = collectorOf('rejected').records.length
    again.receive({ payload: [reading('x'), reading('a')] })
    await until('one to pass', () => collectorOf('records').records.length > begun + 40, WAIT_MS)
    assert.equal(collectorOf('records').records.length, begun + 41)
    assert.equal(collectorOf('rejected').records.length, rejected + 1)
    await restart('postgres')
    await waitFor(Array.from({ length: 20 }, (_, n) => `d${n} new`))
    await until('each change', () => told().filter(each => /^a /.test(each)).length >= 21, WAIT_MS)
    const events = told()
    assert.equal(new Set(events.filter(each => each.endsWith(' new'))).size, 22)
    assert.equal(events.filter(each => each === 'a offline').length, 10)
    assert.equal(events.filter(each => each === 'a online').length, 10)
    const sentences = nodeRed.logs.filter(({ msg }) => /cannot be written/.test(String(msg)))
    assert.ok(sentences.length >= 1 && sentences.length <= 4, JSON.stringify(sentences))
  })

  it('knows who is blocked before a record passes, after a start on another machine', async () => {
    const node = await deploy()
    node.receive({ payload: [reading('a'), reading('x')] })
    await waitFor(['a new', 'x new'])
    await block('x')
    await nodeRed.deploy([])
    collectorOf('records').got.length = 0
    await database.with(async session => {
      await session.query('BEGIN')
      await session.query(`LOCK TABLE ${table}`)
      const elsewhere = await deploy({}, `elsewhere-${table}`)
      elsewhere.receive({ payload: [reading('x'), reading('a')] })
      elsewhere.receive({ payload: [reading('x')] })
      await until('the first', () => (nodeMetrics(`elsewhere-${table}`)?.in ?? 0) > 0, WAIT_MS)
      assert.equal(collectorOf('records').records.length, 0)
      await session.query('COMMIT')
    })
    await until('both', () => collectorOf('rejected').records.length === 2, WAIT_MS)
    assert.deepEqual(
      collectorOf('records').records.map(each => (each as { device_id: string }).device_id),
      ['a']
    )
  })

  it('shows the list to a dialog, takes its clicks and its lists', async () => {
    const node = await deploy()
    node.receive({ payload: [reading('a'), reading('b')] })
    await waitFor(['a new', 'b new'])
    const page = await ask({ action: 'list', search: '', only: 'new', page: 0 })
    assert.equal(page.total, 2)
    assert.deepEqual(await ask({ action: 'change', devices: ['a', 'b'], command: 'approve' }), {
      ok: true,
      message: 'The devices are changed.'
    })
    await waitFor(['a approved', 'b approved'])
    const text = 'device_id,name\na,Boiler\nc,Pump\n,none\n'
    const read = await ask({ action: 'read', text })
    assert.deepEqual([read.devices, read.refused], [2, 1])
    const taken = await ask({ action: 'import', text })
    assert.equal(taken.message, '1 device is new in the list, 1 was there. 1 line was left out.')
    assert.equal((await ask({ action: 'read', text: 'x,y\n1,2' })).ok, false)
    assert.equal(
      (await ask({ action: 'change', devices: ['a'], command: 'set', set: { name: 7 } })).ok,
      false
    )
    assert.match((await ask({ action: 'list', id: 'elsewhere' })).message ?? '', /deployed/)
    for (const action of ['constructor', 'toString', '__proto__', { toString: 1 }])
      assert.match((await ask({ action })).message ?? '', /not known/)
    assert.match((await ask({ action: 'list', id: { toString: 1 } })).message ?? '', /deployed/)
    const named = { devices: [{ toString: 1 }], command: 'approve' }
    assert.equal((await ask({ action: 'change', ...named })).ok, false)
  })

  it('answers who has the token, with the last values, and nobody else', async () => {
    const lastValues = `${table}_values`
    await deploy({ answers: 'token', httpPath: 'iot/devices', lastValues })
    nodeRed
      .node<InputNode>(`node-${table}`)
      .receive({ payload: [reading('plant/a'), reading('b')] })
    await waitFor(['plant/a new', 'b new'])
    const get = (path: string, token = TOKEN) =>
      fetch(`${nodeRed.url}/iot/devices${path}`, { headers: { Authorization: `Bearer ${token}` } })
    const json = async (path: string) => (await (await get(path)).json()) as Record<string, unknown>
    assert.equal((await get('', 'wrong')).status, 401)
    assert.equal((await fetch(`${nodeRed.url}/iot/devices/b`)).status, 401)
    assert.equal((await get('/nobody')).status, 404)
    assert.deepEqual((await json('/plant/a')).values, {})
    await rows(
      `CREATE TABLE ${lastValues} (device_id text, metric text, time timestamptz, value jsonb, PRIMARY KEY (device_id, metric))`
    )
    await rows(`INSERT INTO ${lastValues} VALUES ('plant/a', 't', '2026-03-01T10:00:00Z', '21.5')`)
    const device = await json('/plant%2Fa')
    assert.deepEqual(device.values, { t: { time: '2026-03-01T10:00:00+00:00', value: 21.5 } })
    assert.deepEqual([device.status, device.presence, 'keys' in device], ['new', 'online', false])
    const first = await json('?limit=1')
    assert.equal((first.devices as { device_id: string }[])[0]?.device_id, 'b')
    assert.equal(first.next, 'b')
    assert.equal(((await json('?after=b')).devices as unknown[]).length, 1)
    const posted = await fetch(`${nodeRed.url}/iot/devices/b`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}` }
    })
    assert.equal(posted.status, 405)
    await nodeRed.deploy([])
    assert.equal((await get('/b')).status, 404)
  })
})
