import assert from 'node:assert/strict'
import { entryOf } from '../../../nodes/store-and-forward/entry.ts'
import { LEFT_OUT, leftMessage, type Why } from '../../../nodes/store-and-forward/left-out.ts'
import { Room, type RoomOptions } from '../../../nodes/store-and-forward/room.ts'
import { recordsOf, TestQueue } from './queue-of.ts'

interface Reading {
  readonly n: number
  readonly device_id: string
}

const reading = (n: number): Reading & { text: string } => ({
  n,
  device_id: `d${n % 5}`,
  text: 'x'.repeat(100)
})
const readings = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => reading(from + index))
const numbers = (records: readonly object[]) => records.map(record => (record as Reading).n)

interface Scene {
  readonly test: TestQueue
  readonly room: Room
  /** What has left by the second output. */
  readonly left: Map<Why, number[]>
  /** How many records were left out. */
  readonly counts: Map<Why, number>
}

async function sceneOf(options: Partial<RoomOptions>, nowMs = () => Date.now()): Promise<Scene> {
  const test = await new TestQueue(false, nowMs).open()
  const counts = new Map<Why, number>()
  const room = new Room(test.queue, {
    maxBytes: 100_000,
    full: 'wait',
    keepEvery: 2,
    key: ['device_id'],
    maxAgeMs: undefined,
    nowMs,
    isDiskFull: () => false,
    isTaken: () => true,
    leftOut: (records, why) => counts.set(why, (counts.get(why) ?? 0) + records),
    ...options
  })
  return { test, room, counts, left: new Map() }
}

/** The second output takes what was left out. */
async function takeLeft({ test, left }: Scene): Promise<void> {
  const stored = await test.take(test.queue.left, 'backlog')
  for (const each of stored) {
    const { properties, records } = entryOf(each.value) ?? assert.fail()
    const { payload } = leftMessage(properties, records)
    const { code } = payload[0]!.reason
    const [why] = Object.entries(LEFT_OUT).find(([, reason]) => reason.code === code)! as [
      Why,
      object
    ]
    left.set(why, [
      ...(left.get(why) ?? []),
      ...numbers(payload.map(letter => letter.record as object))
    ])
    test.queue.forget(each)
  }
}

/** True where there is more room than before. */
async function make(scene: Scene, bytes: number): Promise<boolean> {
  const before = scene.test.queue.bytes
  assert.equal(await scene.room.make(bytes), false, 'there is none before the second output has it')
  await takeLeft(scene)
  return scene.test.queue.bytes < before
}

/** What stays and what was left out is everything, each once. */
async function account(scene: Scene, count: number): Promise<number[]> {
  const { test, left, counts } = scene
  await takeLeft(scene)
  assert.deepEqual(new Map([...left].map(([why, { length }]) => [why, length])), counts)
  const stays = numbers(await test.rest())
  const all = [...stays, ...[...left.values()].flat()].sort((a, b) => a - b)
  assert.deepEqual(
    all,
    Array.from({ length: count }, (_, n) => n)
  )
  assert.equal(test.queue.records, stays.length)
  return stays
}

