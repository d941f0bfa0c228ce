import assert from 'node:assert/strict'
import type { Context } from '../../../core/node/define-node.ts'
import { NodeMetrics } from '../../../core/node/metrics.ts'
import { MAX_WAITING } from '../../../core/node/queue-limit.ts'
import type { NodeSpec } from '../../../core/node/spec.ts'
import type { Message } from '../../../core/record/message.ts'
import { PROVENANCE, Provenance } from '../../../core/record/record.ts'
import { keyBy, timeBy } from '../../../core/state/keyed.ts'
import { MemoryNode } from '../../../core/state/memory-node.ts'
import type { OpenStore } from '../../../core/state/state-topic.ts'
import type { Memory, StateStore } from '../../../core/state/types.ts'
import { until } from '../../until.ts'

const spec = {
  type: 'millrace-test',
  label: 'test',
  summary: 'A node of a test.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['passed', 'rejected'],
  fields: {}
} as const satisfies NodeSpec

/** Leaves everything out, and counts. */
const counting: Memory<number> = {
  keyOf: keyBy(['device']),
  timeOf: timeBy('ts'),
  take: (state = 0) => state + 1
}
const clock = { runs: 'key', latenessMs: 0, idleMs: 200, aheadMs: 1e15, ordered: false } as const
const bounds = { maxKeys: 1000, maxAgeMs: Number.POSITIVE_INFINITY }

/** A store in memory, of which any part may be made to fail. */
class TestStore implements StateStore {
  closed = 0
  constructor(readonly disk = new Map<string, string>()) {}
  async *load(): AsyncIterable<readonly [string, string]> {
    yield* this.disk
  }
  async write(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    for (const [key, value] of changes) {
      if (value === undefined) this.disk.delete(key)
      else this.disk.set(key, value)
    }
  }
  async clear(): Promise<void> {
    this.disk.clear()
  }
  async close(): Promise<void> {
    this.closed++
  }
}

describe('a node that remembers, and its store', () => {
  const nodes: MemoryNode<typeof spec, number>[] = []
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.close()
  })

  /** The node without Node-RED; nobody follows its messages. */
  function nodeOf(tracker: object = {}) {
    const quiet = () => {}
    const context = {
      node: { id: 'n', log: quiet, warn: quiet, error: quiet },
      metrics: new NodeMetrics('n', spec.type, ''),
      tracker: {
        isGivenUp: () => false,
        isPartlyGivenUp: () => false,
        isFollowed: () => false,
        sourceOf: quiet,
        attemptOf: quiet,
        takenOf: quiet,
        settledBefore: quiet,
        backlogOf: quiet,
        whenSettled: quiet,
        confirm: quiet,
        touch: quiet,
        ...tracker
      },
      isWired: () => true,
      RED: { nodes: { getNode: quiet } },
      send: quiet,
      report: quiet,
      status: { failed: quiet }
    } as unknown as Context<typeof spec>
    const node = new MemoryNode<typeof spec, number>(context, spec, {
      memory: counting,
      clock,
      bounds
    })
    nodes.push(node)
    return node
  }
  const reading = { device: 'a', ts: Date.parse('2026-03-01T10:00:00Z') }
  /** Gives a node a message; the error that it is done with. */
  const given = (node: MemoryNode<typeof spec, number>, payload: unknown) =>
    new Promise<unknown>(done => node.accept({ payload }, done))

  it('forgets what is in the store also when it is told to before that is open', async () => {
    const store = new TestStore()
    const first = nodeOf()
    await first.open(store)
    await given(first, reading)
    await first.close()
    assert.ok(store.disk.has('k:a'))
    const second = nodeOf()
    second.forget()
    await second.open(store)
    assert.equal(second.note, '0 keys')
    await until('it is forgotten', () => !store.disk.has('k:a'))
  })

  it('closes a store that it cannot read, and takes up the next one', async () => {
    const node = nodeOf()
    const torn = new TestStore(new Map([['k:a', '[1,']]))
    await assert.rejects(node.open(torn))
    assert.equal(torn.closed, 1)
    await node.open(new TestStore())
    assert.equal(await given(node, reading), undefined)
  })

  it('forgets what MQTT brought once that cannot come again, whatever way it left', async () => {
    const taken = { lane: 'mqtt' }
    let isOpen = true
    const node = nodeOf({ takenOf: () => taken, isFollowed: () => isOpen })
    const store = new TestStore()
    await node.open(store)
    const origin = { kind: 'mqtt', topic: 'a/b', qos: 1, retained: false } as const
    const batch = { at: () => ({ origin, key: null, headers: {}, raw: Buffer.from('1') }) }
    const again = () =>
      given(node, Object.assign({ ...reading }, { [PROVENANCE]: new Provenance(batch, 0) }))
    const kept = () => [...store.disk.keys()].filter(name => name.startsWith('m:')).length
    // Twice, since another branch failed; then it left as a dead letter.
    for (let attempt = 0; attempt < 2; attempt++) await again()
    assert.equal(kept(), 1)
    node.ended(taken)
    await until('it is forgotten', () => kept() === 0)
    // Nobody waits for what comes later than that.
    isOpen = false
    await again()
    await given(node, reading)
    assert.equal(kept(), 0)
  })

  it('takes no more than it may while it cannot keep what it took', async () => {
    const node = nodeOf()
    const store = new TestStore()
    store.write = () => Promise.reject(new Error('the disk is full'))
    await node.open(store)
    const many = Array.from({ length: MAX_WAITING }, () => reading)
    void given(node, many)
    await until('they are taken', () => node.problem !== undefined)
    const refused = (await given(node, reading)) as { code?: string }
    assert.equal(refused.code, 'QUEUE_FULL')
  })
})

