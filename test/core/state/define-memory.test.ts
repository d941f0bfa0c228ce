import assert from 'node:assert/strict'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Node, NodeAPI, NodeDef } from 'node-red'
import { checks } from '../../../core/conformance/checks.ts'
import { conformanceNodes, FEED, feedOf, placed } from '../../../core/conformance/nodes.ts'
import type { Subject } from '../../../core/conformance/run.ts'
import { trackerOf } from '../../../core/delivery/tracker.ts'
import { nodeMetrics } from '../../../core/node/metrics.ts'
import type { NodeSpec } from '../../../core/node/spec.ts'
import { defineMemory } from '../../../core/state/define-memory.ts'
import { keyBy, timeBy } from '../../../core/state/keyed.ts'
import type { Memory } from '../../../core/state/types.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'

const spec = {
  type: 'millrace-counting',
  label: 'counting',
  summary: 'A node of a test.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['passed', 'counts', 'rejected'],
  fields: {}
} as const satisfies NodeSpec

/** Passes every record, says every third time how many there were, and tells of silences. */
const counting: Memory<{ n: number; silentMs?: number }> = {
  keyOf: keyBy(['device']),
  timeOf: timeBy('ts'),
  take(state, record, timeMs, turn) {
    const n = (state?.n ?? 0) + 1
    if (record.pass !== false) turn.emit(0, record)
    if (n % 3 === 0) turn.emit(1, { device: record.device, n })
    return record.last === true ? { n, silentMs: timeMs + 300 } : { n }
  },
  dueMs: ({ silentMs }) => silentMs,
  due({ n }, _timeMs, turn) {
    if (n === 2) throw new Error('two are too few')
    turn.emit(1, { silent: n })
    return { n }
  }
}

const T0 = Date.parse('2026-03-01T10:00:00Z')
const remembering = {
  memory: counting,
  clock: { runs: 'key', latenessMs: 0, idleMs: 200, aheadMs: 1e12, ordered: false },
  bounds: { maxKeys: 1000, maxAgeMs: Number.POSITIVE_INFINITY }
} as const

const subject: Subject = {
  type: spec.type,
  config: {},
  outputs: spec.outputs,
  idField: 'n',
  record: n => ({ n, device: `d${n}`, ts: T0 + n }),
  again: 'left out'
}

/** What has left, and how many of the next messages of an output are to fail. */
const left: { output: number; payload: unknown }[] = []
const failures = [0, 0]

function listening(RED: NodeAPI): void {
  RED.nodes.registerType('listening', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config)
    const { output } = config as NodeDef & { output: number }
    this.on('input', (message, _send, done) => {
      left.push({ output, payload: structuredClone(message.payload) })
      if (failures[output]! > 0) {
        failures[output]!--
        done(new Error('the sink is away'))
        return
      }
      trackerOf(RED).confirm(message, { stored: 1 })
      done()
    })
  })
}

