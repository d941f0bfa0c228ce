// Mostly waits.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { conformanceNodes } from '../../../core/conformance/nodes.ts'
import { isRejection } from '../../../core/record/record.ts'
import { openQueueStore } from '../../../nodes/store-and-forward/queue-store.ts'
import storeAndForward from '../../../nodes/store-and-forward/runtime.ts'
import { registerCollect } from '../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'
import { changeOne } from './queue-of.ts'
import { KeepScene, numbers, record, records, upTo } from './scene.ts'

const ALARMS = [{ field: 'alarm', operator: 'present', value: '', priority: 'first' }]
const big = (n: number) => record(n, { text: 'x'.repeat(100_000) })
const alarm = (n: number) => record(n, { alarm: 'raised' })
const sorted = (found: readonly number[]) => [...found].sort((a, b) => a - b)

describe('store and forward that is full, or ends', function () {
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
  const firstOf = (scene: KeepScene) => scene.metrics.gauges.get('waiting first')
  const ask = async (scene: KeepScene, action: string, of = '') => {
    const response = await fetch(`${red.url}/millrace/queue`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ id: scene.id, action, of })
    })
    return (await response.json()) as {
      readonly message: string
      readonly leftBehind: readonly { readonly folder: string; readonly records?: number }[]
    }
  }
  const numbersLeft = ({ left }: KeepScene) =>
    numbers(left.records.map(each => (isRejection(each) ? each.record : {})))

  it('sends all that is left out by the second output, however much it is', async () => {
    const scene = await deployed({ batchSize: 1 })
    scene.on.treatment = 'hold'
    for (let n = 0; n < 150; n++) await scene.send(record(n))
    const { message } = await ask(scene, 'clear')
    // But for what is on its way: of what is new, and of what has waited.
    const count = Number(/^(14[89]) records were left out\.$/.exec(message)?.[1])
    await until('them', () => scene.left.records.length === count)
    scene.on.release()
    await calm(scene)
    assert.deepEqual(sorted([...numbersLeft(scene), ...numbers(scene.on.records)]), upTo(150))
    assert.deepEqual([scene.metrics.filtered, scene.metrics.out], [count, 150 - count])
  })

  it('keeps what is left out until the second output has it, over a deployment', async () => {
    const scene = await deployed({ maxMb: 1, full: 'oldest', batchSize: 1 })
    scene.on.treatment = scene.left.treatment = 'hold'
    for (const n of upTo(20)) void scene.send(big(n))
    await until('the second output to be behind', () =>
      /^full: \d+ wait, sources too · \d+ at output 2$/.test(scene.metrics.status?.text ?? '')
    )
    const kept = upTo(scene.metrics.stored)
    await red.deploy(scene.flow())
    scene.left.release()
    scene.on.release()
    await calm(scene)
    const all = () => new Set([...numbers(scene.on.records), ...numbersLeft(scene)])
    await until('all of it', () => kept.every(n => all().has(n)))
    await until('all of it to be taken', () => scene.metrics.gauges.get('waiting left out') === 0)
  })

  it('lets alarms pass readings that wait in the same message', async () => {
    const scene = await deployed({ maxMb: 1, priorities: ALARMS })
    scene.on.treatment = 'hold'
    const sent = upTo(8).map(n => scene.send(big(n)))
    await until('it to be nearly full', () => scene.metrics.stored === 8)
    const mixed = [big(8), big(9), alarm(10), big(11), alarm(12)]
    sent.push(scene.send(mixed))
    await until('the alarms on the disk', () => firstOf(scene) === 2)
    // Nor do those wait that lined up before.
    sent.push(scene.send([big(13), alarm(14)]), scene.send([alarm(15), { alarm: Number.NaN }]))
    await until('the others too', () => firstOf(scene) === 4)
    assert.equal(scene.metrics.stored, 12)
    scene.on.release()
    await Promise.all(sent)
    await calm(scene)
    assert.deepEqual(sorted(numbers(scene.on.records)), upTo(16))
    const { in: taken, stored, rejected, out, returned } = scene.metrics
    assert.deepEqual([taken, stored, rejected, out, returned], [17, 16, 1, 16, 0])
  })

  it('lets alarms pass readings that came while it was opened, and gives back the rest', async () => {
    const scene = await deployed({ maxMb: 1, priorities: ALARMS })
    scene.on.treatment = 'hold'
    const sent = upTo(9).map(n => scene.send(big(n)))
    await until('it to be full', () => scene.metrics.stored === 9)
    await Promise.all(sent)
    await red.deploy(scene.flow())
    void scene.send(big(9))
    void scene.send([big(10), alarm(11)])
    await until('the alarm on the disk', () => firstOf(scene) === 1)
    await red.deploy(scene.flow())
    scene.on.release()
    await until('it', () => numbers(scene.on.records).includes(11))
    await calm(scene)
    // The source has the two back, and what was taken is not given back.
    assert.deepEqual(sorted([...new Set(numbers(scene.on.records))]), [...upTo(9), 11])
  })

  it('leaves behind what it could not open, and what is damaged', async () => {
    const damaged = await deployed()
    damaged.on.treatment = 'hold'
    await damaged.send(record(0))
    const folderOf = ({ id }: KeepScene) => join(red.userDir, 'millrace', 'queue', id)
    await red.deploy(damaged.flow({ d: true }))
    await changeOne(folderOf(damaged), value => value.replace('"n":0', '"n":7'))
    await red.deploy(damaged.flow())
    await until('red', () => /damaged on disk/.test(damaged.metrics.status?.text ?? ''))
    const closed = new KeepScene()
    mkdirSync(folderOf(closed), { recursive: true })
    writeFileSync(join(folderOf(closed), 'CURRENT'), 'nonsense\n')
    await red.deploy(closed.flow())
    await until('red', () => /damaged/.test(closed.metrics.status?.text ?? ''))
    const other = await deployed()
    assert.ok(existsSync(folderOf(damaged)) && existsSync(folderOf(closed)))
    const ids = [damaged.id, closed.id]
    const left = async () => {
      const { leftBehind } = await ask(other, 'look')
      return leftBehind.map(each => each.folder).filter(folder => ids.includes(folder))
    }
    assert.deepEqual((await left()).sort(), ids.sort())
    assert.match((await ask(other, 'adopt', damaged.id)).message, /^0 records .* changed 1 entries/)
    assert.match((await ask(other, 'adopt', closed.id)).message, /damaged/)
    assert.deepEqual(await left(), [closed.id])
    assert.ok(red.logs.some(({ msg }) => /nobody knows how many records/.test(String(msg))))
  })

  it('is closed while nothing can be taken over, and can be opened again', async () => {
    const scene = await deployed()
    scene.on.treatment = 'hold'
    await scene.send(records(0, 3))
    const other = await deployed()
    const folder = join(red.userDir, 'millrace', 'queue', scene.id)
    const open = await openQueueStore(folder)
    assert.match((await ask(other, 'adopt', scene.id)).message, /another process/)
    await open.close()
    assert.equal((await ask(other, 'adopt', scene.id)).message, '3 records were taken over.')
    await calm(other)
    assert.deepEqual(numbers(other.on.records), upTo(3))
  })
})
