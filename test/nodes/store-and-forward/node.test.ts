// Mostly waits.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { collectedBy, conformanceNodes, feedOf, placed } from '../../../core/conformance/nodes.ts'
import { isRejection, provenanceOf } from '../../../core/record/record.ts'
import storeAndForward from '../../../nodes/store-and-forward/runtime.ts'
import { registerCollect } from '../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'
import { KeepScene, numbers, record, records, upTo } from './scene.ts'

describe('store and forward in Node-RED', function () {
  this.timeout(60_000)
  let red: RunningNodeRed

  before(async () => {
    red = await startNodeRed({ nodes: [registerCollect, conformanceNodes, storeAndForward] })
  })
  after(() => red.stop())

  async function deployed(options: Record<string, unknown> = {}): Promise<KeepScene> {
    const scene = new KeepScene(options)
    await red.deploy(scene.flow())
    return scene
  }
  const calm = (scene: KeepScene) =>
    until('nothing to wait', () => scene.waiting === 0 && scene.metrics.inFlight === 0)
  const ask = async (scene: KeepScene, action: string, of = '') => {
    const response = await fetch(`${red.url}/millrace/queue`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ id: scene.id, action, of })
    })
    return (await response.json()) as {
      ok: boolean
      message?: string
      records: { priority: string; records: number }[]
      mayPutAside: boolean
      leftBehind: { folder: string; records: number }[]
    }
  }

  it('acknowledges what is on disk, though nothing behind takes it, and sends it on', async () => {
    const scene = await deployed()
    scene.on.treatment = 'hold'
    for (let n = 0; n < 50; n += 10) await scene.send(records(n, 10))
    assert.equal(scene.metrics.stored, 50)
    assert.equal(scene.metrics.out, 0)
    assert.equal(scene.waiting, 50)
    scene.on.release()
    await calm(scene)
    assert.deepEqual(numbers(scene.on.records), upTo(50))
    const { in: taken, out, stored, filtered, returned } = scene.metrics
    assert.deepEqual([taken, out, stored, filtered, returned], [50, 50, 50, 0, 0])
  })

  it('lets records keep where they came from, and messages their topic', async () => {
    const scene = await deployed()
    const fed = feedOf(`${scene.id}-feed`).send(1, () => placed(record(7), 7))
    await fed.acknowledged
    await calm(scene)
    const [got] = scene.on.records
    assert.deepEqual(provenanceOf(got)?.taken.raw, Buffer.from('raw-7'))
    assert.ok(!Array.isArray(scene.on.got[0]!.message.payload), 'one record stays one')
  })

  it('sends again what the flow behind fails with, in order, as long as it takes', async () => {
    const scene = await deployed({ batchSize: 5 })
    scene.on.treatment = 'fail'
    await scene.send(records(0, 20))
    await until('two tries', () => scene.on.got.length >= 2)
    await until('the reason in the status', () =>
      /20 wait · the sink cannot/.test(scene.metrics.status?.text ?? '')
    )
    scene.on.treatment = 'store'
    const failed = scene.on.got.length
    await calm(scene)
    const got = scene.on.got.slice(failed).flatMap(({ message }) => message.payload)
    assert.deepEqual(numbers(got as unknown[]), upTo(20))
    assert.ok(scene.metrics.retried > 0)
  })

  it('gives up where it is told to, and lets the others pass', async () => {
    const scene = await deployed({ batchSize: 5, tries: 'limited', retries: 0 })
    scene.on.treatment = 'fail'
    await scene.send(records(0, 5))
    await until('the dead letters', () => scene.rejected.records.length === 5)
    await calm(scene)
    scene.on.treatment = 'store'
    await scene.send(records(5, 5))
    await calm(scene)
    assert.ok(scene.rejected.records.every(isRejection))
    assert.deepEqual([scene.metrics.rejected, scene.metrics.out], [5, 5])
  })

  it('sends first what is first', async () => {
    const scene = await deployed({
      batchSize: 10,
      priorities: [{ field: 'alarm', operator: 'present', value: '', priority: 'first' }]
    })
    scene.on.treatment = 'hold'
    await scene.send(records(0, 10))
    await until('the first group', () => scene.on.records.length === 10)
    await Promise.all([
      scene.send(records(10, 60)),
      scene.send(records(100, 30, { alarm: 'raised' }))
    ])
    scene.on.release()
    await calm(scene)
    const order = numbers(scene.on.records)
    assert.equal(order.length, 100)
    const alarms = order.findLastIndex(n => n >= 100)
    const before = order.slice(0, alarms).filter(n => n < 100)
    // But for what was on its way, of what is new and of what has waited.
    assert.ok(before.length <= 20, `${before.length} readings left before the last alarm`)
    assert.deepEqual(
      order.filter(n => n < 100),
      upTo(70)
    )
  })

  it('lets what is new pass what has waited, and keeps the order of both', async () => {
    const scene = await deployed({ batchSize: 10 })
    scene.on.treatment = 'hold'
    await scene.send(records(0, 200))
    await until('the first of them', () => numbers(scene.on.records).includes(0))
    const sent = scene.on.records.length
    await red.deploy(scene.flow())
    // By the node of this deploy: that of the one before may still send what comes next.
    const isAgain = () => numbers(scene.on.records.slice(sent)).includes(0)
    await until('what waits again', isAgain)
    const before = scene.on.records.length
    await scene.send(records(1000, 10))
    scene.on.release()
    await calm(scene)
    const order = numbers(scene.on.records.slice(before))
    assert.ok(order.indexOf(1009) < order.indexOf(150), `new ones came at ${order.indexOf(1009)}`)
    const old = [...new Set(numbers(scene.on.records).filter(n => n < 1000))]
    assert.deepEqual(old, upTo(200))
  })

  it('sends all in the order it came where it is told to, one message at a time', async () => {
    const scene = await deployed({ order: 'strict', batchSize: 10 })
    scene.on.treatment = 'hold'
    for (const each of records(0, 30)) await scene.send(each)
    await red.deploy(scene.flow())
    for (const each of records(30, 5)) await scene.send(each)
    const before = scene.on.got.length
    scene.on.release()
    await calm(scene)
    const order = numbers(scene.on.records.slice(before - 1))
    assert.deepEqual([...new Set(order)], upTo(35))
  })

  it('makes lists of what came one by one where it is told to', async () => {
    const scene = await deployed({ leaves: 'lists' })
    scene.on.treatment = 'hold'
    await scene.send(record(0))
    await until('the first', () => scene.on.got.length === 1)
    await Promise.all(records(1, 20).map(each => scene.send(each)))
    scene.on.release()
    await calm(scene)
    assert.ok(scene.on.got.every(({ message }) => Array.isArray(message.payload)))
    assert.ok(scene.on.got.length <= 5, `${scene.on.got.length} messages`)
  })

  it('lets sources wait when it is full, has room for alarms all the same, and goes on', async () => {
    const scene = await deployed({
      maxMb: 1,
      priorities: [{ field: 'alarm', operator: 'present', value: '', priority: 'first' }]
    })
    scene.on.treatment = 'hold'
    const big = (n: number) => record(n, { text: 'x'.repeat(100_000) })
    const sent = upTo(15).map(n => scene.send(big(n)))
    await until('the status', () => /^full: 9 wait/.test(scene.metrics.status?.text ?? ''))
    const alarm = scene.send(record(100, { alarm: 'raised' }))
    await until('the alarm on the disk', () => scene.metrics.stored === 10)
    scene.on.release()
    await Promise.all([...sent, alarm])
    await calm(scene)
    assert.deepEqual(
      numbers(scene.on.records).filter(n => n < 100),
      upTo(15)
    )
    assert.deepEqual([scene.metrics.filtered, scene.metrics.returned], [0, 0])
  })

  it('leaves out the oldest where it is told to: counted, told, and by the second output', async () => {
    const scene = await deployed({ maxMb: 1, full: 'oldest' })
    scene.on.treatment = 'hold'
    for (const n of upTo(30)) await scene.send(record(n, { text: 'x'.repeat(100_000) }))
    scene.on.release()
    await calm(scene)
    const on = new Set(numbers(scene.on.records))
    const left = scene.left.records
    assert.equal(scene.metrics.filtered, left.length)
    assert.ok(left.length >= 15 && left.every(isRejection))
    const numbersLeft = numbers(left.map(each => (isRejection(each) ? each.record : {})))
    assert.deepEqual(
      [...on, ...numbersLeft].sort((a, b) => a - b),
      upTo(30)
    )
    assert.equal(isRejection(left[0]) && left[0].reason.code, 'QUEUE_OLDEST')
    const told = red.logs.filter(({ id, msg }) => id === scene.id && /left out/.test(String(msg)))
    assert.equal(told.length, 1)
    await until('the status', () => /left out/.test(scene.metrics.status?.text ?? ''))
  })

  it('keeps what waits when flows are deployed, and when the node is disabled', async () => {
    const scene = await deployed()
    scene.on.treatment = 'hold'
    await scene.send(records(0, 30))
    await red.deploy(scene.flow())
    await until('them again', () => scene.waiting === 30)
    await red.deploy(scene.flow({ d: true }))
    await red.deploy(scene.flow())
    scene.on.release()
    await calm(scene)
    assert.deepEqual([...new Set(numbers(scene.on.records))], upTo(30))
  })

  it('keeps what waits in a node that is deleted, and lets another take it over', async () => {
    const scene = await deployed()
    scene.on.treatment = 'hold'
    await scene.send(records(0, 30))
    const other = await deployed()
    const folder = join(red.userDir, 'millrace', 'queue', scene.id)
    assert.ok(existsSync(folder))
    assert.ok(red.logs.some(({ msg }) => /deleted while 30 records wait/.test(String(msg))))
    const left = async () =>
      (await ask(other, 'look')).leftBehind.find(each => each.folder === scene.id)
    assert.deepEqual(await left(), { folder: scene.id, name: '', records: 30 })
    assert.deepEqual((await ask(other, 'adopt', '../starts')).ok, false)
    const { message } = await ask(other, 'adopt', scene.id)
    assert.equal(message, '30 records were taken over.')
    await calm(other)
    assert.deepEqual(numbers(other.on.records), upTo(30))
    assert.equal(existsSync(folder), false)
    assert.equal(await left(), undefined)
  })

  it('is gone with a node in which nothing waits', async () => {
    const scene = await deployed()
    await scene.send(records(0, 3))
    await calm(scene)
    await deployed()
    assert.equal(existsSync(join(red.userDir, 'millrace', 'queue', scene.id)), false)
  })

  it('sends nothing into nowhere', async () => {
    const scene = new KeepScene()
    const flow = scene
      .flow()
      .map(node => (node.id === scene.id ? { ...node, wires: [[], [], []] } : node))
    await red.deploy(flow)
    await scene.send(records(0, 3))
    await until('the status', () => scene.metrics.status?.text === '3 wait · no wire')
    await red.deploy(scene.flow())
    await calm(scene)
    assert.deepEqual(numbers(scene.on.records), upTo(3))
  })

  it('is told by its dialog to send again at once, and to leave out what waits', async () => {
    const scene = await deployed({ batchSize: 5, timeoutS: 600 })
    scene.on.treatment = 'hold'
    await scene.send(records(0, 20))
    await until('the first', () => scene.on.got.length === 1)
    await ask(scene, 'again')
    await until('it again', () => scene.on.got.length === 2)
    assert.deepEqual(numbers(scene.on.records), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    const { records: waiting } = await ask(scene, 'look')
    assert.deepEqual(waiting[2], { priority: 'normal', records: 20 })
    const { message } = await ask(scene, 'clear')
    assert.match(message ?? '', /^\d+ records were left out\.$/)
    scene.on.release()
    await calm(scene)
    assert.equal(scene.metrics.filtered + scene.metrics.out, 20)
    await until('the second output', () => scene.left.records.length === scene.metrics.filtered)
  })

  it('acknowledges nothing while its queue is damaged, until a person puts that aside', async () => {
    const scene = new KeepScene()
    const folder = join(red.userDir, 'millrace', 'queue', scene.id)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'CURRENT'), 'nonsense\n')
    await red.deploy(scene.flow())
    let isAcknowledged = false
    const sent = scene.send(records(0, 3)).then(() => {
      isAcknowledged = true
    })
    await until('red', () => scene.metrics.status?.text === 'queue damaged: see dialog')
    assert.ok((await ask(scene, 'look')).mayPutAside)
    assert.equal(isAcknowledged, false)
    assert.match((await ask(scene, 'aside')).message ?? '', /damaged-/)
    await sent
    await calm(scene)
    assert.deepEqual(numbers(scene.on.records), upTo(3))
    const aside = readdirSync(join(folder, '..')).filter(name =>
      name.startsWith(`${scene.id}.damaged`)
    )
    assert.equal(aside.length, 1)
    assert.equal((await ask(scene, 'aside')).ok, false)
  })

  it('takes nothing over of nodes that run', async () => {
    const scene = await deployed()
    assert.equal((await ask(scene, 'adopt', scene.id)).ok, false)
    assert.deepEqual(collectedBy(scene.id), [])
  })
})
