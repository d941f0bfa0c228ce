import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { kafkajs } from '../../../../core/kafka/kafkajs/kafkajs.ts'
import { workerQueue } from '../../../../core/kafka/kafkajs/worker-queue.ts'

type Workers = Parameters<typeof workerQueue>[0]['workers']

const load = createRequire(import.meta.url)

/** A queue of so many workers of kafkajs, and how often they were woken. */
function queueOf(count: number, handle: (batch: number) => Promise<void>) {
  kafkajs()
  const createWorker = load('kafkajs/src/consumer/worker') as (options: object) => Workers[number]
  let woken = 0
  const workers = Array.from({ length: count }, (_, workerId) => {
    const { run } = createWorker({ handler: handle, workerId })
    return {
      run(from: Parameters<typeof run>[0]) {
        woken++
        return run(from)
      }
    }
  })
  return { ...workerQueue({ workers }), woken: () => woken }
}

describe('core/kafka: what a fetch has brought', () => {
  it('is dealt with by the queue that kafkajs itself uses', function () {
    this.timeout(30_000)
    // In a process of its own: other tests load kafkajs as it is, which is then left so.
    const code = `
      import assert from 'node:assert/strict'
      import { createRequire } from 'node:module'
      import { kafkajs } from './core/kafka/kafkajs/kafkajs.ts'
      import { workerQueue } from './core/kafka/kafkajs/worker-queue.ts'
      kafkajs()
      const load = createRequire(process.cwd() + '/package.json')
      assert.equal(load('kafkajs/src/consumer/workerQueue'), workerQueue)`
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import=tsx', '--input-type=module', '-e', code],
      { encoding: 'utf8' }
    )
    assert.equal(status, 0, stderr)
  })

  it('wakes as many workers as there are batches', async () => {
    const queue = queueOf(32, async () => undefined)
    await queue.push(1, 2, 3)
    await queue.push(4)
    assert.equal(queue.woken(), 4)
  })

  it('is dealt with side by side, by so many workers at most, also what several fetches bring', async () => {
    const ends: (() => void)[] = []
    const begun: number[] = []
    const queue = queueOf(3, batch => {
      begun.push(batch)
      return new Promise(resolve => ends.push(resolve))
    })
    const fetches = [queue.push(1, 2), queue.push(3, 4), queue.push(5)]
    assert.deepEqual(begun, [1, 2, 3])
    while (ends.length > 0) {
      ends.shift()!()
      await new Promise(setImmediate)
    }
    await Promise.all(fetches)
    assert.deepEqual(begun, [1, 2, 3, 4, 5])
  })

  it('throws what a batch has thrown, after all of its fetch are dealt with', async () => {
    let isDone = false
    const queue = queueOf(2, async batch => {
      if (batch === 1) throw new Error('one')
      await new Promise(setImmediate)
      isDone = true
    })
    await assert.rejects(queue.push(1, 2), /one/)
    assert.ok(isDone)
    await queue.push(3)
  })
})
