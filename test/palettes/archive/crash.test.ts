// Mostly waits.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { companion } from '../../../build/palettes.ts'
import { build } from '../../../build.ts'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { NodeRedProcess } from '../../node-red-process.ts'
import { duckDb, type ObjectStore, s3Server } from '../../servers/object-stores.ts'
import { until } from '../../until.ts'
import { archiving, readings, unique } from './rig.ts'
import { broughtTo, pathsIn } from './rig-store.ts'
import { StoreProxy } from './store-proxy.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'
const KILLS = IS_LONG ? 20 : 1
const RECORDS = IS_LONG ? 400_000 : 12_000
const PARTITIONS = 3

describe('an archive that two Node-REDs write, of which one is killed', function () {
  this.timeout(IS_LONG ? 1_800_000 : 300_000)
  let rig: Rig
  let server: ObjectStore
  let proxy: StoreProxy
  const both: NodeRedProcess[] = []
  const place = mkdtempSync(join(tmpdir(), 'millrace-crash-'))

  before(async () => {
    rig = await kafkaRig()
    server = s3Server()
    await server.start()
    proxy = new StoreProxy(server.url)
    await proxy.start()
    await build()
    await build({ root: (await companion('archive')).folder })
  })
  after(async () => {
    for (const nodeRed of both) await nodeRed.remove()
    await proxy?.end()
    await server?.end()
    await rig?.close()
    rmSync(place, { recursive: true, force: true })
  })

  it(`holds each record once after ${IS_LONG ? '20 kills, some' : 'a kill'} in the middle of an upload`, async () => {
    const [topic, bucket] = [await rig.topic(PARTITIONS), unique('bucket')]
    await server.make(bucket)
    const store = { ...server.settings(bucket), endpoint: proxy.url }
    const group = `g-${randomUUID()}`
    const nodes = archiving({ topic, group, store, sink: { maxMb: 0.3, compression: 'gzip' } })
    const flow = [
      { id: 'tab', type: 'tab' },
      { id: 'cluster', type: 'millrace-kafka-cluster', brokers: rig.brokers },
      ...nodes
        .filter(({ type }) => type !== 'seen')
        .map(node => ({
          ...node,
          ...(node.type === 'millrace-archive-store' ? {} : { z: 'tab', x: 100, y: 100 }),
          ...(node.id === 'read' ? { cluster: 'cluster', wires: [['sink'], []] } : {}),
          ...(node.id === 'sink' ? { wires: [[], []] } : {})
        }))
    ]
    for (let count = 0; count < 2; count++) both.push(new NodeRedProcess({ flow }))
    await Promise.all(both.map(nodeRed => nodeRed.start()))
    let fed = 0
    const feed = async (count: number) => {
      for (const end = Math.min(RECORDS, fed + count); fed < end; fed += 500) {
        const messages = readings(fed, fed + 500).map(value => ({
          partition: value.n % PARTITIONS,
          value: JSON.stringify(value)
        }))
        await rig.feed.send({ topic, messages })
      }
    }
    const files = async () => (await pathsIn(server.settings(bucket))).length
    for (let kill = 0; kill < KILLS; kill++) {
      const isInUpload = kill % 2 === 0
      const before = await files()
      if (isInUpload)
        proxy.rule((method, path) =>
          method === 'PUT' && /site=b.*\.jsonl/.test(path) ? 'hold' : undefined
        )
      const heldBefore = proxy.held
      await feed(Math.ceil(RECORDS / (KILLS + 1)))
      if (isInUpload) await until('an upload to hang', () => proxy.held > heldBefore, 60_000)
      else await until('a file', async () => (await files()) > before, 60_000)
      const victim = both[kill % 2]!
      await victim.end('SIGKILL')
      proxy.rule(() => undefined)
      await victim.start()
    }
    await feed(RECORDS)
    const ends = Array.from({ length: PARTITIONS }, () => RECORDS / PARTITIONS)
    await until(
      'all to be committed',
      async () => {
        const committed = await rig.committed(group, topic)
        return ends.every((end, partition) => committed[partition] === end)
      },
      120_000
    )
    const local = await broughtTo(join(place, bucket), server.settings(bucket))
    const [found] = await duckDb(
      `SELECT count(*)::INT AS count, sum(n)::VARCHAR AS sum, count(DISTINCT n)::INT AS numbers FROM read_json('${local}/**/*.jsonl.gz')`
    )
    const sum = String((RECORDS * (RECORDS - 1)) / 2)
    assert.deepEqual(found, { count: RECORDS, sum, numbers: RECORDS })
  })
})
