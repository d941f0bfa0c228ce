import assert from 'node:assert/strict'
import { report } from '../../../core/node/metrics.ts'
import type { Rejection } from '../../../core/record/record.ts'
import acknowledge from '../../../nodes/acknowledge/runtime.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import ingest from '../../../nodes/mqtt-ingest/runtime.ts'
import { collectorOf, registerCollect } from '../../collector.ts'
import { device, unique } from '../../core/mqtt/rig.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'

describe('acknowledge in a flow', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  before(async () => {
    red = await startNodeRed({ nodes: [broker, ingest, acknowledge, registerCollect] })
  })
  after(() => red.stop())
  afterEach(() => red.deploy([]))

  /** mqtt-ingest (strict) → acknowledge, with one message in it. */
  async function run(as: 'stored' | 'failed') {
    const { mqtt } = await services('mqtt')
    const ids = {
      tab: unique('tab'),
      server: unique('server'),
      ingest: unique('ingest'),
      by: unique('by'),
      rejected: unique('rejected')
    }
    const z = ids.tab
    const org = unique('org')
    const source = {
      acknowledge: 'stored',
      retries: 1,
      topic: `${org}/{device_id}`,
      retained: 'always'
    }
    const publisher = await device(mqtt.url)
    await publisher.publishAsync(`${org}/d1`, '{"value":1}', { qos: 1, retain: true })
    await red.deploy([
      { id: ids.tab, type: 'tab' },
      { id: ids.server, type: 'millrace-mqtt-broker', url: mqtt.url },
      {
        id: ids.ingest,
        z,
        type: 'millrace-mqtt-ingest',
        broker: ids.server,
        wires: [[ids.by], [ids.rejected]],
        ...source
      },
      {
        id: ids.by,
        z,
        type: 'millrace-acknowledge',
        as,
        reason: 'the answer was 503',
        wires: [[]]
      },
      { id: ids.rejected, z, type: 'collect', wires: [] }
    ])
    const counts = () => report().nodes.find(({ id }) => id === ids.ingest)!.counts
    await until('settlement', () => counts().in > 0 && counts().inFlight === 0)
    const outcome = {
      counts: { ...counts() },
      rejected: [...collectorOf(ids.rejected).records] as Rejection[]
    }
    await publisher.publishAsync(`${org}/d1`, '', { retain: true })
    await publisher.endAsync()
    return outcome
  }

  it('stands for a sink that cannot speak for itself', async () => {
    const { counts, rejected } = await run('stored')
    assert.deepEqual([counts.stored, counts.retried, rejected.length], [1, 0, 0])
  })

  it('has the source try again, and give up with the reason', async () => {
    const { counts, rejected } = await run('failed')
    assert.deepEqual([counts.stored, counts.retried, counts.rejected], [0, 1, 1])
    assert.match(rejected[0]!.reason.message, /the answer was 503/)
  })
})