describe('room in a queue', function () {
  this.timeout(30_000)

  it('is not made where nothing may be left out', async () => {
    const scene = await sceneOf({})
    await scene.test.add(readings(0, 500))
    assert.equal(await scene.room.make(100_000), false)
    await account(scene, 500)
    await scene.test.remove()
  })

  it('has a tenth more for what goes first, and is there for one message of any size', async () => {
    const { test, room } = await sceneOf({})
    assert.equal(room.fits(1e9, false), true)
    await test.add(readings(0, 500))
    const left = 100_000 - test.queue.bytes
    assert.deepEqual(
      [room.fits(left, false), room.fits(left + 1, false), room.fits(left + 1, true)],
      [true, false, true]
    )
    assert.equal(room.fits(left + 10_001, true), false)
    await test.remove()
  })

  it('is made by the oldest of the lowest priority, and never by what goes first', async () => {
    const scene = await sceneOf({ full: 'oldest', maxBytes: 80_000 })
    const { test, left } = scene
    await test.add(readings(0, 200), 0)
    await test.add(readings(200, 200), 2)
    for (let n = 400; n < 600; n += 20) await test.add(readings(n, 20), 3)
    assert.equal(await make(scene, 20_000), true)
    const gone = left.get('oldest')!
    assert.ok(gone.length > 0 && gone.every(n => n >= 400))
    assert.deepEqual(
      gone,
      Array.from({ length: gone.length }, (_, index) => 400 + index)
    )
    // All that may be left out, and then there is nothing more.
    assert.equal(await make(scene, 79_000), true)
    assert.equal(await make(scene, 79_000), false)
    assert.deepEqual(
      await account(scene, 600),
      Array.from({ length: 200 }, (_, n) => n)
    )
    await test.remove()
  })

  it('is made by thinning out: of each key one of n stays, the oldest first', async () => {
    const scene = await sceneOf({ full: 'thin', keepEvery: 2, maxBytes: 60_000 })
    const { test, left } = scene
    for (let n = 0; n < 500; n += 50) await test.add(readings(n, 50))
    assert.equal(await make(scene, 1_000), true)
    assert.equal(left.has('oldest'), false)
    const stays = await account(scene, 500)
    const newest = Math.max(...left.get('thin')!)
    const thinnedOut = stays.filter(n => n <= newest)
    for (let device = 0; device < 5; device++) {
      const ofDevice = thinnedOut.filter(n => n % 5 === device)
      assert.deepEqual(
        ofDevice,
        Array.from({ length: ofDevice.length }, (_, index) => device + index * 10),
        `device ${device}`
      )
    }
    await test.remove()
  })

  it('is made by thinning out again and again, down to one record of each key, then by the oldest', async () => {
    const scene = await sceneOf({ full: 'thin', keepEvery: 3, maxBytes: 80_000 })
    const { test, left } = scene
    await test.add(readings(0, 500))
    assert.equal(await make(scene, 79_000), true)
    assert.deepEqual(left.get('oldest') ?? [], [])
    assert.equal(test.queue.records < 20, true)
    await make(scene, 79_990)
    await account(scene, 500)
    await test.remove()
  })

  it('is made of records whose key is of any form', async () => {
    const scene = await sceneOf({ full: 'thin', keepEvery: 2, maxBytes: 60_000 })
    const { test, left } = scene
    const keys: readonly unknown[] = [
      { toString: 1 },
      { valueOf: 1, toString: {} },
      { toJSON: 1 },
      [[]],
      null,
      'd'
    ]
    const strange = readings(0, 500).map((each, index) => ({
      ...each,
      device_id: keys[index % keys.length]
    }))
    await test.add(strange)
    assert.equal(await make(scene, 1_000), true)
    const stays = await account(scene, 500)
    const newest = Math.max(...left.get('thin')!)
    for (let key = 0; key < keys.length; key++) {
      const ofKey = stays.filter(n => n <= newest && n % keys.length === key)
      assert.deepEqual(
        ofKey,
        ofKey.map((_, index) => key + index * 2 * keys.length)
      )
    }
    await test.remove()
  })

  it('survives a restart as it is', async () => {
    const scene = await sceneOf({ full: 'thin', maxBytes: 60_000 })
    await scene.test.add(readings(0, 500))
    await make(scene, 10_000)
    await scene.test.reopen()
    assert.deepEqual(scene.test.queue.damage, { missing: 0, changed: 0 })
    await account(scene, 500)
    await scene.test.remove()
  })

  it('is made of what is too old, but not of what goes first', async () => {
    let nowMs = 1_000_000
    const scene = await sceneOf({ maxAgeMs: 60_000 }, () => nowMs)
    const { test, room, left } = scene
    await test.add(readings(0, 10), 0)
    await test.add(readings(10, 10))
    nowMs += 50_000
    await test.add(readings(20, 10))
    await room.age()
    await takeLeft(scene)
    assert.equal(left.size, 0)
    nowMs += 20_000
    await room.age()
    await takeLeft(scene)
    assert.deepEqual(left.get('age'), numbers(readings(10, 10)))
    assert.equal((await account(scene, 30)).length, 20)
    await test.remove()
  })

  it('is made of what is too old wherever it is, and of nothing else', async () => {
    let nowMs = 1_000_000
    const scene = await sceneOf({ maxAgeMs: 60_000 }, () => nowMs)
    const { test, room, left } = scene
    const later: [number, number][] = [
      // The clock goes back, so that what came later is older.
      [0, -2_000],
      [10, -30_000],
      [20, 31_000],
      [30, -9_000]
    ]
    for (const [n, thenMs] of later) {
      await test.add(readings(n, 10))
      nowMs += thenMs
    }
    nowMs = 1_059_000
    await room.age()
    await takeLeft(scene)
    const old = [...numbers(readings(10, 10)), ...numbers(readings(20, 10))]
    assert.deepEqual(left.get('age'), old)
    const found = await test.take(test.queue.lanes[2]!, 'live')
    assert.deepEqual(numbers(recordsOf(found)), [
      ...numbers(readings(0, 10)),
      ...numbers(readings(30, 10))
    ])
    // What was read in time is looked at once more when it is sent.
    nowMs = 1_059_500
    const young = room.sift(test.queue.lanes[2]!, found)
    assert.deepEqual(numbers(recordsOf(young)), numbers(readings(0, 10)))
    await test.queue.settled()
    await takeLeft(scene)
    assert.deepEqual(left.get('age'), [...old, ...numbers(readings(30, 10))])
    await test.reopen()
    await account(scene, 40)
    await test.remove()
  })

  it('leaves to the second output what it has not taken, over a restart', async () => {
    const scene = await sceneOf({ full: 'oldest', maxBytes: 60_000 })
    const { test, room, left } = scene
    for (let n = 0; n < 500; n += 5) await test.add(readings(n, 5))
    assert.equal(await room.make(30_000), false)
    // No more is left out before that has gone.
    const waits = test.queue.left.records
    assert.equal(await room.make(30_000), false)
    assert.deepEqual([test.queue.left.records, left.size], [waits, 0])
    await test.reopen()
    assert.deepEqual(test.queue.damage, { missing: 0, changed: 0 })
    assert.equal(test.queue.left.records, waits)
    await account(scene, 500)
    assert.equal(left.get('oldest')!.length, waits)
    await test.remove()
  })

  it('is there at once where nobody takes what is left out', async () => {
    const scene = await sceneOf({ full: 'thin', maxBytes: 60_000, isTaken: () => false })
    const { test, room, counts } = scene
    await test.add(readings(0, 500))
    assert.equal(await room.make(1_000), true)
    assert.ok(test.queue.bytes <= 59_000 && test.queue.left.entries === 0)
    assert.equal(test.queue.records + counts.get('thin')!, 500)
    await test.remove()
  })

  it('is all there when somebody empties the queue, but for what is on its way', async () => {
    const scene = await sceneOf({})
    const { test, room, left } = scene
    await test.add(readings(0, 10), 0)
    await test.add(readings(10, 10))
    await test.take(test.queue.lanes[2]!, 'live', 1)
    assert.equal(await room.clear(), 10)
    await takeLeft(scene)
    assert.deepEqual(left.get('cleared'), numbers(readings(0, 10)))
    assert.equal(test.queue.records, 10)
    await test.remove()
  })
})
