import assert from 'node:assert/strict'
import type { DeferredAcks, Received } from '../../../core/mqtt/deferred-ack.ts'
import { Trials } from '../../../core/source/trials.ts'
import type { MqttBatch } from '../../../nodes/mqtt-ingest/batch.ts'
import { Batcher } from '../../../nodes/mqtt-ingest/batcher.ts'
import { until } from '../../until.ts'

const packetOf = (topic: string, payload: string): Received =>
  ({
    cmd: 'publish',
    topic,
    payload: Buffer.from(payload),
    qos: 1,
    dup: false,
    retain: false,
    messageId: 1
  }) as Received
/** Which connection brought a batch; here nobody hears acknowledgements. */
const still = { acknowledge() {}, rest() {}, wake() {} }
const connection = () => ({ ...still }) as unknown as DeferredAcks

describe('mqtt-ingest batcher', () => {
  const setUp = (options: Partial<ConstructorParameters<typeof Batcher>[0]> = {}) => {
    const batches: MqttBatch[] = []
    const { gatherMs = 5 } = options
    const batcher = new Batcher({
      batchSize: 10,
      gatherMs,
      fewMs: gatherMs,
      burstMs: 0,
      maxInFlight: 100,
      isPaused: () => false,
      trials: new Trials({ nodeId: 'ingest', userDir: undefined, warn: () => {} }),
      warn() {},
      onTurn() {},
      keyOf: () => null,
      deliver: batch => batches.push(batch),
      ...options
    })
    return { batcher, batches, sizes: () => batches.map(({ packets }) => packets.length) }
  }
  const packet = packetOf('a', '12345')
  /** A connection, and how many messages each of its writes acknowledges. */
  const told = () => {
    const writes: number[] = []
    const acks = { ...still, acknowledge: (packets: unknown[]) => writes.push(packets.length) }
    return { acks: acks as unknown as DeferredAcks, writes }
  }

  const burst = (batcher: Batcher, count: number, acks = connection()) => {
    for (let sent = 0; sent < count; sent++) batcher.offer(packet, acks)
  }

  it('sends with the first what comes in the same burst', async () => {
    const { batcher, sizes } = setUp({ gatherMs: 1_000_000 })
    burst(batcher, 3)
    assert.deepEqual(sizes(), [])
    await until('the batch', () => sizes().length === 1, 1000, 1)
    assert.deepEqual(sizes(), [3])
  })

  it('sends the next no sooner than the gathering time after it', async () => {
    const { batcher, sizes } = setUp({ gatherMs: 50 })
    batcher.offer(packet, connection())
    batcher.flush()
    const leftMs = performance.now()
    const acks = connection()
    for (let count = 0; count < 4; count++) {
      batcher.offer(packet, acks)
      await new Promise(resolve => setImmediate(resolve))
    }
    await until('the second batch', () => sizes().length === 2, 1000, 1)
    assert.ok(performance.now() - leftMs >= 48)
    assert.deepEqual(sizes(), [1, 4])
  })

  it('gathers for longer after a batch of few records', async () => {
    const { batcher, sizes } = setUp({
      batchSize: 100,
      gatherMs: 10,
      fewMs: 1_000_000,
      maxInFlight: 1000
    })
    const acks = connection()
    burst(batcher, 64, acks)
    batcher.flush()
    burst(batcher, 63, acks)
    await until('the second batch', () => sizes().length === 2, 1000, 1)
    burst(batcher, 64, acks)
    await new Promise(resolve => setTimeout(resolve, 30))
    assert.deepEqual(sizes(), [64, 63])
  })

  it('leaves the socket alone while it gathers, and takes with a batch what waited there', async () => {
    const { batcher, sizes } = setUp({ gatherMs: 60, maxInFlight: 1000 })
    let isResting = false
    const acks = {
      ...still,
      rest: () => {
        isResting = true
      },
      wake() {
        if (isResting) setImmediate(() => burst(batcher, 3, acks))
        isResting = false
      }
    } as unknown as DeferredAcks
    batcher.offer(packet, acks)
    assert.equal(isResting, false, 'nothing is gathered after a pause')
    batcher.flush()
    burst(batcher, 2, acks)
    assert.equal(isResting, true)
    await until('the second batch', () => sizes().length === 2, 1000, 1)
    assert.deepEqual(sizes(), [1, 5])
  })

  it('leaves the socket alone from one batch to the next where some come with each', async () => {
    const { batcher, sizes } = setUp({ batchSize: 100, gatherMs: 60, maxInFlight: 1000 })
    let isResting = false
    let woken = 0
    const acks = {
      ...still,
      rest() {
        isResting = true
      },
      wake() {
        if (!isResting) return
        isResting = false
        if (++woken <= 2) setImmediate(() => burst(batcher, 4, acks))
      }
    } as unknown as DeferredAcks
    batcher.offer(packet, acks)
    batcher.flush()
    burst(batcher, 1, acks)
    await until('two batches more', () => sizes().length === 3, 1000, 1)
    assert.deepEqual([sizes(), isResting], [[1, 5, 4], true])
    await until('nothing to have come', () => !isResting, 1000, 1)
    await new Promise(setImmediate)
    burst(batcher, 1, acks)
    assert.equal(isResting, false, 'what comes after a pause does not wait long')
  })

  it('reads again when it is told to let all go', async () => {
    const { batcher, sizes } = setUp({ batchSize: 100, gatherMs: 1_000_000, maxInFlight: 1000 })
    let isResting = false
    const acks = {
      ...still,
      rest() {
        isResting = true
      },
      wake() {
        isResting = false
      }
    } as unknown as DeferredAcks
    burst(batcher, 3, acks)
    await until('the batch', () => sizes().length === 1, 1000, 1)
    assert.equal(isResting, true)
    batcher.flush()
    assert.equal(isResting, false)
  })

  it('reads a connection again when another one has something', async () => {
    const { batcher, sizes } = setUp({ batchSize: 100, gatherMs: 1_000_000, maxInFlight: 1000 })
    const resting = new Set<string>()
    const acksOf = (name: string) =>
      ({
        ...still,
        rest: () => resting.add(name),
        wake: () => resting.delete(name)
      }) as unknown as DeferredAcks
    burst(batcher, 3, acksOf('former'))
    await until('the batch', () => sizes().length === 1, 1000, 1)
    assert.deepEqual([...resting], ['former'])
    burst(batcher, 1, acksOf('own'))
    assert.deepEqual([...resting], ['own'])
    batcher.flush()
  })

  it('goes on reading where batches are full', () => {
    const { batcher, sizes } = setUp({ gatherMs: 1_000_000, maxInFlight: 1000 })
    let rests = 0
    const acks = { ...still, rest: () => rests++ } as unknown as DeferredAcks
    burst(batcher, 25, acks)
    assert.deepEqual([sizes(), rests], [[10, 10], 0])
  })

  it('acknowledges shortly before the next batch, in one write', async () => {
    const { batcher, batches } = setUp({ gatherMs: 60, maxInFlight: 1000 })
    const { acks, writes } = told()
    burst(batcher, 2, acks)
    batcher.flush()
    burst(batcher, 3, acks)
    batcher.flush()
    for (const batch of batches) batcher.finished(batch)
    assert.deepEqual([writes, batcher.open], [[], 5])
    await until('the acknowledgements', () => writes.length > 0, 1000, 1)
    assert.deepEqual([writes, batcher.open], [[5], 0])
  })

  it('acknowledges at once what came alone after a pause', async () => {
    const { batcher, batches } = setUp({ gatherMs: 1_000_000, maxInFlight: 1000 })
    const { acks, writes } = told()
    burst(batcher, 1, acks)
    await until('the batch', () => batches.length === 1, 1000, 1)
    batcher.finished(batches[0]!)
    assert.deepEqual(writes, [1])
  })

  it('acknowledges at once where half of what may be open is open, and when it is told to', () => {
    const { batcher, batches } = setUp({ gatherMs: 1_000_000, maxInFlight: 10 })
    const { acks, writes } = told()
    burst(batcher, 4, acks)
    batcher.flush()
    batcher.finished(batches[0]!)
    assert.deepEqual(writes, [])
    burst(batcher, 1, acks)
    assert.deepEqual(writes, [4], 'the fifth is half of ten')
    batcher.flush()
    batcher.finished(batches[1]!)
    batcher.acknowledge()
    assert.deepEqual(writes, [4, 1])
  })

  it('does not wait for more than the server sends without acknowledgement', () => {
    const { batcher, batches, sizes } = setUp({
      gatherMs: 1_000_000,
      batchSize: 500,
      maxInFlight: 1000
    })
    const round = () => {
      burst(batcher, 20)
      const before = batches.length
      batcher.flush()
      batcher.finished(batches.at(-1)!)
      batcher.acknowledge()
      return before
    }
    for (let count = 0; count < 8; count++) round()
    burst(batcher, 20)
    assert.deepEqual(sizes(), Array(9).fill(20), 'the ninth left by itself')
    burst(batcher, 1)
    assert.equal(sizes().length, 9, 'it sends more after all')
  })

  it('sends a batch that is full, in number or bytes', () => {
    const { batcher, sizes } = setUp()
    const acks = connection()
    for (let count = 0; count < 25; count++) batcher.offer(packet, acks)
    assert.deepEqual(sizes(), [10, 10])
    const large = packetOf('a', 'x'.repeat(500_000))
    batcher.flush()
    batcher.offer(large, acks)
    batcher.offer(large, acks)
    assert.deepEqual(sizes(), [10, 10, 5, 2])
  })

  it('takes no more than allowed, and again once something is released', () => {
    const { batcher, batches, sizes } = setUp({ maxInFlight: 12 })
    const acks = connection()
    const taken = Array.from({ length: 20 }, () => batcher.offer(packet, acks))
    assert.equal(taken.filter(Boolean).length, 12)
    assert.deepEqual(sizes(), [10, 2], 'what is full is not kept waiting')
    batcher.finished(batches[0]!)
    assert.equal(batcher.open, 2)
    assert.equal(batcher.offer(packet, acks), true)
  })

  it('holds at most 64 MB, but takes any one message', () => {
    const { batcher } = setUp({ maxInFlight: 1000 })
    const acks = connection()
    const huge = packetOf('a', 'x'.repeat(40 << 20))
    assert.equal(batcher.offer(huge, acks), true)
    assert.equal(batcher.offer(huge, acks), true)
    assert.equal(batcher.offer(packet, acks), false)
  })

  it('never mixes connections in a batch', () => {
    const { batcher, batches, sizes } = setUp()
    const [old, young] = [connection(), connection()]
    batcher.offer(packet, old)
    batcher.offer(packet, young)
    batcher.flush()
    assert.deepEqual(sizes(), [1, 1])
    assert.deepEqual(
      batches.map(({ acks }) => acks),
      [old, young]
    )
  })
})
