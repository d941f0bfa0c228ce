import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Node, NodeAPI } from 'node-red'
import type { Settlement } from '../../../core/delivery/types.ts'
import { NodeMetrics } from '../../../core/node/metrics.ts'
import { DeliverySource } from '../../../core/source/source.ts'
import { abandoned, acknowledged, failed, ScriptedTracker } from './scripted-tracker.ts'

type Step =
  | { readonly do: 'take'; readonly lane: string; readonly records: number }
  | {
      readonly do: 'settle'
      readonly which: number
      readonly as: 'stored' | 'rejected' | 'duplicates' | 'filtered' | 'failed' | 'abandoned'
    }
  | { readonly do: 'drop'; readonly lane: string }
  | { readonly do: 'deploy' | 'started' | 'pause' }

const lane = fc.constantFrom('a', 'b', 'c')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('take'), lane, records: fc.integer({ min: 1, max: 5 }) })
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('settle'),
      which: fc.nat(),
      as: fc.constantFrom(
        'stored',
        'stored',
        'rejected',
        'duplicates',
        'filtered',
        'failed',
        'failed',
        'abandoned'
      )
    })
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop'), lane }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('deploy', 'started', 'pause') }) }
) as fc.Arbitrary<Step>

/** A source, a tracker that obeys, and what must be true of them after each step. */
class Run {
  readonly tracker = new ScriptedTracker()
  readonly metrics = new NodeMetrics('id', 'millrace-kafka-consumer', '')
  /** Taken and not acknowledged, by lane, in order. */
  readonly line = new Map<string, { readonly number: number; readonly records: number }[]>()
  readonly source: DeliverySource
  #number = 0

  constructor() {
    const node = {
      id: 'source',
      type: 'millrace-kafka-consumer',
      send() {},
      error() {}
    } as unknown as Node
    this.source = new DeliverySource({
      RED: {} as NodeAPI,
      node,
      metrics: this.metrics,
      mode: 'stored',
      maxInFlight: 5,
      retries: 1,
      timeoutMs: 1000,
      outputs: 2,
      deadLetterOutput: 1,
      isWired: () => true,
      onCapacity() {},
      backoff: { initialMs: 0 },
      tracker: this.tracker
    })
  }

  async apply(step: Step): Promise<void> {
    if (step.do === 'take') this.#take(step.lane, step.records)
    else if (step.do === 'settle') this.#settle(step.which, step.as)
    else if (step.do === 'drop') {
      this.source.dropLane(step.lane)
      this.line.delete(step.lane)
    } else if (step.do === 'deploy') this.tracker.deploying = true
    else if (step.do === 'started') this.tracker.flowsStarted()
    else await new Promise(resolve => setTimeout(resolve, 2))
    this.check()
  }

  #take(name: string, records: number): void {
    const number = this.#number++
    const line = this.line.get(name) ?? []
    this.line.set(name, line)
    line.push({ number, records })
    this.source.take({
      lane: name,
      records,
      rebuild: () => ({ payload: Array.from({ length: records }, () => ({ number })) }),
      acknowledge: () => {
        assert.equal(this.line.get(name), line, 'the lane is still ours')
        assert.equal(line.shift()?.number, number, 'the oldest of the lane goes first')
      }
    })
  }

  #settle(which: number, as: Extract<Step, { do: 'settle' }>['as']): void {
    const { open_ } = this.tracker
    if (open_.length === 0) return
    const delivery = open_[which % open_.length]!
    delivery.settle(settlementOf(as, delivery.options.records))
  }

  check(): void {
    const { stored, rejected, filtered, duplicates, inFlight, taken } = this.metrics
    assert.equal(taken, stored + rejected + filtered + duplicates + inFlight)
    assert.ok(inFlight >= 0)
    const unacknowledged = [...this.line.values()]
      .flat()
      .reduce((sum, { records }) => sum + records, 0)
    assert.equal(this.source.inFlight, unacknowledged)
    assert.equal(this.source.full, unacknowledged >= 5)
    for (const [name, line] of this.line) assert.equal(this.source.inFlightOf(name), line.length)
  }
}

function settlementOf(as: Extract<Step, { do: 'settle' }>['as'], records: number): Settlement {
  if (as === 'failed') return failed
  if (as === 'abandoned') return abandoned
  return as === 'stored' ? acknowledged(records) : acknowledged(records, { [as]: records })
}

describe('ledger of a source', function () {
  this.timeout(60_000)

  it('adds up at every step, acknowledges in order, and loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
        const run = new Run()
        for (const each of steps) await run.apply(each)
        // Whatever came before: once the flow deals with everything, everything is acknowledged.
        run.tracker.flowsStarted()
        for (let rounds = 0; run.source.inFlight > 0; rounds++) {
          assert.ok(rounds < 100, 'everything is acknowledged in the end')
          while (run.tracker.openCount > 0)
            await run.apply({ do: 'settle', which: 0, as: 'stored' })
          await run.apply({ do: 'pause' })
        }
        assert.equal(run.metrics.inFlight, 0)
        assert.equal(run.source.waiting.retrying, 0)
        await run.source.close()
      }),
      { numRuns: 60 }
    )
  })
})
