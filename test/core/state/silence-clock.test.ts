import assert from 'node:assert/strict'
import type { Backlog } from '../../../core/delivery/types.ts'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import { CountedEngine } from '../../../core/state/counted-engine.ts'
import { attemptOf } from '../../../core/state/counted-records.ts'
import { keyBy, timeBy } from '../../../core/state/keyed.ts'
import { SilenceClock } from '../../../core/state/silence-clock.ts'
import type { Memory } from '../../../core/state/types.ts'
import { Upstream } from '../../../core/state/upstream.ts'
import { wiresLead } from '../../../core/state/wires-lead.ts'

const T0 = Date.parse('2026-03-01T10:00:00Z')
const IDLE_MS = 10_000
const WINDOW_MS = 20_000

/** How many records there are in each window of 20 s. */
const counts: Memory<{ startMs: number; n: number }> = {
  keyOf: keyBy(['device']),
  timeOf: timeBy('ts'),
  take(state, _record, timeMs, turn) {
    const startMs = timeMs - (timeMs % WINDOW_MS)
    const now = state ?? { startMs, n: 0 }
    if (startMs + WINDOW_MS <= turn.clockMs) turn.emit(1, { late: timeMs })
    else now.n++
    return now
  },
  dueMs: ({ startMs }) => startMs + WINDOW_MS,
  due({ startMs, n }, _timeMs, turn) {
    turn.emit(0, { startMs, n })
    return undefined
  }
}

/** A node in virtual time behind a source that the flow may hold up. */
class World {
  wallMs = T0
  isHeldUp = false
  readonly results: string[] = []
  readonly #clock = new SilenceClock(T0, IDLE_MS)
  readonly #engine = new CountedEngine(
    {
      memory: counts,
      clock: { runs: 'key', latenessMs: 0, idleMs: IDLE_MS, aheadMs: 1e15, ordered: false },
      bounds: { maxKeys: 10, maxAgeMs: Number.POSITIVE_INFINITY }
    },
    { outputs: 3, rejectedOutput: 2, stage: 'test' }
  )

  take(second: number, arrivedMs?: number): void {
    const record: TelemetryRecord = { device: 'a', ts: T0 + second * 1000 }
    this.#engine.taking.begin()
    const nowMs = this.#clock.at(this.wallMs, this.isHeldUp)
    this.#engine.take(record, 0, attemptOf({}, {}), nowMs, undefined, this.wallMs)
    this.#clock.heard(this.wallMs, arrivedMs)
    this.#left()
  }

  pass(seconds: number): void {
    for (let step = 0; step < seconds * 5; step++) {
      this.wallMs += 200
      this.#engine.pass(this.#clock.at(this.wallMs, this.isHeldUp))
      this.#left()
    }
  }

  #left(): void {
    for (const each of this.#engine.taking.outputs.flat()) this.results.push(JSON.stringify(each))
  }
}

const windowOf = (second: number, n: number) => JSON.stringify({ startMs: T0 + second * 1000, n })

describe('the clock that silences are taken from', () => {
  it('closes a window when a device is silent', () => {
    const world = new World()
    for (let second = 0; second < 5; second++) world.take(second)
    world.pass(40)
    assert.deepEqual(world.results, [windowOf(0, 5)])
  })

  it('closes nothing while the flow holds up what comes next, however long that lasts', () => {
    const world = new World()
    for (let second = 0; second < 5; second++) world.take(second)
    world.isHeldUp = true
    world.pass(3600)
    world.isHeldUp = false
    world.pass(5)
    for (let second = 5; second < 20; second++) world.take(second, world.wallMs)
    world.pass(40)
    assert.deepEqual(world.results, [windowOf(0, 20)])
  })

  it('gives what was held up the time to come, as long as old records do', () => {
    const world = new World()
    for (let second = 0; second < 5; second++) world.take(second)
    world.isHeldUp = true
    world.pass(600)
    world.isHeldUp = false
    // It is written long ago, and comes slowly: a record in eight seconds.
    for (let second = 5; second < 20; second++) {
      world.pass(8)
      world.take(second, T0 + second * 1000)
    }
    world.pass(60)
    assert.deepEqual(world.results, [windowOf(0, 20)])
  })

  it('goes on after an outage where a device does stay silent', () => {
    const world = new World()
    for (let second = 0; second < 5; second++) world.take(second)
    world.isHeldUp = true
    world.pass(600)
    world.isHeldUp = false
    world.pass(2 * IDLE_MS)
    assert.deepEqual(world.results, [windowOf(0, 5)])
  })

  it('takes neither a computer that slept nor one whose clock is set for a silence', () => {
    const world = new World()
    world.take(0)
    for (const jumpMs of [3_600_000, -7_200_000, 86_400_000]) {
      world.wallMs += jumpMs
      world.pass(3)
    }
    assert.deepEqual(world.results, [])
    world.pass(40)
    assert.deepEqual(world.results, [windowOf(0, 1)])
  })
})

