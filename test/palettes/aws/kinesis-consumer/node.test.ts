// Mostly waits.
import assert from 'node:assert/strict'
import access from '../../../../palettes/aws/nodes/aws-access/runtime.ts'
import consumer from '../../../../palettes/aws/nodes/kinesis-consumer/runtime.ts'
import { registerCollect } from '../../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { until } from '../../../until.ts'
import { errorOf } from '../aws-proxy.ts'
import { Client, numbersOf, type Scene, sceneOf, stateOf, unique, upTo } from '../rig.ts'
import { AwsServers } from '../servers.ts'

const NODE = 'millrace-kinesis-consumer'
/** Short, so that tests are. */
const QUICK = { leaseS: 1, checkpointS: 0.1, pollMs: 200 }

describe('kinesis-consumer in Node-RED', function () {
  this.timeout(60_000)
  const servers = new AwsServers()
  let red: RunningNodeRed
  let client: Client
  let url: string
  before(async () => {
    url = await servers.start()
    client = new Client(url)
    red = await startNodeRed({ nodes: [access, consumer, registerCollect] })
  })
  after(async () => {
    await red?.stop()
    client?.close()
    await servers.end()
  })
  afterEach(async () => {
    servers.proxy.fault = undefined
    await red.deploy([])
  })

  const sceneFor = (stream: string, options: object = {}) =>
    sceneOf(NODE, url, { stream, application: unique('app'), ...QUICK, ...options })
  const numbered = (count: number, first = 0, keys = 50) =>
    upTo(count).map(n => ({ key: `k${(first + n) % keys}`, data: { n: first + n } }))
  const seen = ({ first }: Scene) => (first.records as { n: number }[]).map(({ n }) => n)
  const settled = (scene: Scene) =>
    until('all to be settled', () => stateOf(scene).counts.inFlight === 0)

  it('reads all shards in their order, and goes on where it was after a deployment', async () => {
    const stream = await client.stream(2)
    await client.put(stream, numbered(300))
    const scene = sceneFor(stream)
    await red.deploy(scene.flow)
    await until('300 records', () => seen(scene).length === 300)
    for (const key of upTo(50))
      assert.deepEqual(
        seen(scene).filter(n => n % 50 === key),
        upTo(300).filter(n => n % 50 === key)
      )
    await until('both shards', () => /2 shards/.test(stateOf(scene).status?.text ?? ''))
    await red.deploy([])
    await client.put(stream, numbered(100, 300))
    await red.deploy(scene.flow)
    await until('100 more', () => numbersOf(scene.first).length === 400)
    assert.equal(seen(scene).length, 400)
  })

  it('brings again what the flow did not store', async () => {
    const stream = await client.stream(1)
    await client.put(stream, numbered(50))
    const lost = sceneFor(stream, { acknowledge: 'stored', batchSize: 10, maxInFlight: 30 })
    const [tab] = lost.flow
    const collects = lost.flow.filter(({ type }) => type === 'collect')
    // Nothing confirms it: it is neither acknowledged nor is more asked for.
    const end = { id: unique('end'), z: tab!.id, type: 'junction', wires: [] }
    const held = lost.flow
      .filter(each => !collects.includes(each))
      .map(each => (each.type === NODE ? { ...each, wires: [[end.id], []] } : each))
    await red.deploy([...held, end])
    await until('the flow to be full', () => stateOf(lost).counts.inFlight === 30)
    await red.deploy(lost.flow)
    await until('all', () => numbersOf(lost.first).length === 50)
    assert.deepEqual(numbersOf(lost.first), upTo(50))
  })

  it('rejects what it cannot read, with its bytes, and goes on', async () => {
    const stream = await client.stream(1)
    await client.put(stream, [
      { key: 'a', data: { n: 1 } },
      { key: 'b', data: Buffer.from('{"n":') },
      { key: 'c', data: { n: 2 } }
    ])
    const taken = [
      { part: 'partition-key', field: 'key' },
      { part: 'shard', field: 'shard' }
    ]
    const scene = sceneFor(stream, { taken })
    await red.deploy(scene.flow)
    await until('2 records', () => scene.first.records.length === 2)
    await until('the rejection', () => scene.rejected.records.length === 1)
    assert.deepEqual(JSON.parse(JSON.stringify(scene.first.records)), [
      { n: 1, key: 'a', shard: 'shardId-000000000000' },
      { n: 2, key: 'c', shard: 'shardId-000000000000' }
    ])
    const [refusal] = scene.rejected.records as { reason: { code: string }; raw: Buffer }[]
    assert.equal(refusal!.reason.code, 'JSON_INVALID')
    assert.equal(refusal!.raw.toString(), '{"n":')
    await settled(scene)
  })

  it('starts with what comes from now on, and loses nothing of that', async () => {
    const stream = await client.stream(1)
    await client.put(stream, numbered(10))
    await until('a second', () => new Date().getMilliseconds() > 900)
    const scene = sceneFor(stream, { startFrom: 'latest' })
    await red.deploy(scene.flow)
    await until('the shard', () => /1 shard/.test(stateOf(scene).status?.text ?? ''))
    await client.put(stream, numbered(10, 10))
    await until('10 records', () => seen(scene).length >= 10)
    assert.deepEqual(
      numbersOf(scene.first),
      upTo(10).map(n => n + 10)
    )
  })

  it('shares the shards with others: no record is lost, and none comes twice', async () => {
    const stream = await client.stream(4)
    const application = unique('app')
    const one = sceneFor(stream, { application })
    const other = sceneFor(stream, { application })
    await red.deploy(one.flow)
    await client.put(stream, numbered(200))
    await until('all', () => seen(one).length === 200)
    await red.deploy([...one.flow, ...other.flow])
    const isHalf = (scene: Scene) => /2 of 4 shards/.test(stateOf(scene).status?.text ?? '')
    await until('an even share', () => isHalf(one) && isHalf(other))
    await client.put(stream, numbered(200, 200))
    const all = () => [...seen(one), ...seen(other)]
    await until('all', () => all().length === 400)
    assert.equal(new Set(all()).size, 400)
    assert.ok(seen(other).length > 0)
    // One of them leaves: the other takes its shards at once.
    await red.deploy(other.flow)
    await client.put(stream, numbered(100, 400))
    await until('the rest', () => new Set(all()).size === 500)
  })

  it('goes through a split and a merge under load: parents before their children', async () => {
    const stream = await client.stream(1)
    const scene = sceneFor(stream)
    await red.deploy(scene.flow)
    let n = 0
    const load = async (times: number) => {
      for (let time = 0; time < times; time++) {
        await client.put(stream, numbered(60, n, 6))
        n += 60
      }
    }
    await load(2)
    const [first] = await client.shards(stream)
    const half = (BigInt(first!.HashKeyRange!.EndingHashKey!) / 2n).toString()
    const split = { StreamName: stream, ShardToSplit: first!.ShardId!, NewStartingHashKey: half }
    await Promise.all([client.kinesis.splitShard(split), load(2)])
    await client.active(stream)
    await load(2)
    const [, left, right] = await client.shards(stream)
    await Promise.all([
      client.kinesis.mergeShards({
        StreamName: stream,
        ShardToMerge: left!.ShardId!,
        AdjacentShardToMerge: right!.ShardId!
      }),
      load(2)
    ])
    await client.active(stream)
    await load(2)
    await until('all', () => numbersOf(scene.first).length === n, 30_000)
    const isWhole = (reader: Scene) => {
      assert.equal(seen(reader).length, n)
      for (const key of upTo(6))
        assert.deepEqual(
          seen(reader).filter(each => each % 6 === key),
          upTo(n).filter(each => each % 6 === key)
        )
    }
    isWhole(scene)
    await until('one shard', () => /1 shard/.test(stateOf(scene).status?.text ?? ''))
    // The same for who comes when all of that is over.
    const later = sceneFor(stream, { startFrom: 'time', startTime: '2026-01-01T00:00:00Z' })
    await red.deploy(later.flow)
    await until('all', () => numbersOf(later.first).length === n, 30_000)
    isWhole(later)
  })

  it('goes on after iterators that expire, throttling and an outage', async () => {
    const stream = await client.stream(1)
    const scene = sceneFor(stream)
    await red.deploy(scene.flow)
    await client.put(stream, numbered(50))
    await until('50 records', () => seen(scene).length === 50)
    const faults = [
      errorOf('ExpiredIteratorException', 'Iterator expired'),
      errorOf('ProvisionedThroughputExceededException', 'Rate exceeded'),
      errorOf('InternalFailure', '', 500)
    ]
    servers.proxy.fault = ({ action }) => (action === 'GetRecords' ? faults.shift() : undefined)
    await client.put(stream, numbered(50, 50))
    await until('50 more', () => seen(scene).length === 100)
    assert.equal(faults.length, 0)
    await servers.proxy.refuse()
    await until('the status', () => /AWS away/.test(stateOf(scene).status?.text ?? ''))
    await servers.proxy.open()
    await client.put(stream, numbered(50, 100))
    await until('the rest', () => numbersOf(scene.first).length === 150)
    assert.equal(seen(scene).length, 150)
  })

  it('says that a shard is gone with what was not read, and reads the others', async () => {
    const stream = await client.stream(2)
    const [gone] = await client.shards(stream)
    let isGone = false
    servers.proxy.fault = async ({ action, body, pass }) => {
      if (!isGone) return undefined
      if (action === 'GetRecords' && body.Limit === 77)
        return errorOf('ExpiredIteratorException', 'Iterator expired')
      if (action === 'GetShardIterator' && body.ShardId === gone!.ShardId)
        return errorOf('ResourceNotFoundException', 'Shard does not exist')
      if (action !== 'ListShards') return undefined
      const answer = await pass()
      const Shards = (answer.body.Shards as { ShardId: string }[]).filter(
        ({ ShardId }) => ShardId !== gone!.ShardId
      )
      return { ...answer, body: { ...answer.body, Shards } }
    }
    const scene = sceneFor(stream, { maxInFlight: 77, batchSize: 77 })
    await red.deploy(scene.flow)
    await until('both shards', () => /2 shards/.test(stateOf(scene).status?.text ?? ''))
    isGone = true
    await until('one shard', () => /1 shard$/.test(stateOf(scene).status?.text ?? ''))
    isGone = false
    servers.proxy.fault = undefined
    await client.put(stream, numbered(50))
    await until('some', () => seen(scene).length > 0)
  })

  it('is red for an application of another stream', async () => {
    const [one, other] = [await client.stream(1), await client.stream(1)]
    const application = unique('app')
    const first = sceneFor(one, { application })
    await red.deploy(first.flow)
    await until('the shard', () => /1 shard/.test(stateOf(first).status?.text ?? ''))
    const second = sceneFor(other, { application })
    await red.deploy(second.flow)
    await until('the status', () => /another stream/.test(stateOf(second).status?.text ?? ''))
  })
})
