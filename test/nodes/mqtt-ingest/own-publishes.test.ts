import assert from 'node:assert/strict'
import { nodeMetrics, report } from '../../../core/node/metrics.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import { leavesOut } from '../../../nodes/mqtt-ingest/own-publishes.ts'
import ingest from '../../../nodes/mqtt-ingest/runtime.ts'
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
    red = await startNodeRed({ nodes: [broker, ingest, publish, registerCollect] })
  })
  after(() => red.stop())
  afterEach(() => red.deploy([]))

  /** What an ingest takes goes to a publish, and beside it into a collector. */
  async function loop(server: object, options: object, publishedBy = 'server') {
    const [org, id] = [unique('org'), unique('own')]
    const z = `${id}-tab`
    await red.deploy([
      { id: z, type: 'tab' },
      { id: 'server', type: 'millrace-mqtt-broker', url, ...server },
      { id: 'other', type: 'millrace-mqtt-broker', url, ...server },
      {
        id: `${id}-in`,
        type: 'millrace-mqtt-ingest',
        z,
        broker: 'server',
        topic: `${org}/#`,
        keyField: '',
        clientId: id,
        ...options,
        wires: [[`${id}-out`, `${id}-taken`], [`${id}-taken`]]
      },
      {
        id: `${id}-out`,
        type: 'millrace-mqtt-publish',
        z,
        broker: publishedBy,
        topic: `${org}/again/{device_id}`,
        wires: [[], []]
      },
      { id: `${id}-taken`, type: 'collect', z, wires: [] }
    ])
    const well = (node: string) => report().nodes.find(each => each.id === node)?.status?.healthy
    await until('the nodes', () => well(`${id}-in`) && well(`${id}-out`))
    const publisher = await device(url)
    await publisher.publishAsync(`${org}/d1`, '{"device_id":"d1"}', { qos: 1 })
    await publisher.endAsync()
    const counts = (which: 'in' | 'out') => nodeMetrics(`${id}-${which}`)!
    return { counts, taken: collectorOf(`${id}-taken`) }
  }

  it('is left out where its topics end with #, counted, and told', async () => {
    const { counts, taken } = await loop({}, {})
    await until('its own message', () => counts('in').filtered === 1)
    await until('the publish', () => counts('out').stored === 1)
    assert.equal(counts('in').in, 2)
    assert.equal(taken.records.length, 1)
  })

  it('is taken where another server node has published it, for a few rounds', async () => {
    const { counts } = await loop({}, {}, 'other')
    await until('some rounds', () => counts('out').stored >= 3)
    assert.equal(counts('in').filtered, 0)
  })

  it('cannot be told with MQTT 3.1.1, which is said at the start', async () => {
    await loop({ version: '4' }, {})
    await until('the warning', () =>
      red.logs.some(({ msg }) => /cannot tell what an mqtt publish node/.test(String(msg)))
    )
  })

  for (const [own, filter, isLeftOut] of [
    ['wide', '#', true],
    ['wide', 'a/#', true],
    ['wide', 'a/+', false],
    ['wide', 'a#', false],
    ['never', 'a/+', true],
    ['always', '#', false]
  ] as const)
    it(`"${own}" at ${filter}: ${isLeftOut ? 'left out' : 'taken'}`, () =>
      assert.equal(leavesOut(own, filter), isLeftOut))
})