describe('a node that remembers each partition apart', () => {
  const lane = 'readings/0'
  const nodes: MemoryNode<typeof spec, number>[] = []
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.close()
  })

  /** What is kept of each partition. Whoever opens one fences the one before. */
  class Topic {
    opened: string[] = []
    /** So many checkpoints fail before the next is written, of all that there is. */
    failing = 0
    /** Or only of this one. */
    failingLane: string | undefined
    readonly #owners = new Map<string, object>()
    readonly #disks = new Map<string, Map<string, string>>()
    /** What opening waits for, before it fences. */
    before: () => Promise<void> = async () => {}

    readonly open: OpenStore = async (lane, isGone) => {
      await this.before()
      if (isGone()) throw new Error('it is gone')
      this.opened.push(lane)
      const disk = this.#disks.get(lane) ?? new Map<string, string>()
      this.#disks.set(lane, disk)
      const store = new TestStore(disk)
      this.#owners.set(lane, store)
      const write = store.write.bind(store)
      store.write = async changes => {
        const isMeant = (this.failingLane ?? lane) === lane
        if (isMeant && this.failing > 0 && this.failing--) throw new Error('the broker is away')
        if (this.#owners.get(lane) !== store) throw new Error('fenced')
        await write(changes)
      }
      return store
    }
  }

  function nodeOf(topic: Topic) {
    const quiet = () => {}
    const sent: unknown[] = []
    /** What each record left with. */
    const totals: unknown[] = []
    const givenUp = new Set<unknown>()
    const partly = new Set<unknown>()
    const context = {
      node: { id: 'n', log: quiet, warn: quiet, error: quiet },
      metrics: new NodeMetrics('n', spec.type, ''),
      tracker: {
        isGivenUp: (message: unknown) => givenUp.has(message),
        isPartlyGivenUp: (message: unknown) => givenUp.has(message) || partly.has(message),
        isFollowed: () => false,
        sourceOf: quiet,
        attemptOf: quiet,
        takenOf: quiet,
        settledBefore: quiet,
        backlogOf: quiet,
        whenSettled: quiet,
        confirm: quiet,
        touch: quiet
      },
      isWired: () => true,
      RED: { nodes: { getNode: quiet } },
      send: (outputs: readonly ({ payload: { n: number; total: number }[] } | null)[]) => {
        for (const { n, total } of outputs[0]?.payload ?? []) {
          sent.push(n)
          totals.push(total)
        }
      },
      report: quiet,
      status: { failed: quiet }
    } as unknown as Context<typeof spec>
    const passing: Memory<number> = {
      ...counting,
      take(state = 0, record, _timeMs, turn) {
        turn.emit(0, { ...record, total: state + 1 })
        return state + 1
      }
    }
    const remembering = { memory: passing, clock, bounds }
    const node = new MemoryNode<typeof spec, number>(context, spec, remembering, topic.open)
    nodes.push(node)
    return { node, sent, totals, givenUp, partly }
  }

  const messageOf = (n: number, partition = 0) => {
    const record = { device: 'a', ts: Date.parse('2026-03-01T10:00:00Z') + n, n }
    const at = { topic: 'readings', partition, offset: String(n), timestamp: '0' }
    const origin = { kind: 'kafka', ...at } as const
    const taken = { origin, key: null, headers: {}, raw: null }
    Object.assign(record, { [PROVENANCE]: new Provenance({ at: () => taken }, 0) })
    return { payload: [record] }
  }
  const given = (node: MemoryNode<typeof spec, number>, message: Message) =>
    new Promise<unknown>(done => node.accept(message, done))

  it('does not take a partition back for a message that is given up', async () => {
    const topic = new Topic()
    const { node, givenUp } = nodeOf(topic)
    assert.equal(await given(node, messageOf(1)), undefined)
    node.drop('source', lane)
    const late = messageOf(2)
    givenUp.add(late)
    await given(node, late)
    assert.deepEqual(topic.opened, [lane])
    assert.equal(await given(node, messageOf(3)), undefined)
    assert.deepEqual(topic.opened, [lane, lane])
  })

  it('opens what a source has at once, and leaves what it has no more', async () => {
    const topic = new Topic()
    const { node } = nodeOf(topic)
    node.assign('source', [lane, 'readings/1'])
    await until('both are open', () => topic.opened.length === 2)
    const other = nodeOf(topic).node
    node.assign('source', ['readings/1'])
    other.assign('source', [lane])
    await until('the other has it', () => topic.opened.length === 3)
    await Promise.all([node.forget(), other.forget()])
    assert.deepEqual(topic.opened, [lane, 'readings/1', lane])
  })

  it('fences nobody where a partition moves while it is being opened', async () => {
    const topic = new Topic()
    const { node, givenUp } = nodeOf(topic)
    let go: (() => void) | undefined
    topic.before = () => new Promise(resolve => (go = resolve))
    const message = messageOf(1)
    const done = given(node, message)
    await until('it is being opened', () => go)
    givenUp.add(message)
    node.drop('source', lane)
    go?.()
    await done
    assert.deepEqual(topic.opened, [])
    assert.equal(node.problem, undefined)
  })

  it('takes again in their order what a failed checkpoint has lost, and tells it once', async () => {
    const topic = new Topic()
    const { node, sent } = nodeOf(topic)
    await given(node, messageOf(0))
    topic.failing = 2
    const errors = await Promise.all([1, 2, 3, 4, 5].map(n => given(node, messageOf(n))))
    assert.deepEqual(errors, [undefined, undefined, undefined, undefined, undefined])
    assert.deepEqual(sent, [0, 1, 2, 3, 4, 5])
    assert.equal(node.problem, undefined)
  })

  it('takes a message of several partitions again in its order, and counts none of it twice', async () => {
    const topic = new Topic()
    const { node, sent, totals } = nodeOf(topic)
    const other = 'readings/1'
    // As a join node makes it, of a batch of each; one of them comes before and behind as well.
    const ofBoth = (n: number) => ({
      payload: [...messageOf(n).payload, ...messageOf(n, 1).payload]
    })
    await given(node, ofBoth(0))
    for (const failingLane of [lane, other]) {
      topic.failingLane = failingLane
      topic.failing = 1
      const from = sent.length / 2
      const all = [ofBoth(from), messageOf(from + 1), messageOf(from + 1, 1), ofBoth(from + 2)]
      const errors = await Promise.all(all.map(message => given(node, message)))
      assert.deepEqual(errors, [undefined, undefined, undefined, undefined])
    }
    // Each partition counts for itself, and each record is one more.
    assert.deepEqual(
      totals,
      sent.map(n => Number(n) + 1)
    )
    const ofEach = [0, 1, 2, 3, 4, 5, 6].flatMap(n => [n, n])
    assert.deepEqual(sent.sort(), ofEach)
  })

  it('gives back a message of several partitions where one has moved, and leaves that alone', async () => {
    const topic = new Topic()
    const { node, partly } = nodeOf(topic)
    await given(node, messageOf(0))
    await given(node, messageOf(0, 1))
    node.drop('source', lane)
    const other = nodeOf(topic).node
    await given(other, messageOf(1))
    const ofBoth = { payload: [...messageOf(1).payload, ...messageOf(1, 1).payload] }
    partly.add(ofBoth)
    const error = await given(node, ofBoth)
    assert.equal((error as { code?: string }).code, 'STATE_MOVED')
    assert.deepEqual(topic.opened, [lane, 'readings/1', lane])
    assert.equal(await given(node, messageOf(1, 1)), undefined)
    assert.equal(await given(other, messageOf(2)), undefined)
  })

  it('gives back what is lost where the partition has moved, and is well then', async () => {
    const topic = new Topic()
    const { node } = nodeOf(topic)
    await given(node, messageOf(0))
    topic.failing = Number.POSITIVE_INFINITY
    const taken = given(node, messageOf(1))
    await until('it is in trouble', () => node.problem !== undefined)
    node.drop('source', lane)
    assert.equal(node.problem, undefined)
    topic.failing = 0
    await taken
  })

  it('opens again what it has lost, and confirms no wish to forget that is not kept', async () => {
    const topic = new Topic()
    const { node } = nodeOf(topic)
    await given(node, messageOf(0))
    topic.failing = 1
    await assert.rejects(node.forget(), { code: 'STATE_MOVED' })
    assert.ok(node.problem)
    await until('it is open again', () => topic.opened.length === 2)
    await until('it is well', () => node.problem === undefined)
    topic.failing = 1
    const error = await given(node, { payload: [], forget: true })
    assert.equal((error as { code?: string }).code, 'STATE_MOVED')
    assert.equal(await given(node, { payload: [], forget: true }), undefined)
  })

  it('shows the trouble of one partition also when another one is kept after it', async () => {
    const topic = new Topic()
    const { node } = nodeOf(topic)
    await given(node, messageOf(0, 1))
    await given(node, messageOf(0))
    let go = () => {}
    topic.before = () => new Promise(resolve => (go = resolve))
    topic.failing = 1
    const lost = given(node, messageOf(1))
    const kept = given(node, messageOf(1, 1))
    await until('it is in trouble', () => node.problem !== undefined)
    assert.equal(await kept, undefined)
    assert.ok(node.problem)
    await until('it is well', () => {
      go()
      return node.problem === undefined
    })
    assert.equal(await lost, undefined)
  })
})