describe('whether what comes next can come', () => {
  const MOVING: Backlog = { isAway: false, isBlocked: false, oldestMs: 300, stalledMs: 0 }
  const STALLED: Backlog = { ...MOVING, oldestMs: 60_000, stalledMs: 60_000 }

  const cases: [
    name: string,
    backlog: Backlog | undefined,
    apartMs: number,
    silentMs: number,
    isHeldUp: boolean
  ][] = [
    ['a source that says nothing', undefined, 1000, 60_000, false],
    ['no connection', { ...MOVING, oldestMs: 0, isAway: true }, 100, 100, true],
    ['nothing in the flow', { ...MOVING, oldestMs: 0 }, 1000, 60_000, false],
    ['it moves', MOVING, 100, 100, false],
    ['it moves at its bound', { ...MOVING, isBlocked: true }, 100, 100, false],
    ['the flow is slower', { ...MOVING, isBlocked: true, oldestMs: 9_000 }, 100, 100, true],
    ['nothing ends, but records come', STALLED, 1000, 1000, false],
    ['nothing ends, and no record comes', STALLED, 1000, 5000, true],
    ['bursts of a batch node', STALLED, 30_000, 31_000, false],
    ['bursts that stay away', STALLED, 30_000, 70_000, true]
  ]
  for (const [name, backlog, apartMs, silentMs, isHeldUp] of cases)
    it(name, () => {
      let now: Backlog | undefined = MOVING
      const upstream = new Upstream({ backlogOf: () => now })
      for (let message = 0; message < 5; message++) upstream.heard('s', message * apartMs)
      now = backlog
      assert.equal(upstream.isHeldUp(4 * apartMs + silentMs), isHeldUp)
    })

  const AWAY: Backlog = { ...MOVING, oldestMs: 0, isAway: true }
  const HOUR_MS = 3_600_000

  it('from a source whose wires lead elsewhere now: not after an hour, nor after a start', () => {
    let leads = true
    const upstream = new Upstream({ backlogOf: () => AWAY }, () => leads)
    upstream.heard('a', 0)
    assert.equal(upstream.isHeldUp(10 * HOUR_MS), true)
    leads = false
    assert.equal(upstream.isHeldUp(HOUR_MS - 1), true)
    assert.equal(upstream.isHeldUp(11 * HOUR_MS), false)
    const started = new Upstream({ backlogOf: () => AWAY }, () => leads)
    started.expect('a', 0)
    assert.equal(started.isHeldUp(1), false)
    // What comes of it in another way does.
    started.heard('a', 2)
    assert.equal(started.isHeldUp(3), true)
    started.forget()
    assert.deepEqual([started.knows('a'), started.isHeldUp(4)], [false, false])
  })

  const node = (type: string, ...wires: string[]) => ({ type, wires: [wires] })
  const inner = { ...node('inject', 'to'), _flow: { getNode: (id: string) => nodes[id] } }
  const within: Record<string, object> = { inner }
  const nodes: Record<string, object> = {
    direct: node('a', 'to'),
    far: node('a', 'other', 'link'),
    link: node('link out', 'far', 'subflow'),
    subflow: { ...node('subflow:s', 'inner'), _flow: { getNode: (id: string) => within[id] } },
    other: node('b', 'gone'),
    circle: node('a', 'circle', 'other'),
    calling: node('a', 'call'),
    call: node('link call')
  }
  for (const [from, leads] of [
    ['direct', true],
    ['far', true],
    ['calling', true],
    ['circle', false],
    ['other', false],
    ['unknown', true]
  ] as const)
    it(`by wires: ${from}`, () =>
      assert.equal(
        wiresLead(id => nodes[id], from, 'to'),
        leads
      ))
})
