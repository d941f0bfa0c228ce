import assert from 'node:assert/strict'
import { nodeMetrics, report } from '../../../core/node/metrics.ts'
import { migrated } from '../../../core/node/migrate.ts'
import aggregate from '../../../nodes/aggregate/runtime.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import { migrations } from '../../../nodes/mqtt-ingest/migrations.ts'
import { maySeeOwn } from '../../../nodes/mqtt-ingest/own-publishes.ts'
import ingest from '../../../nodes/mqtt-ingest/runtime.ts'
import { spec } from '../../../nodes/mqtt-ingest/spec.ts'
import publish from '../../../nodes/mqtt-publish/runtime.ts'
import { collectorOf, registerCollect } from '../../collector.ts'
import { device, unique } from '../../core/mqtt/rig.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'

describe('mqtt-ingest and what mqtt-publish publishes to the same server', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  let url: string

  before(async () => {
    url = (await services('mqtt')).mqtt.url
    red = await startNodeRed({ nodes: [aggregate, broker, ingest, publish, registerCollect] })
  })
  after(() => red.stop())
  afterEach(() => red.deploy([]))

  const well = (node: string) => report().nodes.find(each => each.id === node)?.status?.healthy
  const counts = (node: string) => nodeMetrics(node)!

  /** As a person saves it now, with what is the default of a new node. */
  const ingestAt = (id: string, topic: string, options: object = {}) => ({
    id,
    type: spec.type,
    specVersion: spec.version,
    z: `${id}-tab`,
    broker: 'server',
    topic,
    keyField: '',
    clientId: id,
    pace: 'latency',
    ...options
  })

  interface Stage {
    readonly topic: string
    readonly publishes?: string
    readonly options?: object
    readonly by?: string
    readonly code?: string
  }
  const servers = (server: object = {}) =>
    ['server', 'other'].map(id => ({ id, type: 'millrace-mqtt-broker', url, ...server }))

  /** Takes, keeps what it took in a collector, and publishes. */
  function stageOf(id: string, { topic, publishes, options, by = 'server', code }: Stage) {
    const z = `${id}-tab`
    const next = code === undefined ? `${id}-out` : `${id}-function`
    const wires = [[next, `${id}-taken`], [`${id}-taken`]]
    const made = { id: `${id}-function`, type: 'function', z, func: code ?? '', outputs: 1 }
    const out = { id: `${id}-out`, type: 'millrace-mqtt-publish', z, broker: by, topic: publishes }
    return [
      { id: z, type: 'tab' },
      ingestAt(id, topic, { ...options, wires }),
      { ...made, wires: [[`${id}-out`]] },
      ...(publishes === undefined ? [] : [{ ...out, wires: [[], []] }]),
      { id: `${id}-taken`, type: 'collect', z, wires: [] }
    ]
  }

  /** The topics that one publishes to are those of the next. */
  async function stages(all: readonly Stage[], server: object = {}) {
    const ids = all.map(() => unique('own'))
    const flow = all.flatMap((stage, index) => stageOf(ids[index]!, stage))
    await red.deploy([...servers(server), ...flow])
    const nodes = ids.flatMap((id, index) => (all[index]!.publishes ? [id, `${id}-out`] : [id]))
    await until('the nodes', () => nodes.every(well))
    return ids
  }
  async function publishOne(topic: string): Promise<void> {
    const publisher = await device(url)
    await publisher.publishAsync(topic, '{"device_id":"d1"}', { qos: 1 })
    await publisher.endAsync()
  }
  const takenBy = (id: string) => collectorOf(`${id}-taken`).records.length

  it('is left out where it came of a message of the node itself, counted, and told', async () => {
    const org = unique('org')
    const [id] = await stages([{ topic: `${org}/#`, publishes: `${org}/again/{device_id}` }])
    await publishOne(`${org}/d1`)
    await until('its own message', () => counts(id!).filtered === 1)
    assert.deepEqual([counts(id!).in, takenBy(id!)], [2, 1])
    await until('the status', () =>
      report().nodes.some(({ status }) => /1 own left out/.test(String(status?.text)))
    )
    assert.ok(red.logs.some(({ msg }) => /led to it, so it would go round/.test(String(msg))))
  })

  it('is taken by another node of the same server, which a message comes to in stages', async () => {
    const org = unique('org')
    const [first, second] = await stages([
      { topic: `${org}/raw/#`, publishes: `${org}/clean/{device_id}` },
      { topic: `${org}/clean/#` }
    ])
    for (let index = 0; index < 3; index++) await publishOne(`${org}/raw/d1`)
    await until('all', () => takenBy(second!) === 3)
    assert.deepEqual([counts(first!).filtered, counts(second!).filtered], [0, 0])
  })

  it('ends a circle over several nodes and server nodes after one round', async () => {
    const org = unique('org')
    const [first, second] = await stages([
      { topic: `${org}/a/#`, publishes: `${org}/b/{device_id}`, by: 'other' },
      { topic: `${org}/b/#`, publishes: `${org}/a/again/{device_id}` }
    ])
    await publishOne(`${org}/a/d1`)
    await until('the end', () => counts(first!).filtered === 1)
    assert.deepEqual([takenBy(first!), takenBy(second!)], [1, 1])
  })

  it('ends a loop without #, also where the publish is deployed later', async () => {
    const org = unique('org')
    const stage = { topic: `${org}/+`, publishes: `${org}/{device_id}` }
    const flow = [...servers(), ...stageOf('late', stage)]
    await red.deploy(flow.filter(({ id }) => id !== 'late-out'))
    await until('the first', () => well('late'))
    await red.deploy(flow, 'nodes')
    await until('the second', () => well('late-out'))
    await publishOne(`${org}/d1`)
    await until('its own message', () => counts('late').filtered === 1)
    assert.equal(takenBy('late'), 1)
  })

  it('ends it too where a Function node makes the records anew', async () => {
    const org = unique('org')
    const code = `return { _msgid: msg._msgid, payload: [{ device_id: 'made' }] }`
    const [id] = await stages([{ topic: `${org}/#`, publishes: `${org}/again/{device_id}`, code }])
    await publishOne(`${org}/d1`)
    await until('its own message', () => counts(id!).filtered === 1)
    assert.equal(takenBy(id!), 1)
  })

  for (const how of ['as readings come', 'as none comes'])
    it(`ends a loop of windows, whose results are records of their own, closed ${how}`, async () => {
      const org = unique('org')
      const id = unique('own')
      const z = `${id}-tab`
      const [tab, takes, , out, taken] = stageOf(id, {
        topic: `${org}/#`,
        publishes: `${org}/average/{device_id}`,
        // saved when the choice had another name
        options: { specVersion: 3, own: 'wide' }
      })
      const windows = {
        ...{ id: `${id}-windows`, type: 'millrace-aggregate', z, length: '1 s', lateness: '0 s' },
        ...{ idle: how === 'as none comes' ? '1 s' : '1 h', wires: [[out!.id], [], []] }
      }
      const wires = [[windows.id, taken!.id], [taken!.id]]
      await red.deploy([...servers(), tab!, { ...takes!, wires }, windows, out!, taken!])
      await until('the nodes', () => [id, out!.id].every(well))
      const readings = how === 'as none comes' ? 1 : 3
      const publisher = await device(url)
      for (let second = 0; second < readings; second++) {
        const ts_utc = new Date(Date.UTC(2026, 0, 31) + second * 1000).toISOString()
        const reading = { device_id: 'd1', metric: 'level', value: 1, ts_utc }
        await publisher.publishAsync(`${org}/d1`, JSON.stringify(reading), { qos: 1 })
      }
      await publisher.endAsync()
      const results = Math.max(1, readings - 1)
      await until('its own results', () => counts(id).filtered === results)
      assert.deepEqual([takenBy(id), counts(out!.id).stored], [readings, results])
    })

  it('is taken in all rounds by a flow that was saved before there was a choice', async () => {
    const org = unique('org')
    const options = { specVersion: 3 }
    const [id] = await stages([
      { topic: `${org}/#`, publishes: `${org}/again/{device_id}`, options }
    ])
    await publishOne(`${org}/d1`)
    await until('some rounds', () => counts(`${id}-out`).stored >= 3)
    assert.equal(counts(id!).filtered, 0)
  })

  it('is left out whatever it came of, where that is set', async () => {
    const org = unique('org')
    const options = { own: 'never' }
    const [, second] = await stages([
      { topic: `${org}/raw/#`, publishes: `${org}/clean/{device_id}` },
      { topic: `${org}/clean/+`, options }
    ])
    await publishOne(`${org}/raw/d1`)
    await until('its own message', () => counts(second!).filtered === 1)
    assert.equal(takenBy(second!), 0)
  })

  it('is looked for by all nodes together at a deployment, behind one listener', async () => {
    const before = red.RED.events.listenerCount('flows:started')
    await stages(Array.from({ length: 12 }, () => ({ topic: `${unique('org')}/+` })))
    assert.equal(red.RED.events.listenerCount('flows:started'), before)
  })

  it('cannot be told with MQTT 3.1.1, which is said at the start', async () => {
    const org = unique('org')
    red.logs.length = 0
    await stages([{ topic: `${org}/#`, publishes: `${org}/again/{device_id}` }], { version: '4' })
    await until('the warning', () =>
      red.logs.some(({ msg }) => /cannot tell what an mqtt publish node/.test(String(msg)))
    )
  })

  for (const [own, filter, published, mayCome] of [
    ['loops', '#', [], true],
    ['loops', 'a/#', [], true],
    ['loops', 'a/+', [], false],
    ['loops', 'a/+', ['b/c', 'a/{device_id}/alert', 'a'], false],
    ['loops', 'a/+', ['b/c', 'a/{device_id}'], true],
    ['loops', 'a/+/alert', ['{org}/{device_id}/alert'], true],
    ['loops', 'a/b/reading', ['a/b/alert'], false],
    ['loops', 'a/b/reading', ['${TOPIC}'], true],
    ['never', 'a/+', [], true],
    ['always', '#', ['#'], false]
  ] as const)
    it(`"${own}" at ${filter} beside ${published}: ${mayCome ? 'may come again' : 'does not'}`, () =>
      assert.equal(maySeeOwn(own, filter, published), mayCome))

  for (const [saved, own] of [
    [{}, 'always'],
    [{ specVersion: 3 }, 'always'],
    [{ specVersion: 3, own: 'wide' }, 'loops'],
    [{ specVersion: 3, own: 'never' }, 'never']
  ] as const)
    it(`of ${JSON.stringify(saved)} becomes "${own}"`, () =>
      assert.equal(migrated(spec, migrations, saved).own, own))
})
