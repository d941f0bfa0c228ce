// Mostly waits.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KafkaCluster } from '../../../../core/kafka/cluster.ts'
import { nodeMetrics } from '../../../../core/node/metrics.ts'
import { isRejection } from '../../../../core/record/record.ts'
import { examined } from '../../../../nodes/kafka-consumer/examine.ts'
import { kafkaRig, type Rig } from '../../../core/kafka/kafka-rig.ts'
import type { KafkaFlow } from '../../../nodes/kafka-flow.ts'
import { until } from '../../../until.ts'
import { archiving, Folder, numbersOf, readings, startArchiveFlow, unique, upTo } from '../rig.ts'

describe('archive-sink to a folder', function () {
  this.timeout(60_000)
  let rig: Rig
  let flow: KafkaFlow
  let folder: Folder

  before(async () => {
    rig = await kafkaRig()
    flow = await startArchiveFlow()
  })
  after(async () => {
    await flow.stop()
    await rig.close()
  })
  beforeEach(() => {
    folder = new Folder()
    for (const id of ['files', 'bad']) flow.seen(id).arrived.length = 0
  })
  afterEach(async () => {
    await flow.deploy(rig.brokers, [])
    folder.remove()
  })

  const feed = (topic: string, values: readonly object[], partition = 0) =>
    rig.feed.send({
      topic,
      messages: values.map(value => ({ partition, value: JSON.stringify(value) }))
    })
  const store = () => ({ kind: 'folder', folder: folder.path })
  const archived = (count: number) =>
    until(`${count} records in files`, () => folder.records.length >= count, 20_000)
  const deploy = (topic: string, group: string, sink: object = {}, read: object = {}) =>
    flow.deploy(rig.brokers, archiving({ topic, group, store: store(), sink, read }))

  it('writes each record once, where the template says, and commits after that', async () => {
    const [topic, group] = [await rig.topic(2), unique('g')]
    await feed(topic, readings(0, 600))
    await feed(topic, readings(600, 900), 1)
    await deploy(topic, group)
    await archived(900)
    assert.deepEqual(numbersOf(folder.records), upTo(900))
    assert.ok(
      folder.files.includes(`site=a/hour=00/${topic}-0-000000000000000-000000000000599-test.jsonl`)
    )
    await until('the commits', async () => {
      const committed = await rig.committed(group, topic)
      return committed[0] === 600 && committed[1] === 300
    })
    const files = flow.seen('files').records as { first: number; records: number }[]
    assert.equal(
      files.reduce((sum, { records }) => sum + records, 0),
      900
    )
  })

  it('commits nothing of what is only gathered, and holds none of it in flight', async () => {
    const [topic, group] = [await rig.topic(1), unique('g')]
    await feed(topic, readings(0, 5_000))
    await deploy(topic, group, { everyMin: 60 }, { maxInFlight: 500 })
    await until('all to be gathered', () => nodeMetrics('sink')?.gauges.get('gathered') === 5_000)
    assert.deepEqual(folder.files, [])
    assert.notEqual((await rig.committed(group, topic))[0], 5_000)
    assert.equal(nodeMetrics('read')?.inFlight, 0)
    const cluster = new KafkaCluster({ brokers: rig.brokers.split(','), clientId: 'test' })
    const [lag] = await examined(cluster, group, [topic]).finally(() => cluster.close())
    assert.match(lag!.found, /^0 records behind; 5000 are gathered for a file; 1 members/)
    assert.equal(lag!.state, 'well')
  })

  it('writes a file when it is large enough', async () => {
    const [topic, group] = [await rig.topic(1), unique('g')]
    await feed(topic, readings(0, 6_000))
    await deploy(topic, group, { everyMin: 60, maxMb: 0.1, path: '' })
    await until('some files', () => folder.files.length >= 2, 20_000)
    for (const path of folder.files.slice(0, -1)) assert.ok(folder.sizeOf(path) >= 100_000)
  })

  it('rejects alone what has no path or is too late, and dead letters as they are', async () => {
    const [topic, group] = [await rig.topic(1), unique('g')]
    const ts_utc = new Date().toISOString()
    await feed(topic, [
      ...readings(0, 10, Date.now()),
      { n: 10, site: 'a' },
      { n: 11, ts_utc },
      { n: 12, site: 'a', ts_utc: '2026-03-01T00:00:00Z' }
    ])
    await deploy(topic, group, { late: 'reject', lateH: 24 })
    await archived(10)
    const bad = flow.seen('bad').records.filter(isRejection)
    assert.deepEqual(
      bad.map(({ reason }) => [reason.code, reason.path]),
      [
        ['ARCHIVE_PATH_INVALID', 'ts_utc'],
        ['ARCHIVE_PATH_INVALID', 'site'],
        ['ARCHIVE_LATE', undefined]
      ]
    )
    await until('the commit', async () => (await rig.committed(group, topic))[0] === 13)
  })

  it('waits, red, while the disk on which it gathers is full, and loses nothing', async () => {
    const [topic, group] = [await rig.topic(1), unique('g')]
    const disk = join(flow.nodeRed.userDir, 'millrace')
    mkdirSync(disk, { recursive: true })
    try {
      const options = ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]
      execFileSync('mount', options, { stdio: 'pipe' })
    } catch (error) {
      console.log(`⚠ not run: an archive on a full disk: ${error}`)
      return
    }
    try {
      const { bavail, bsize } = statfsSync(disk)
      writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - (256 << 10)))
      const pad = 'x'.repeat(1_000)
      await feed(
        topic,
        readings(0, 600).map(each => ({ ...each, pad }))
      )
      await deploy(topic, group, { path: '' })
      await until('the word', () => /disk full/.test(flow.statusOf('sink').at(-1) ?? ''))
      assert.notEqual((await rig.committed(group, topic))[0], 600)
      rmSync(join(disk, 'filler'))
      await archived(600)
      assert.deepEqual(numbersOf(folder.records), upTo(600))
    } finally {
      await flow.deploy(rig.brokers, [])
      execFileSync('umount', ['-l', disk])
    }
  })

  it('rejects what has no offset that is waited for', async () => {
    await deploy(await rig.topic(1), unique('g'))
    flow.nodeRed
      .node<{ receive(message: object): void }>('sink')
      .receive({ payload: readings(0, 2) })
    await until('both', () => flow.seen('bad').records.length === 2)
    const [bad] = flow.seen('bad').records
    assert.ok(isRejection(bad) && bad.reason.code === 'ARCHIVE_NO_POSITION')
  })

  it('reads again what a deploy has taken from it, the source running on', async () => {
    const [topic, group] = [await rig.topic(1), unique('g')]
    await feed(topic, readings(0, 1_000))
    const flowOf = (everyMin: number) =>
      archiving({ topic, group, store: store(), sink: { everyMin } })
    await flow.deploy(rig.brokers, flowOf(60))
    await until('all to be gathered', () => nodeMetrics('sink')?.gauges.get('gathered') === 1_000)
    await flow.deploy(rig.brokers, flowOf(0.01), 'nodes')
    await archived(1_000)
    assert.deepEqual(numbersOf(folder.records), upTo(1_000))
  })

  it('knows by its log what is archived, when Kafka has forgotten the offsets', async () => {
    const [topic, group] = [await rig.topic(1), unique('g')]
    await feed(topic, readings(0, 700))
    await deploy(topic, group)
    await archived(700)
    await feed(topic, readings(700, 1_000))
    await deploy(topic, unique('g'))
    await archived(1_000)
    assert.deepEqual(numbersOf(folder.records), upTo(1_000))
    assert.equal(nodeMetrics('sink')?.duplicates, 700)
  })

  it('waits, red, at a topic that was made anew, and loses nothing of it', async () => {
    const [topic, group] = [await rig.topic(1), unique('g')]
    await feed(topic, readings(0, 50))
    await deploy(topic, group)
    await archived(50)
    await flow.deploy(rig.brokers, [])
    await rig.anew(topic, 1)
    await feed(topic, readings(100, 130))
    await deploy(topic, unique('g'))
    await until('the word', () => /another topic/.test(flow.statusOf('sink').at(-1) ?? ''))
    await deploy(topic, unique('g'), { archive: 'second' })
    await archived(80)
    assert.deepEqual(numbersOf(folder.records), [...upTo(50), ...upTo(130).slice(100)])
  })
})
