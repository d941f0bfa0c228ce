import assert from 'node:assert/strict'
import {
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Forwarding } from '../../../nodes/store-and-forward/forwarding.ts'
import {
  openQueueStore,
  putAside,
  type QueueStore,
  type QueueUnavailable
} from '../../../nodes/store-and-forward/queue-store.ts'
import { Room } from '../../../nodes/store-and-forward/room.ts'
import { until } from '../../until.ts'
import { changeOne, methodsOf, numbersOf as numbers, TestQueue } from './queue-of.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'

describe('a queue on a disk that fails', function () {
  this.timeout(120_000)

  const logOf = (folder: string) =>
    join(folder, readdirSync(folder).find(name => name.endsWith('.log'))!)

  it('has all that was acknowledged, wherever its log is torn off', async () => {
    const test = await new TestQueue().open()
    // What the log had by the time at which the first n were acknowledged.
    const sizes: number[] = []
    for (let n = 0; n < 60; n++) {
      await test.add([{ n, text: 'x'.repeat((n * 37) % 900) }])
      sizes.push(statSync(logOf(test.folder)).size)
    }
    const whole = sizes.at(-1)!
    const copies = new TestQueue()
    for (let round = 0; round < (IS_LONG ? 200 : 15); round++) {
      const at = Math.floor(whole * ((round * 0.618) % 1) + (round % 7))
      rmSync(copies.folder, { recursive: true, force: true })
      cpSync(test.folder, copies.folder, { recursive: true })
      rmSync(join(copies.folder, 'LOCK'), { force: true })
      truncateSync(logOf(copies.folder), at)
      await copies.open()
      const found = numbers(await copies.rest())
      const acknowledged = sizes.filter(size => size <= at).length
      assert.deepEqual(
        found,
        Array.from({ length: found.length }, (_, n) => n),
        `at ${at}`
      )
      assert.ok(found.length >= acknowledged, `at ${at}: ${found.length} of ${acknowledged}`)
      assert.deepEqual(copies.queue.damage, { missing: 0, changed: 0 })
      await copies.queue.close()
    }
    rmSync(copies.root, { recursive: true, force: true })
    await test.remove()
  })

  it('says how many records are missing that it had', async () => {
    const test = await new TestQueue().open()
    for (let n = 0; n < 40; n++) await test.add([{ n, text: 'x'.repeat(3_000) }])
    await test.queue.close()
    const log = logOf(test.folder)
    const bytes = readFileSync(log)
    // In the middle of the second of its blocks.
    bytes[50_000] = bytes[50_000]! ^ 0xff
    writeFileSync(log, bytes)
    await test.open()
    const found = numbers(await test.rest())
    assert.ok(found.length < 40)
    assert.equal(test.queue.damage.missing, 40 - found.length)
    await test.queue.dropChanged()
    await test.reopen()
    assert.deepEqual(test.queue.damage, { missing: 0, changed: 0 })
    await test.remove()
  })

  it('says that it is damaged where what it must have is not known any more', async () => {
    for (const change of [
      (seal: string) => seal.replace(/\d/, digit => String(9 - Number(digit))),
      () => '[[1,'
    ]) {
      const test = await new TestQueue().open()
      await test.add([{ n: 1 }])
      await test.queue.close()
      await changeOne(test.folder, change, '!')
      await test.open()
      assert.deepEqual(test.queue.damage, { missing: 0, changed: 1 })
      assert.deepEqual(numbers(await test.rest()), [1])
      await test.queue.dropChanged()
      await test.reopen()
      assert.deepEqual(test.queue.damage, { missing: 0, changed: 0 })
      assert.equal(test.queue.records, 1)
      await test.remove()
    }
  })

  it('knows what an earlier version wrote without a checksum', async () => {
    const test = await new TestQueue().open()
    await test.add([{ n: 1 }])
    await test.queue.close()
    await changeOne(test.folder, () => '[[0,1],[0,1],[3,2],[0,1]]', '!')
    await test.open()
    assert.deepEqual(test.queue.damage, { missing: 2, changed: 0 })
    await test.remove()
  })

  it('is closed, and gives back what it has not written, while it cannot be written', async () => {
    const test = await new TestQueue().open()
    await test.add([{ n: 1, text: 'x'.repeat(500) }])
    await test.queue.close()
    let isFull = false
    const open = async (): Promise<QueueStore> => {
      const store = await openQueueStore(test.folder)
      return {
        ...methodsOf(store),
        async write(...given) {
          if (isFull) throw new Error('ENOSPC')
          await store.write(...given)
        }
      }
    }
    const queue = test.make(open)
    await queue.open(await open())
    isFull = true
    const room = new Room(queue, {
      maxBytes: 1e6,
      full: 'wait',
      keepEvery: 2,
      key: [],
      maxAgeMs: 1,
      nowMs: () => Date.now() + 10_000,
      isDiskFull: () => false,
      isTaken: () => false,
      leftOut: () => {}
    })
    const ends = Promise.allSettled([
      room.age(),
      queue.place([{ value: 'x', records: 1, priority: 2 }])
    ])
    await until('the disk to fail', () => test.troubles.length > 0)
    // Whoever reads is held up by nobody.
    assert.deepEqual(await queue.take(queue.lanes[2]!, 'backlog', { records: 9, bytes: 9e9 }), [])
    await queue.close()
    assert.deepEqual(
      (await ends).map(({ status }) => status),
      ['rejected', 'rejected']
    )
    await test.open()
    assert.deepEqual(numbers(await test.rest()), [1])
    await test.remove()
  })

  it('lets others have their turn while its store is opened anew', async () => {
    const test = await new TestQueue().open()
    await test.add([{ n: 1 }])
    await test.queue.close()
    let isFull = false
    const opened: (() => void)[] = []
    const open = async (): Promise<QueueStore> => {
      if (isFull) await new Promise<void>(resolve => opened.push(resolve))
      const store = await openQueueStore(test.folder)
      return {
        ...methodsOf(store),
        async write(...given) {
          if (isFull) throw new Error('ENOSPC')
          await store.write(...given)
        }
      }
    }
    const queue = test.make(open)
    await queue.open(await open())
    isFull = true
    const sent: unknown[] = []
    const forwarding = new Forwarding(
      queue,
      { isPaused: false, take: (taken: object) => sent.push(taken) } as never,
      {
        lanes: queue.lanes,
        output: 0,
        batchSize: 10,
        share: 50,
        isStrict: false,
        inLists: false,
        isWired: () => true,
        onForwarded: () => {},
        onTrouble: error => test.troubles.push(error)
      }
    )
    const lost = queue.place([{ value: 'x', records: 1, priority: 1 }]).catch(() => 'lost')
    await until('it to be opened anew', () => opened.length > 0)
    // Reads nothing now, and takes no turns for that: else nothing after this would run.
    forwarding.kick()
    await nextTurn()
    assert.deepEqual([queue.isOpen, sent.length], [false, 0])
    isFull = false
    for (const resolve of opened) resolve()
    await until('it to be open', () => queue.isOpen)
    forwarding.kick()
    await until('it to be sent', () => sent.length > 0)
    await queue.close()
    assert.equal(await lost, undefined)
    rmSync(test.root, { recursive: true, force: true })
  })

  it('is left as it is where it cannot be opened, until it is put aside', async () => {
    const test = await new TestQueue().open()
    await test.add([{ n: 1 }])
    await test.queue.close()
    const current = join(test.folder, 'CURRENT')
    writeFileSync(current, 'nonsense\n')
    await assert.rejects(
      openQueueStore(test.folder),
      (error: QueueUnavailable) => error.fault === 'damaged' && error.message.includes(test.folder)
    )
    assert.equal(readFileSync(current, 'utf8'), 'nonsense\n')
    const aside = await putAside(test.folder, 0)
    assert.equal(readFileSync(join(aside, 'CURRENT'), 'utf8'), 'nonsense\n')
    await test.open()
    assert.deepEqual(await test.rest(), [])
    await test.remove()
  })
})
