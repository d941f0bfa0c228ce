import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Node, NodeMessage } from 'node-red'
import type { Hooks, Runtime } from '../../core/delivery/node-red.ts'
import { FlowTracker } from '../../core/delivery/tracker.ts'
import type { OpenOptions, Settlement } from '../../core/delivery/types.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../node-red.ts'
import { until } from '../until.ts'
import { nodeApi, registerTestNodes } from './nodes.ts'

const HELD = { type: 'delay', pauseType: 'delay', timeout: '60', timeoutUnits: 'seconds' }

const flow = (middle: object, sink: object = {}): FlowEntry[] => [
  { id: 'tab', type: 'tab' },
  { id: 'source', z: 'tab', type: 'test-source', wires: [['middle']] },
  { id: 'middle', z: 'tab', type: 'change', rules: [], wires: [['sink']], ...middle },
  { id: 'sink', z: 'tab', type: 'test-sink', delayMs: 0, wires: [], ...sink }
]

describe('tracker', function () {
  this.timeout(20_000)
  let nodeRed: RunningNodeRed
  let tracker: FlowTracker
  before(async () => {
    nodeRed = await startNodeRed({ nodes: [registerTestNodes] })
    tracker = new FlowTracker(nodeApi as unknown as Runtime)
  })
  after(() => nodeRed.stop())

  /**
   * Sends a message into the flow; `settled` tells how its delivery ends, and after how many
   * milliseconds.
   */
  function send(message: NodeMessage, options: Partial<OpenOptions> = {}) {
    const source = nodeRed.node<Node>('source')
    const startMs = performance.now()
    const settled = new Promise<{ settlement: Settlement; afterMs: number }>(resolve => {
      const onSettled = (settlement: Settlement) =>
        resolve({ settlement, afterMs: performance.now() - startMs })
      const delivery = tracker.open(message, 'source', {
        mode: 'stored',
        records: 1,
        timeoutMs: 300,
        onSettled,
        ...options
      })
      source.send(message)
      delivery.sent()
    })
    return { message, settled }
  }

  it('leaves the runtime as it found it when the last source has gone', async () => {
    await nodeRed.deploy(flow({}))
    const hooks = nodeApi.hooks as unknown as Hooks
    const node = Object.getPrototypeOf(Object.getPrototypeOf(nodeRed.node('source'))) as Node
    const [trigger, error] = [hooks.trigger, node.error]
    const leave = [tracker.register(nodeRed.node('source')), tracker.register(nodeRed.node('sink'))]
    const { settled, message } = send({ payload: 'x' })
    assert.notEqual(hooks.trigger, trigger)
    assert.notEqual(node.error, error)
    tracker.confirm(message, { stored: 1 })
    await settled
    leave[0]!()
    assert.notEqual(hooks.trigger, trigger)
    leave[1]!()
    assert.equal(hooks.trigger, trigger)
    assert.equal(node.error, error)
  })

  it('knows the source of a message that a join made of several of it', async () => {
    const two = { build: 'array', property: 'payload', propertyType: 'msg', count: '2' }
    await nodeRed.deploy(flow({ type: 'join', mode: 'custom', ...two }))
    const joined = new Promise<object>(resolve => nodeRed.node<Node>('sink').once('input', resolve))
    const sent = [send({ payload: 'a' }), send({ payload: 'b' })]
    const message = await joined
    assert.equal(tracker.sourceOf(message), 'source')
    assert.notEqual(tracker.attemptOf(message), tracker.attemptOf(sent[1]!.message))
    for (const { settled } of sent) await settled
  })

  it('knows which messages belong to a delivery that is not settled', async () => {
    await nodeRed.deploy(flow({}))
    const { settled, message } = send({ payload: 'x' })
    const copy = { ...message, payload: 'y' }
    assert.deepEqual(
      [tracker.isFollowed(message), tracker.isFollowed(copy), tracker.isFollowed({ payload: 'x' })],
      [true, true, false]
    )
    await settled
    assert.equal(tracker.isFollowed(copy), false)
  })

  it('times out, unless a sink says that it is still at it', async () => {
    await nodeRed.deploy(flow(HELD))
    const plain = send({ payload: 'x' })
    const touched = send({ payload: 'y' })
    const toucher = setInterval(() => tracker.touch(touched.message), 50)
    const { settlement } = await plain.settled
    assert.equal(settlement.kind === 'retry' && settlement.error.code, 'DELIVERY_TIMEOUT')
    await new Promise(resolve => setTimeout(resolve, 300))
    assert.equal(tracker.openCount, 1)
    clearInterval(toucher)
    assert.ok((await touched.settled).afterMs > 800)
  })

  it('is failed by hand, whatever sinks have confirmed', async () => {
    await nodeRed.deploy(flow({}))
    const { message, settled } = send({ payload: 'x' })
    tracker.confirm(message, { stored: 1 })
    tracker.fail(message, { code: 'FAILED_BY_FLOW', message: 'no' })
    assert.deepEqual((await settled).settlement, {
      kind: 'retry',
      error: { code: 'FAILED_BY_FLOW', message: 'no' }
    })
  })

  it('tells what was given up from what is on its way, or was acknowledged', async () => {
    await nodeRed.deploy(flow({}))
    const stored = send({ payload: 'x' }, { timeoutMs: 5000 })
    assert.equal(tracker.isGivenUp(stored.message), false)
    assert.equal((await stored.settled).settlement.kind, 'acknowledge')
    assert.equal(tracker.isGivenUp(stored.message), false)
    const failed = send({ payload: 'y' })
    tracker.fail(failed.message, { code: 'FAILED_BY_FLOW', message: 'no' })
    await failed.settled
    assert.equal(tracker.isGivenUp({ ...failed.message }), true)
  })

  it('takes a confirmation that comes when every node has finished', async () => {
    await nodeRed.deploy(flow({}, { silent: true }))
    const { message, settled } = send({ payload: 'x' }, { timeoutMs: 5000 })
    await new Promise(resolve => setTimeout(resolve, 100))
    tracker.confirm(message, { duplicates: 1 })
    const { settlement } = await settled
    assert.deepEqual(settlement, {
      kind: 'acknowledge',
      stored: 0,
      rejected: 0,
      duplicates: 1,
      filtered: 0
    })
  })

  for (const payloads of [
    ['good', 'bad'],
    ['bad', 'good']
  ]) {
    it(`does not take what a sink sends of one message for all that it stored with it: ${payloads}`, async () => {
      const settled: unknown[] = []
      await nodeRed.deploy(flow({ type: 'test-batch-sink' }, { type: 'test-batch-sink' }))
      const sent = payloads.map(payload => send({ payload }, { timeoutMs: 5000 }))
      for (const [index, { settled: end }] of sent.entries())
        void end.then(() => settled.push(payloads[index]))
      await until('the stored', () => settled.length > 0)
      await new Promise(setImmediate)
      assert.deepEqual(settled, ['good'], 'what is rejected is held by the last node')
      nodeRed.node<Node>('sink').receive({ payload: 'another' })
      await until('the rejected', () => settled.length > 1)
    })
  }

  it('knows nothing of a message that no source has opened', () => {
    tracker.confirm({ payload: 1 }, { stored: 1 })
    tracker.touch({})
    tracker.fail({}, { code: 'X', message: 'x' })
    assert.equal(tracker.isGivenUp({}), false)
    assert.equal(tracker.openCount, 0)
  })

  it('settles once, however it ends', async () => {
    await nodeRed.deploy(flow(HELD))
    const settlements: Settlement[] = []
    const message = { payload: 'x' }
    const delivery = tracker.open(message, 'source', {
      mode: 'finished',
      records: 1,
      timeoutMs: 50,
      onSettled: each => settlements.push(each)
    })
    nodeRed.node<Node>('source').send(message)
    delivery.sent()
    delivery.abandon()
    delivery.abandon()
    tracker.confirm(message, { stored: 1 })
    await new Promise(resolve => setTimeout(resolve, 200))
    assert.deepEqual(
      settlements.map(settlement => settlement.kind),
      ['abandon']
    )
  })

  it('keeps no message alive once it is settled', async () => {
    await nodeRed.deploy(flow({}))
    const refs: WeakRef<object>[] = []
    const settled: Promise<unknown>[] = []
    for (let index = 0; index < 50; index++) {
      const sent = send({ payload: 'x'.repeat(1000) })
      refs.push(new WeakRef(sent.message))
      tracker.confirm(sent.message, { stored: 1 })
      settled.push(sent.settled)
    }
    await Promise.all(settled)
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    await new Promise(resolve => setTimeout(resolve, 50))
    collect()
    // The last one may still stand on the stack of the runtime.
    assert.ok(refs.filter(ref => ref.deref() !== undefined).length <= 2)
  })

  it('does not acknowledge what it cannot follow', async () => {
    await nodeRed.deploy(flow({}))
    const hooks = nodeApi.hooks as unknown as Hooks
    const { settled: before } = send({ payload: 'x' })
    await before
    // As if a later Node-RED told of its events in another way.
    const listening = hooks.trigger
    hooks.trigger = (_name, _event, done) => done?.()
    const { settled } = send({ payload: 'x' }, { mode: 'finished' })
    hooks.trigger = listening
    const { settlement } = await settled
    assert.equal(settlement.kind === 'retry' && settlement.error.code, 'DELIVERY_TIMEOUT')
  })
})
