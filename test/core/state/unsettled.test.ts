import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Batch,
  PROVENANCE,
  Provenance,
  type TelemetryRecord
} from '../../../core/record/record.ts'
import { CountedEngine } from '../../../core/state/counted-engine.ts'
import { type Attempt, attemptOf } from '../../../core/state/counted-records.ts'
import { keyBy, timeBy } from '../../../core/state/keyed.ts'
import type { Memory } from '../../../core/state/types.ts'
import { Unsettled } from '../../../core/state/unsettled.ts'

const T0 = Date.parse('2026-03-01T10:00:00Z')

/** Tells at each record how many there were. */
const counting: Memory<number> = {
  keyOf: keyBy(['device']),
  timeOf: timeBy('ts'),
  take(state = 0, record, _timeMs, turn) {
    turn.emit(0, { id: record.id, count: state + 1 })
    return state + 1
  }
}
const remembering = {
  memory: counting,
  clock: {
    runs: 'key',
    latenessMs: 0,
    idleMs: Number.POSITIVE_INFINITY,
    aheadMs: 1e15,
    ordered: false
  },
  bounds: { maxKeys: 10, maxAgeMs: Number.POSITIVE_INFINITY }
} as const

/** A server that sends again what is not acknowledged, in order, and a node behind it. */
class World {
  /** What was told of each message; the same when it is told again. */
  readonly told = new Map<number, number>()
  readonly #disk = new Map<string, string>()
  #engine = this.#start()
  /** Sent and not acknowledged: the number, and the attempt once the node has it. */
  #open: { id: number; attempt: Attempt | undefined; isKept: boolean }[] = []
  #sent = 0

  constructor(private readonly textOf: (id: number) => string) {}

  send(): void {
    this.#open.push({ id: this.#sent++, attempt: undefined, isKept: false })
    this.#take(this.#open.at(-1)!)
  }
  checkpoint(): void {
    for (const [name, value] of this.#engine.changes()) {
      if (value === undefined) this.#disk.delete(name)
      else this.#disk.set(name, value)
    }
    for (const each of this.#open) each.isKept = true
  }
  /** The flow is done with the first that are kept. */
  acknowledge(count: number): void {
    const settled = this.#open.filter(({ isKept }) => isKept).slice(0, count)
    for (const { attempt } of settled) {
      this.#engine.counted.settled(attempt!)
      if (this.#engine.counted.ended(attempt!.taken!)) this.checkpoint()
    }
    this.#open = this.#open.filter(each => !settled.includes(each))
  }
  crash(): void {
    this.#engine = this.#start()
    this.#engine.load([...this.#disk], 0)
    this.#again()
  }
  reconnect(): void {
    this.#engine.counted.dropped('source', 'mqtt')
    this.#again()
  }
  get keptNames(): string[] {
    return [...this.#disk.keys()].filter(name => name.startsWith('m:'))
  }

  #again(): void {
    for (const each of this.#open) Object.assign(each, { attempt: undefined, isKept: false })
    for (const each of this.#open) this.#take(each)
  }
  #start() {
    return new CountedEngine(remembering, { outputs: 2, rejectedOutput: 1, stage: 'test' })
  }
  #take(sent: { id: number; attempt: Attempt | undefined }): void {
    const origin = { kind: 'mqtt', topic: 'a/b', qos: 1, retained: false } as const
    const raw = Buffer.from(this.textOf(sent.id))
    const batch = { at: () => ({ origin, key: null, headers: {}, raw }) }
    const record: TelemetryRecord = { device: 'a', ts: T0 + sent.id * 1000, id: sent.id }
    Object.assign(record, { [PROVENANCE]: new Provenance(batch, 0) })
    sent.attempt = attemptOf({}, { lane: 'mqtt' }, 'source')
    this.#engine.taking.begin()
    this.#engine.take(record, 0, sent.attempt, 0)
    for (const left of this.#engine.taking.outputs[0] as { id: number; count: number }[])
      this.told.set(left.id, left.count)
  }
}

const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(['send', 0] as const) },
    { weight: 3, arbitrary: fc.constant(['checkpoint', 0] as const) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('acknowledge' as const), fc.nat(5)) },
    { weight: 1, arbitrary: fc.constant(['crash', 0] as const) },
    { weight: 1, arbitrary: fc.constant(['reconnect', 0] as const) }
  ),
  { maxLength: 80 }
)

