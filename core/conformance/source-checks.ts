import assert from 'node:assert/strict'
import { type NodeMetrics, nodeMetrics } from '../node/metrics.ts'
import { isRejection } from '../record/record.ts'
import { COLLECT, collectedBy } from './nodes.ts'
import type { ConformanceNode, Harness } from './run.ts'

/** Where a source reads: a topic or queue that nothing else writes to. */
export interface FedPlace {
  /** Options that make the source read there, and acknowledge what is stored. */
  readonly config: Readonly<Record<string, unknown>>
  /** Configuration nodes that it refers to. */
  readonly around: readonly ConformanceNode[]
  /** Writes these bodies by the real protocol, in this order, to one lane. */
  feed(bodies: readonly string[], lane: number): Promise<void>
}

/** The source under test. Its records are JSON objects `{"lane":0,"n":1}`. */
export interface SourceSubject {
  readonly type: string
  /** A new place for each check. */
  place(): Promise<FedPlace>
  /** What was fed, in a record of the source; the record itself where absent. */
  read?(record: unknown): unknown
}

/** One promise that every source keeps; `run` rejects with what it saw where it does not. */
export interface SourceCheck {
  readonly name: string
  run(harness: Harness, subject: SourceSubject): Promise<void>
}

interface TestRecord {
  readonly lane: number
  readonly n: number
}

const LANES = [0, 1, 2]
const NO_RECORDS = ['rubbish', '[1]', '', '"text"']
const CLOSE_LIMIT_MS = 14_500

let runs = 0

/** A source in a flow of its own, before what stores the records of both outputs. */
class SourceRun {
  readonly #id = `source-${++runs}-${Date.now()}`
  readonly #metrics: () => NodeMetrics | undefined = () => nodeMetrics(this.#id)

  constructor(
    private readonly harness: Harness,
    private readonly type: string,
    private readonly read: (record: unknown) => unknown,
    readonly place: FedPlace
  ) {}

