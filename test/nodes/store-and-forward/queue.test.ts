import assert from 'node:assert/strict'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { takeOver } from '../../../nodes/store-and-forward/adopting.ts'
import { type QueueReader, READERS } from '../../../nodes/store-and-forward/lane.ts'
import type { Stored } from '../../../nodes/store-and-forward/queue.ts'
import {
  openQueueStore,
  type QueueStore,
  type QueueUnavailable
} from '../../../nodes/store-and-forward/queue-store.ts'
import { changeOne, methodsOf, numbersOf as numbers, recordsOf, TestQueue } from './queue-of.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'

type Numbered = { readonly n: number }

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
    const { said, isWhole } = await takeOver(one.queue, other.folder)
    assert.deepEqual([said, isWhole], ['3 records were taken over.', true])
    assert.equal(existsSync(other.folder), false)
    await one.reopen()
    assert.deepEqual(numbers(await one.rest()), [0, 1, 2, 3])
    await one.remove()
    rmSync(other.root, { recursive: true, force: true })
  })

  it('takes over what another has while it is written and read, and strands nothing', async () => {
    const other = await new TestQueue().open()
    const text = 'x'.repeat(30_000)
    for (let n = 0; n < 400; n += 4)
      await Promise.all([0, 1, 2, 3].map(more => other.add([{ n: 100_000 + n + more, text }])))
    await other.queue.close()
    const test = await new TestQueue().open()
    const lane = test.queue.lanes[2]!
    const got: number[] = []
    let added = 0
    let isFed = false
    let isOver = false
    const feeding = (async () => {
      while (!isFed) await test.add([{ n: added++ }])
    })()
    const reading = (async () => {
      while (!isOver || !lane.isRead) {
        const stored = [...(await test.take(lane, 'live')), ...(await test.take(lane, 'backlog'))]
        got.push(...numbers(recordsOf(stored)))
        for (const each of stored) test.queue.forget(each)
        await nextTurn()
      }
    })()
    await takeOver(test.queue, other.folder)
    isFed = true
    await feeding
    isOver = true
    await reading
    assert.deepEqual([got.length, new Set(got).size], [added + 400, added + 400])
    assert.equal(test.queue.records, 0)
    await test.remove()
    rmSync(other.root, { recursive: true, force: true })
  })

  it('keeps what the disk has damaged of what it takes over, and says so', async () => {
    const [one, other] = await Promise.all([new TestQueue().open(), new TestQueue().open()])
    await other.add([{ n: 1 }])
    await other.add([{ n: 2 }])
    await other.queue.close()
    const [first] = await changeOne(other.folder, value => value.replace('"n":1', '"n":7'))
    const { said, isWhole } = await takeOver(one.queue, other.folder)
    assert.match(
      said,
      /^1 records were taken over\. The disk had lost 1 others and changed 1 entries/
    )
    assert.equal(isWhole, false)
    const aside = readdirSync(other.root).find(name => name.includes('.damaged-'))!
    const store = await openQueueStore(join(other.root, aside))
    const kept = new Map<string, string>()
    for await (const [key, value] of store.load()) kept.set(key, value)
    await store.close()
    assert.match(kept.get(first!)!, /"n":7/)
    assert.deepEqual(numbers(await one.rest()), [2])
    await one.remove()
    rmSync(other.root, { recursive: true, force: true })
  })

  it('is opened anew where that failed half way, and counts nothing twice', async () => {
    const test = await new TestQueue().open()
    for (let n = 0; n < 30; n++) await test.add([{ n }])
    await test.queue.close()
    const store = await openQueueStore(test.folder)
    const failing: QueueStore = {
      ...methodsOf(store),
      async *load() {
        let count = 0
        for await (const each of store.load()) {
          if (count++ > 20) throw new Error('EIO')
          yield each
        }
      }
    }
    const queue = test.make()
    await assert.rejects(queue.open(failing), /EIO/)
    await queue.open(store)
    assert.deepEqual([queue.records, queue.damage], [30, { missing: 0, changed: 0 }])
    await queue.close()
    await (await test.open()).remove()
  })

  it('is opened by one process at a time, and says so', async () => {
    const test = await new TestQueue().open()
    await assert.rejects(
      openQueueStore(test.folder),
      (error: QueueUnavailable) => error.fault === 'taken' && /another process/.test(error.message)
    )
    await test.remove()
  })
})
