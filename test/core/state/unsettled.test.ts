import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PROVENANCE, Provenance, type TelemetryRecord } from '../../../core/record/record.ts'
import { CountedEngine } from '../../../core/state/counted-engine.ts'
import { type Attempt, attemptOf } from '../../../core/state/counted-records.ts'
import { keyBy, timeBy } from '../../../core/state/keyed.ts'
import type { Memory } from '../../../core/state/types.ts'

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
    for (const { attempt } of settled) if (this.#engine.counted.settled(attempt!)) this.checkpoint()
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
})
