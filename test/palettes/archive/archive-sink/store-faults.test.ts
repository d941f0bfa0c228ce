// Mostly waits.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeMetrics } from '../../../../core/node/metrics.ts'
import { kafkaRig, type Rig } from '../../../core/kafka/kafka-rig.ts'
import type { KafkaFlow } from '../../../nodes/kafka-flow.ts'
import { duckDb, type ObjectStore, s3Server } from '../../../servers/object-stores.ts'
import { until } from '../../../until.ts'
import { archiving, readings, startArchiveFlow, unique } from '../rig.ts'
import { broughtTo, pathsIn } from '../rig-store.ts'
import { StoreProxy } from '../store-proxy.ts'

const PARQUET = {
  format: 'parquet',
  compression: 'snappy',
  columns: [
    { column: 'n', from: 'n', type: 'int64', digits: '18,6' },
    { column: 'site', from: 'site', type: 'text', digits: '18,6' },
    { column: 'ts_utc', from: 'ts_utc', type: 'timestamp', digits: '18,6' }
  ]
}

describe('archive-sink to S3, with faults', function () {
  this.timeout(300_000)
  let rig: Rig
  let flow: KafkaFlow
  let server: ObjectStore
  let proxy: StoreProxy
  let bucket: string
  const place = mkdtempSync(join(tmpdir(), 'millrace-s3-'))

  before(async () => {
    server = s3Server()
    await server.start()
    proxy = new StoreProxy(server.url)
    await proxy.start()
    rig = await kafkaRig()
    flow = await startArchiveFlow()
  })
  after(async () => {
    await flow?.stop()
    await rig?.close()
    await proxy?.end()
    await server?.end()
    rmSync(place, { recursive: true, force: true })
  })
  beforeEach(async () => {
    bucket = unique('bucket')
    await server.make(bucket)
  })
  afterEach(async () => {
    proxy.rule(() => undefined)
    await flow.deploy(rig.brokers, [])
  })

  const store = () => ({ ...server.settings(bucket), endpoint: proxy.url })
  const feed = (topic: string, from: number, to: number) =>
    rig.feed.send({
      topic,
      messages: readings(from, to).map(value => ({ partition: 0, value: JSON.stringify(value) }))
    })
  const deploy = (topic: string, group: string, sink: object = {}) =>
    flow.deploy(rig.brokers, archiving({ topic, group, store: store(), sink }))
  const status = () => flow.statusOf('sink').at(-1) ?? ''
  const committed = (group: string, topic: string, offset: number) =>
    until(`the commit of ${offset}`, async () => (await rig.committed(group, topic))[0] === offset)
  const files = async () => (await pathsIn(store())).filter(path => !path.startsWith('_millrace/'))

  it('writes Parquet that DuckDB reads: count and sum are those of the topic', async () => {
    const [topic, group] = [await rig.topic(1), unique('g')]
    await feed(topic, 0, 3_000)
    await deploy(topic, group, PARQUET)
    await committed(group, topic, 3_000)
    const local = await broughtTo(join(place, bucket), store())
    const [found] = await duckDb(
      `SELECT count(*)::INT AS count, sum(n)::INT AS sum, count(DISTINCT site)::INT AS sites FROM read_parquet('${local}/**/*.parquet', hive_partitioning = true)`
    )
    assert.deepEqual(found, { count: 3_000, sum: (3_000 * 2_999) / 2, sites: 3 })
  })

  it('waits, red, while the bucket is gone, and writes when it is there', async () => {
    const [topic, group] = [await rig.topic(1), unique('g')]
    await server.unmake(bucket)
    await deploy(topic, group)
    await feed(topic, 0, 100)
    await until('the word', () => /bucket missing/.test(status()))
    assert.ok(flow.nodeRed.logs.some(({ msg }) => /is not there\. Make it/.test(String(msg))))
    await server.make(bucket)
    await committed(group, topic, 100)
    assert.doesNotMatch(status(), /missing/)
  })

  it('tries again what is too much at a time, or has no room, and tells of it', async () => {
    const [topic, group] = [await rig.topic(1), unique('g')]
    let [slow, full] = [6, 5]
    proxy.rule((method, path) => {
      if (method !== 'PUT' || !path.includes('.jsonl')) return undefined
      if (slow-- > 0) return { status: 503, code: 'SlowDown' }
      return full-- > 0 ? { status: 507, code: 'XMinioStorageFull' } : undefined
    })
    await feed(topic, 0, 300)
    await deploy(topic, group)
    await until('busy', () => /store busy/.test(flow.statusOf('sink').join('\n')))
    await until('full', () => /store full/.test(flow.statusOf('sink').join('\n')), 60_000)
    await committed(group, topic, 300)
    assert.equal((await files()).length, 3)
  })

  it('goes on where a Node-RED has ended in the middle of an upload', async () => {
    const [topic, group] = [await rig.topic(1), unique('g')]
    await feed(topic, 0, 900)
    proxy.rule((method, path) =>
      method === 'PUT' && /site=b.*\.jsonl/.test(path) ? 'hold' : undefined
    )
    await deploy(topic, group, { maxMb: 0.1 })
    await until('an upload that hangs', () => proxy.held > 0)
    // It gives up in time though the store does not answer.
    await flow.deploy(rig.brokers, [])
    const begun = await files()
    const name = begun[0]!.split('/').at(-1)!
    const uploads = async () => (await fetch(`${server.url}/${bucket}?uploads`)).text()
    // As of a process that died in the middle of a large file.
    await fetch(`${server.url}/${bucket}/site%3Dx/${name}?uploads`, { method: 'POST' })
    await fetch(`${server.url}/${bucket}/another?uploads`, { method: 'POST' })
    assert.match(await uploads(), /<UploadId>/)
    assert.ok(begun.length >= 1 && begun.length < 3, begun.join())
    proxy.rule(() => undefined)
    await feed(topic, 900, 1_000)
    await deploy(topic, group)
    await committed(group, topic, 1_000)
    const local = await broughtTo(join(place, bucket), store())
    const [found] = await duckDb(
      `SELECT count(*)::INT AS count, sum(n)::INT AS sum FROM read_json('${local}/**/*.jsonl')`
    )
    assert.deepEqual(found, { count: 1_000, sum: (1_000 * 999) / 2 })
    const left = [...(await uploads()).matchAll(/<Key>([^<]*)/g)].map(([, key]) => key)
    assert.deepEqual(left, ['another'])
    const first = (await files()).filter(path => /-000000000000000-/.test(path))
    assert.deepEqual(new Set(first.map(path => path.split('/').at(-1))).size, 1)
  })

  it('has no file twice where two groups write one archive, and none is missing', async () => {
    const [topic, group] = [await rig.topic(1), unique('g')]
    const all = archiving({ topic, group, store: store() })
    const second = all
      .filter(({ id }) => id === 'read' || id === 'sink')
      .map(node => ({
        ...node,
        id: `${node.id}-2`,
        ...(node.id === 'read' ? { groupId: `${group}-2`, wires: [['sink-2'], ['bad']] } : {})
      }))
    await flow.deploy(rig.brokers, [...all, ...second])
    for (let from = 0; from < 3_000; from += 300) await feed(topic, from, from + 300)
    await committed(group, topic, 3_000)
    await committed(`${group}-2`, topic, 3_000)
    const local = await broughtTo(join(place, bucket), store())
    const [found] = await duckDb(
      `SELECT count(*)::INT AS count, sum(n)::INT AS sum FROM read_json('${local}/**/*.jsonl')`
    )
    assert.deepEqual(found, { count: 3_000, sum: (3_000 * 2_999) / 2 })
    const counts = ['sink', 'sink-2'].map(id => nodeMetrics(id)!)
    assert.ok(counts.every(({ rejected }) => rejected === 0))
  })
})
