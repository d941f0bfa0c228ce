import assert from 'node:assert/strict'
import { HeldLanes } from '../../core/delivery/held-lanes.ts'
import { DeliverySource } from '../../core/source/source.ts'
import { acknowledged, ScriptedTracker } from '../core/source/scripted-tracker.ts'

const part = { source: 's', lane: 't/0', from: '0', next: '5' }

describe('lanes that sinks hold back', () => {
  it('are let go once every sink has, and at once where none holds them', () => {
    const lanes = new HeldLanes()
    const held: (() => void)[] = []
    let gone = 0
    const passed = () => lanes.passed(part, { letGo: () => gone++, readAgain: () => undefined })
    passed()
    assert.equal(gone, 1)
    const ends = [1, 2].map(() =>
      lanes.hold({
        passed: (_part, { letGo }) => {
          held.push(letGo)
          return true
        }
      })
    )
    lanes.hold({ passed: () => false })
    passed()
    held[0]!()
    held[0]!()
    assert.equal(gone, 1)
    held[1]!()
    assert.equal(gone, 2)
    for (const end of ends) end()
    passed()
    assert.equal(gone, 3)
  })
})

describe('a source whose acknowledgement is held back', () => {
  class Holding extends ScriptedTracker {
    readonly held: { letGo(): void; readAgain(): void }[] = []
    override lanePassed(_part: object, held: { letGo(): void; readAgain(): void }): void {
      this.held.push(held)
    }
  }
  const scene = () => {
    const tracker = new Holding()
    const acks: number[] = []
    let again = 0
    const source = new DeliverySource({
      ...({ RED: {}, node: { id: 'n', type: 'millrace-x', send() {} } } as object),
      metrics: { in: 0, out: 0, inFlight: 0, stored: 0, rejected: 0, filtered: 0, duplicates: 0 },
      mode: 'finished',
      maxInFlight: 10,
      retries: 3,
      timeoutMs: 1_000,
      outputs: 2,
      deadLetterOutput: 1,
      isWired: () => true,
      onCapacity: () => undefined,
      onReadAgain: () => again++,
      tracker
    } as unknown as ConstructorParameters<typeof DeliverySource>[0])
    const take = (n: number) =>
      source.take({
        lane: 't/0',
        from: `${n}`,
        next: `${n + 1}`,
        records: 1,
        rebuild: () => ({}),
        acknowledge: () => acks.push(n)
      })
    return { tracker, source, acks, take, again: () => again }
  }

  it('has nothing of it in flight, and acknowledges it when it is let go', () => {
    const { tracker, source, acks, take } = scene()
    take(0)
    tracker.last.settle(acknowledged(1))
    assert.deepEqual([source.inFlight, acks], [0, []])
    take(1)
    assert.deepEqual(tracker.last.options.settledBefore, { lane: 't/0', at: '0' })
    tracker.held[0]!.letGo()
    assert.deepEqual(acks, [0])
  })

  it('acknowledges nothing of a lane that it has lost, and reads again what a sink has lost', () => {
    const { tracker, source, acks, take, again } = scene()
    take(0)
    tracker.last.settle(acknowledged(1))
    tracker.held[0]!.readAgain()
    assert.equal(again(), 1)
    source.dropLane('t/0')
    tracker.held[0]!.letGo()
    tracker.held[0]!.readAgain()
    assert.deepEqual([acks, again()], [[], 1])
  })
})
