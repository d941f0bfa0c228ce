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
import fc from 'fast-check'
import { type QueueReader, READERS } from '../../../nodes/store-and-forward/lane.ts'
import type { Stored } from '../../../nodes/store-and-forward/queue.ts'
import {
  openQueueStore,
  putAside,
  type QueueUnavailable
} from '../../../nodes/store-and-forward/queue-store.ts'
import { recordsOf, TestQueue } from './queue-of.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'

type Numbered = { readonly n: number }
const numbers = (records: readonly object[]) => records.map(record => (record as Numbered).n)

/** What a test does to a queue, and what a plain list of numbers has to say to it. */
type Step =
  | { readonly kind: 'add'; readonly counts: readonly number[] }
  | {
      readonly kind: 'take'
      readonly priority: number
      readonly reader: QueueReader
      readonly records: number
    }
  | { readonly kind: 'forget' | 'reopen' | 'age' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    counts: fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 4, maxLength: 4 })
  }),
  fc.record({
    kind: fc.constant('take' as const),
    priority: fc.integer({ min: 0, max: 3 }),
    reader: fc.constantFrom(...READERS),
    records: fc.integer({ min: 1, max: 1500 })
  }),
  fc.record({ kind: fc.constantFrom('forget' as const, 'reopen' as const, 'age' as const) })
)

/** The numbers of each priority that must be on the disk, and those that were read. */
class Model {
  readonly waiting: number[][] = [[], [], [], []]
  readonly onTheirWay: Stored[] = []
  next = 0

  add(counts: readonly number[]): Numbered[][] {
    return counts.map((count, priority) =>
      Array.from({ length: count }, () => {
        this.waiting[priority]!.push(this.next)
        return { n: this.next++ }
      })
    )
  }
  forget(stored: Stored): void {
    const gone = new Set(numbers(recordsOf([stored])))
    const { priority } = stored
    this.waiting[priority] = this.waiting[priority]!.filter(n => !gone.has(n))
  }
}

async function held(test: TestQueue, model: Model): Promise<void> {
  const counts = test.queue.lanes.map(({ records }) => records)
  assert.deepEqual(
    counts,
    model.waiting.map(list => list.length)
  )
}

async function apply(test: TestQueue, model: Model, now: Step): Promise<void> {
  const { queue } = test
  if (now.kind === 'add') {
    const all = model.add(now.counts)
    await Promise.all(all.map((records, priority) => test.add(records, priority)))
  } else if (now.kind === 'take') {
    const stored = await test.take(queue.lanes[now.priority]!, now.reader, now.records)
    const read = numbers(recordsOf(stored))
    assert.deepEqual(
      read,
      [...read].sort((a, b) => a - b),
      'in the order they came'
    )
    const before = new Set(numbers(recordsOf(model.onTheirWay)))
    assert.ok(!read.some(n => before.has(n)), 'each is read once')
    model.onTheirWay.push(...stored)
  } else if (now.kind === 'forget') {
    for (const stored of model.onTheirWay.splice(0, 2)) {
      model.forget(stored)
      queue.forget(stored)
    }
  } else if (now.kind === 'age') for (const lane of queue.lanes) lane.age(Number.POSITIVE_INFINITY)
  else {
    await test.reopen()
    model.onTheirWay.length = 0
  }
  await held(test, model)
}

describe('a queue on disk', function () {
  this.timeout(120_000)

  for (const isStrict of [false, true])
    it(`has what was added and not removed, each once and in order${isStrict ? ', strictly' : ''}`, () =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
          const test = await new TestQueue(isStrict).open()
          const model = new Model()
          try {
            for (const now of steps) await apply(test, model, now)
            await test.reopen()
            assert.deepEqual(numbers(await test.rest()), model.waiting.flat())
            assert.deepEqual(test.queue.damage, { missing: 0, changed: 0 })
          } finally {
            await test.remove()
          }
        }),
        { numRuns: IS_LONG ? 200 : 12 }
      ))

  it('reads what is new beside what has waited', async () => {
    const test = await new TestQueue().open()
    await test.add([{ n: 1 }, { n: 2 }])
    await test.reopen()
    await test.add([{ n: 3 }])
    const lane = test.queue.lanes[2]!
    assert.deepEqual(
      READERS.map(reader => lane.has(reader)),
      [true, true]
    )
    assert.deepEqual(numbers(recordsOf(await test.take(lane, 'live'))), [3])
    assert.deepEqual(numbers(recordsOf(await test.take(lane, 'backlog'))), [1, 2])
    await test.add([{ n: 4 }])
    lane.age(performance.now() + 1_000)
    assert.equal(lane.has('backlog'), false)
    lane.age(performance.now() + 3_000)
    assert.deepEqual(
      READERS.map(reader => lane.has(reader)),
      [false, true]
    )
    assert.deepEqual(numbers(recordsOf(await test.take(lane, 'backlog'))), [4])
    await test.remove()
  })

  it('takes over what another has', async () => {
    const [one, other] = await Promise.all([new TestQueue().open(), new TestQueue().open()])
    await one.add([{ n: 1 }])
    await other.add([{ n: 2 }, { n: 3 }])
    await other.add([{ n: 0 }], 0)
    await other.queue.close()
    const store = await openQueueStore(other.folder)
    assert.equal(await one.queue.adopt(store), 3)
    await store.close()
    await one.reopen()
    assert.deepEqual(numbers(await one.rest()), [0, 1, 2, 3])
    await one.remove()
    await other.remove()
  })

  it('is opened by one process at a time, and says so', async () => {
    const test = await new TestQueue().open()
    await assert.rejects(
      openQueueStore(test.folder),
      (error: QueueUnavailable) => error.fault === 'taken' && /another process/.test(error.message)
    )
    await test.remove()
  })

  describe('on a disk that fails', () => {
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

    it('is left as it is where it cannot be opened, until it is put aside', async () => {
      const test = await new TestQueue().open()
      await test.add([{ n: 1 }])
      await test.queue.close()
      const current = join(test.folder, 'CURRENT')
      writeFileSync(current, 'nonsense\n')
      await assert.rejects(
        openQueueStore(test.folder),
        (error: QueueUnavailable) =>
          error.fault === 'damaged' && error.message.includes(test.folder)
      )
      assert.equal(readFileSync(current, 'utf8'), 'nonsense\n')
      const aside = await putAside(test.folder, 0)
      assert.equal(readFileSync(join(aside, 'CURRENT'), 'utf8'), 'nonsense\n')
      await test.open()
      assert.deepEqual(await test.rest(), [])
      await test.remove()
    })
  })
})