  /** @param holds what reaches the end of the flow is never finished */
  async deploy(holds: boolean): Promise<void> {
    const z = `${this.#id}-tab`
    const end = (output: number) => ({
      id: `${this.#id}-out-${output}`,
      type: COLLECT,
      z,
      x: 300,
      y: 100,
      output,
      of: this.#id,
      holds,
      wires: []
    })
    const wires = [0, 1].map(output => [`${this.#id}-out-${output}`])
    await this.harness.deploy([
      { id: z, type: 'tab', label: 'conformance' },
      ...this.place.around,
      { name: '', ...this.place.config, id: this.#id, type: this.type, z, x: 100, y: 100, wires },
      end(0),
      end(1)
    ])
    await waitFor('the source to be at work', () => this.#metrics()?.status?.healthy === true)
  }

  async feed(from: number, count: number): Promise<void> {
    for (const lane of LANES) {
      const bodies = Array.from({ length: count }, (_, index) =>
        JSON.stringify({ lane, n: from + index })
      )
      await this.place.feed(bodies, lane)
    }
  }

  get metrics(): NodeMetrics {
    return this.#metrics() ?? assert.fail('The node has no metrics: define it by defineSource.')
  }

  get records(): TestRecord[] {
    return this.#left(0).map(this.read) as TestRecord[]
  }
  get rejected(): unknown[] {
    return this.#left(1)
  }
  forget(): void {
    collectedBy(this.#id).length = 0
  }

  #left(output: number): unknown[] {
    const found = collectedBy(this.#id).filter(message => message.output === output)
    return found.flatMap(({ payload }) => (Array.isArray(payload) ? payload : [payload]))
  }
}

const keyOf = ({ lane, n }: TestRecord) => `${lane}/${n}`

/** What a source has taken and not given back is somewhere, at every moment. */
function assertAccount({
  taken,
  stored,
  rejected,
  filtered,
  duplicates,
  inFlight
}: NodeMetrics): void {
  assert.equal(
    taken,
    stored + rejected + filtered + duplicates + inFlight,
    'The counts do not add up.'
  )
}

const startOf = async (harness: Harness, { type, place, read }: SourceSubject) =>
  new SourceRun(harness, type, read ?? (record => record), await place())

async function accountsForAll(harness: Harness, subject: SourceSubject): Promise<void> {
  const run = await startOf(harness, subject)
  await run.deploy(false)
  await run.feed(0, 100)
  await run.place.feed(NO_RECORDS, 0)
  const total = LANES.length * 100 + NO_RECORDS.length
  await waitFor('all records to be dealt with', () => {
    assertAccount(run.metrics)
    const { taken, filtered, inFlight } = run.metrics
    return taken - filtered >= total && inFlight === 0
  })
  const { stored, taken, filtered } = run.metrics
  assert.deepEqual(
    [taken - filtered, stored],
    [total, total],
    'Each is taken once and, or its rejection is, stored once.'
  )
  assert.equal(
    new Set(run.records.map(keyOf)).size,
    LANES.length * 100,
    'Each record has left once.'
  )
  assert.equal(
    run.rejected.length,
    NO_RECORDS.length,
    'What is no record leaves by the output "rejected".'
  )
  for (const letter of run.rejected) {
    assert.ok(
      isRejection(letter) && letter.reason.code !== '' && letter.raw !== undefined,
      'It says why, with the bytes.'
    )
  }
}

async function keepsOrderOfLanes(harness: Harness, subject: SourceSubject): Promise<void> {
  const run = await startOf(harness, subject)
  await run.deploy(false)
  for (let from = 0; from < 200; from += 50) await run.feed(from, 50)
  await waitFor('all records', () => run.records.length >= LANES.length * 200)
  for (const lane of LANES) {
    const numbers = run.records.filter(record => record.lane === lane).map(({ n }) => n)
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
      `Lane ${lane} has left in another order than it came.`
    )
  }
}

async function givesBackWhatWasNotStored(harness: Harness, subject: SourceSubject): Promise<void> {
  const run = await startOf(harness, subject)
  await run.deploy(true)
  await run.feed(0, 20)
  await waitFor('records in the flow', () => run.records.length >= LANES.length * 20)
  assert.equal(
    run.metrics.inFlight,
    LANES.length * 20,
    'What the flow has not stored is in flight.'
  )
  run.forget()
  const began = performance.now()
  await run.deploy(false)
  const tookMs = performance.now() - began
  await waitFor('them again', () => new Set(run.records.map(keyOf)).size === LANES.length * 20)
  await waitFor('the counts', () => run.metrics.inFlight === 0)
  assertAccount(run.metrics)
  assert.equal(
    run.metrics.returned,
    LANES.length * 20,
    'What was in flight when it was closed is counted as returned.'
  )
  assert.ok(
    tookMs < CLOSE_LIMIT_MS + 15_000,
    `To close and to start again took ${Math.round(tookMs)} ms.`
  )
}

async function closesInTime(harness: Harness, subject: SourceSubject): Promise<void> {
  const run = await startOf(harness, subject)
  await run.deploy(true)
  await run.feed(0, 20)
  await waitFor('records in the flow', () => run.records.length >= 1)
  const began = performance.now()
  await harness.deploy([])
  const tookMs = performance.now() - began
  assert.ok(
    tookMs < CLOSE_LIMIT_MS,
    `Closing took ${Math.round(tookMs)} ms; Node-RED gives a node 15 s.`
  )
}

/** Every promise of a source. */
export const sourceChecks: readonly SourceCheck[] = [
  { name: 'accounts for all that it takes, and rejects what is no record', run: accountsForAll },
  { name: 'keeps the order of each lane', run: keepsOrderOfLanes },
  { name: 'gives back what was not stored, and brings it again', run: givesBackWhatWasNotStored },
  { name: 'closes in time while the flow holds everything', run: closesInTime }
]

async function waitFor(what: string, isTrue: () => boolean, limitMs = 30_000): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!isTrue()) {
    if (performance.now() > endMs)
      assert.fail(`Still waiting for ${what} after ${limitMs / 1000} s.`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