describe('what MQTT sends again after a crash, or over another connection', () => {
  it('counts once, and is answered as the first time', () => {
    fc.assert(
      fc.property(steps, happenings => {
        const world = new World(id => `{"n":${id}}`)
        let sent = 0
        for (const [what, count] of happenings) {
          if (what === 'acknowledge') world.acknowledge(count)
          else world[what]()
          if (what === 'send') sent++
        }
        world.crash()
        assert.deepEqual(
          [...world.told].sort(([a], [b]) => a - b),
          Array.from({ length: sent }, (_, id) => [id, id + 1])
        )
        world.checkpoint()
        world.acknowledge(1_000)
        assert.deepEqual(world.keptNames, [])
      }),
      { numRuns: 300 }
    )
  })

  it('and so do messages of the same bytes, as often as they came', () => {
    const world = new World(() => '21.5')
    for (let n = 0; n < 3; n++) world.send()
    world.checkpoint()
    world.crash()
    world.send()
    assert.deepEqual([...world.told.values()], [1, 2, 3, 4])
  })

  const batchOf = (raws: readonly Buffer[]): Batch => {
    const origin = { kind: 'mqtt', topic: 'a/b', qos: 1, retained: false } as const
    return { at: index => ({ origin, key: null, headers: {}, raw: raws[index]! }) }
  }
  const given = (batch: Batch, index: number, place?: string) => ({
    source: 's',
    provenance: new Provenance(batch, index, place),
    answer: null
  })

  it('reads a long message once, however many records are of it', () => {
    const unsettled = new Unsettled()
    const raw = Buffer.alloc(1_000_000)
    const taken = { lane: 'mqtt' }
    const first = batchOf([raw])
    for (let n = 0; n < 20_000; n++) unsettled.add(taken, given(first, 0, `values.${n}`))
    const again = batchOf([raw])
    const beganMs = performance.now()
    unsettled.changes(new Map())
    unsettled.dropped('s', 'mqtt')
    for (let n = 0; n < 20_000; n++)
      assert.equal(unsettled.recall({ ...given(again, 0, `values.${n}`), taken: {} }), null)
    // Hashed for each record it would be twenty seconds.
    assert.ok(performance.now() - beganMs < 4_000)
    const long = 'x'.repeat(100)
    unsettled.add({ lane: 'mqtt' }, given(first, 0, `${long}1`))
    unsettled.dropped('s', 'mqtt')
    assert.equal(unsettled.recall({ ...given(again, 0, `${long}2`), taken: {} }), undefined)
    assert.equal(unsettled.recall({ ...given(again, 0, `${long}1`), taken: {} }), null)
  }).timeout(60_000)

  it('is still known once others were forgotten, since they did not come again', () => {
    const unsettled = new Unsettled()
    const raws = Array.from({ length: 2_100 }, (_, n) => Buffer.from(String(n)))
    const recall = (n: number) => unsettled.recall({ ...given(batchOf(raws), n), taken: {} })
    const lose = (n: number) => {
      unsettled.add({ lane: 'mqtt' }, given(batchOf(raws), n))
      unsettled.dropped('s', 'mqtt')
    }
    lose(0)
    for (let n = 1; n <= 1_000; n++) assert.equal(recall(n), undefined)
    assert.equal(recall(0), undefined)
    lose(1)
    assert.equal(recall(2), undefined)
    assert.equal(recall(1), null)
    lose(3)
    for (let n = 1_001; n < 2_000; n++) assert.equal(recall(n), undefined)
    lose(4)
    assert.equal(recall(2_000), undefined)
    assert.deepEqual([recall(3), recall(4)], [null, null])
  })

  it('also what was lost while the records of it were being taken', () => {
    const unsettled = new Unsettled()
    const taken = { lane: 'mqtt' }
    const batch = batchOf([Buffer.from('[1,2]')])
    unsettled.add(taken, given(batch, 0, '0'))
    unsettled.dropped('s', 'mqtt')
    // The rest of them is none that came again.
    for (let n = 0; n < 2_000; n++)
      assert.equal(unsettled.recall({ ...given(batch, 0, '1'), taken }), undefined)
    unsettled.add(taken, given(batch, 0, '1'))
    const changes = new Map<string, string | undefined>()
    unsettled.changes(changes)
    const loaded = new Unsettled()
    for (const [name, value] of changes) if (value !== undefined) loaded.load(name, value)
    for (const each of [unsettled, loaded])
      for (const place of ['0', '1'])
        assert.equal(each.recall({ ...given(batch, 0, place), taken: {} }), null)
  })
})
