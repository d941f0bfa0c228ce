import assert from 'node:assert/strict'
import type { Context } from '../../../core/node/define-node.ts'
import { NodeMetrics } from '../../../core/node/metrics.ts'
import { MAX_WAITING } from '../../../core/node/queue-limit.ts'
import type { NodeSpec } from '../../../core/node/spec.ts'
import { keyBy, timeBy } from '../../../core/state/keyed.ts'
import { MemoryNode } from '../../../core/state/memory-node.ts'
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
  function nodeOf() {
    const quiet = () => {}
    const context = {
      node: { id: 'n', log: quiet, warn: quiet, error: quiet },
      metrics: new NodeMetrics('n', spec.type, ''),
      tracker: {
        isGivenUp: () => false,
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