describe('a node that remembers, in Node-RED', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let id = 'counting-0'
  let runs = 0

  before(async () => {
    const nodes = [conformanceNodes, listening, defineMemory(spec, () => remembering)]
    nodeRed = await startNodeRed({ nodes })
  })
  after(() => nodeRed.stop())
  beforeEach(() => {
    id = `counting-${++runs}`
    left.length = 0
    failures.fill(0)
  })

  const flow = (mode: 'finished' | 'stored' = 'finished', name = '') => [
    { id: 'tab', type: 'tab', label: 'state' },
    { id: `${id}-feed`, type: FEED, z: 'tab', mode, wires: [[id]] },
    { id, type: spec.type, z: 'tab', name, wires: [[`${id}-0`], [`${id}-1`], []] },
    { id: `${id}-0`, type: 'listening', z: 'tab', output: 0, wires: [] },
    { id: `${id}-1`, type: 'listening', z: 'tab', output: 1, wires: [] }
  ]
  const record = (n: number, more: object = {}) =>
    placed({ n, device: 'a', ts: T0 + n * 1000, ...more }, n)
  const feed = (payload: object[]) =>
    feedOf(`${id}-feed`).send(payload.length, () => payload.map(each => ({ ...each })))
  const metrics = () => nodeMetrics(id)!
  const outputOf = (output: number) =>
    left.filter(each => each.output === output).flatMap(({ payload }) => payload)
  const folder = () => join(nodeRed.userDir, 'millrace', 'state', id)

  for (const check of checks)
    it(`keeps what every node promises: ${check.name}`, () => check.run(nodeRed, subject))

  it('counts a record once, and gives the same answer to one whose result was lost', async () => {
    await nodeRed.deploy(flow())
    failures.fill(1)
    const fed = feed([record(0), record(1), record(2)])
    await fed.acknowledged
    assert.ok(fed.attempts > 1)
    const counts = outputOf(1)
    assert.ok(counts.length > 1)
    for (const count of counts) assert.deepEqual(count, { device: 'a', n: 3 })
    await feed([record(3), record(4), record(5)]).acknowledged
    assert.deepEqual(outputOf(1).at(-1), { device: 'a', n: 6 })
  })

  it('acknowledges what is only remembered, also where each record must be stored', async () => {
    await nodeRed.deploy(flow('stored'))
    const fed = feed([record(0, { pass: false }), record(1, { pass: false })])
    await fed.acknowledged
    assert.deepEqual([fed.attempts, metrics().filtered, metrics().out], [1, 2, 0])
  })

  it('remembers over a redeploy, and forgets once it is deleted', async () => {
    await nodeRed.deploy(flow())
    await feed([record(0), record(1)]).acknowledged
    await nodeRed.deploy(flow('finished', 'renamed'))
    await feed([record(1), record(2)]).acknowledged
    assert.deepEqual(outputOf(1), [{ device: 'a', n: 3 }])
    assert.ok(existsSync(folder()))
    await nodeRed.deploy([{ id: 'tab', type: 'tab', label: 'state' }])
    assert.equal(existsSync(folder()), false)
  })

  it('remembers apart in each use of a subflow, and over a redeploy', async () => {
    const uses = [`${id}-one`, `${id}-two`]
    const flowWith = (used: readonly string[], name = '') => [
      { id: 'tab', type: 'tab', label: 'state' },
      {
        id: 'sub',
        type: 'subflow',
        name: 'counting',
        in: [{ wires: [{ id: 'inner' }] }],
        out: [0, 1].map(port => ({ wires: [{ id: 'inner', port }] }))
      },
      { id: 'inner', type: spec.type, z: 'sub', name, wires: [[], [], []] },
      ...used.flatMap(use => [
        { id: `${use}-feed`, type: FEED, z: 'tab', mode: 'finished', wires: [[use]] },
        { id: use, type: 'subflow:sub', z: 'tab', wires: [[`${use}-0`], [`${use}-1`]] },
        { id: `${use}-0`, type: 'listening', z: 'tab', output: 0, wires: [] },
        { id: `${use}-1`, type: 'listening', z: 'tab', output: 1, wires: [] }
      ])
    ]
    const feedTo = (use: string, ...numbers: readonly number[]) =>
      feedOf(`${use}-feed`).send(numbers.length, () => numbers.map(n => record(n))).acknowledged
    const folderOf = (use: string) =>
      join(nodeRed.userDir, 'millrace', 'state', encodeURIComponent(`${use}-inner`))
    const [one, two] = uses as [string, string]
    await nodeRed.deploy(flowWith(uses))
    await feedTo(one, 0, 1)
    await feedTo(two, 0)
    await nodeRed.deploy(flowWith(uses, 'renamed'))
    await feedTo(two, 1)
    assert.deepEqual(outputOf(1), [])
    await feedTo(one, 2)
    assert.deepEqual(outputOf(1), [{ device: 'a', n: 3 }])
    await nodeRed.deploy(flowWith([one], 'renamed'))
    assert.deepEqual(uses.map(folderOf).map(existsSync), [true, false])
    await feedTo(one, 3, 4, 5)
    assert.deepEqual(outputOf(1).at(-1), { device: 'a', n: 6 })
  })

  it('sends what a silence makes until it is dealt with', async () => {
    await nodeRed.deploy(flow())
    failures[1] = 2
    await feed([record(0, { last: true })]).acknowledged
    await until('it is sent again', () => outputOf(1).length > 2)
    assert.deepEqual(outputOf(1), [{ silent: 1 }, { silent: 1 }, { silent: 1 }])
  })

  it('acknowledges what leaves by an output without a wire, where each record must be stored', async () => {
    await nodeRed.deploy(flow('stored'))
    const fed = feed([placed({ n: 0, device: 'a' }, 0)])
    await fed.acknowledged
    assert.deepEqual([fed.attempts, metrics().refused.get('TS_MISSING')], [1, 1])
  })

  it('forgets a key when it fails at what is due of it, and goes on', async () => {
    await nodeRed.deploy(flow())
    await feed([record(0), record(1, { last: true })]).acknowledged
    await until('it fails', () => metrics().gauges.get('keys remembered') === 0)
    await feed([record(2), record(3), record(4)]).acknowledged
    assert.deepEqual(outputOf(1), [{ device: 'a', n: 3 }])
  })

  it('acknowledges nothing while it cannot keep its state, says so, and goes on when it can', async () => {
    mkdirSync(dirname(folder()), { recursive: true })
    writeFileSync(folder(), 'not a folder')
    await nodeRed.deploy(flow())
    let isAcknowledged = false
    const fed = feed([record(0)])
    void fed.acknowledged.then(() => {
      isAcknowledged = true
    })
    await until('it to say so', () => /cannot keep/.test(metrics().status?.text ?? ''))
    assert.deepEqual([isAcknowledged, metrics().status?.healthy], [false, false])
    rmSync(folder())
    await fed.acknowledged
    await until('it to be well', () => metrics().status?.healthy)
  })

  it('forgets when it is told to, by a message or by the dialog', async () => {
    await nodeRed.deploy(flow())
    await feed([record(0), record(1)]).acknowledged
    const answer = await fetch(`${nodeRed.url}/millrace/forget`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id })
    })
    assert.equal(((await answer.json()) as { ok: boolean }).ok, true)
    await feed([record(0), record(1)]).acknowledged
    assert.deepEqual(outputOf(1), [])
    await feed([record(2)]).acknowledged
    assert.deepEqual(outputOf(1), [{ device: 'a', n: 3 }])
  })
})
