import type { NodeSpec, Options } from '../node/spec.ts'
import type { Message } from '../record/message.ts'
import { unfitness } from '../record/parse-record.ts'
import type { TelemetryRecord } from '../record/record.ts'
import { type Attempt, CountedRecords } from './counted-records.ts'
import { Engine } from './engine.ts'
import { Taking } from './taking.ts'
import type { Drawn } from './time-line.ts'
import type { BoundOptions, ClockOptions, Memory } from './types.ts'

/** What a room brings: its memory, how time passes for it, and what it may use. */
export interface Remembering<State> {
  readonly memory: Memory<State>
  readonly clock: ClockOptions
  readonly bounds: BoundOptions
  /** What stands beside the rate in the status. */
  note?(): string | undefined
  /** Numbers of its own for the metrics, by name. */
  gauges?(): Iterable<readonly [name: string, value: number]>
  /**
   * How long all is silent after the samples of a dialog, which shows what leaves by then. Without
   * it time does not go on there.
   */
  readonly previewMs?: number
  /** Keys that are to be remembered before anything came of them. */
  readonly expected?: readonly string[]
  /**
   * The same of `msg.expected`, by which a flow tells it in place of a dialog.
   * @throws MillraceError where that is nothing it can use
   */
  expectedOf?(told: unknown): readonly string[]
  /** By what keys are made: what was told to a node with other ones is not taken up. */
  readonly keyedBy?: string
  /** How many outputs there are, and which is for what is rejected, where options decide that. */
  readonly outputs?: { readonly count: number; readonly rejected: number }
  /** What its dialog draws over time. */
  readonly drawn?: Drawn
}

/**
 * Makes what a node remembers from its options; throws OptionsError for those that cannot be used.
 * Undefined where nothing need be remembered with them.
 * `say` writes to the log of the node.
 */
export type MakeMemory<S extends NodeSpec, State> = (
  options: Options<S>,
  say: (notice: string) => void
) => Remembering<State> | undefined

export interface CountedOptions {
  /** How many outputs there are, and which of them is for what is rejected. */
  readonly outputs: number
  readonly rejectedOutput: number
  /** The name of the node in what it rejects. */
  readonly stage: string
  /** See `Engine`. */
  readonly settleMs?: number
}

/** The outputs of a node: those of its spec, unless its options decide them. */
export const outputsOf = (
  { outputs }: Pick<NodeSpec, 'outputs'>,
  remembering: Pick<Remembering<unknown>, 'outputs'>
): { readonly count: number; readonly rejected: number } =>
  remembering.outputs ?? { count: outputs.length, rejected: outputs.indexOf('rejected') }

/** An engine that counts each record once, and gives the same answer to one that comes again. */
export class CountedEngine<State> {
  readonly taking: Taking
  readonly counted = new CountedRecords()
  readonly #engine: Engine<State>

  constructor(
    { memory, clock, bounds }: Remembering<State>,
    { outputs, rejectedOutput, stage, settleMs }: CountedOptions
  ) {
    this.taking = new Taking(outputs, rejectedOutput, stage)
    this.#engine = new Engine(memory, clock, bounds, this.taking, settleMs)
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#engine.size
  }
  /** Records that wait for the clock. */
  get waiting(): number {
    return this.#engine.waiting
  }

  /**
   * Takes one of the records of a message; `index` is its place there.
   * @param nowMs by the clock of silences, `wallMs` by the computer's
   */
  take(
    record: unknown,
    index: number,
    attempt: Attempt,
    nowMs: number,
    message?: Message,
    wallMs = nowMs
  ): void {
    const { taking, counted } = this
    const unfit = unfitness(record)
    if (unfit !== undefined) {
      taking.beginRecord(undefined)
      taking.rejected(record as TelemetryRecord, unfit)
      return
    }
    const taken = record as TelemetryRecord
    const known = counted.find(taken, index, attempt)
    if (known === 'new') {
      taking.beginRecord(taken)
      const arrivedMs = counted.arrivedMs ?? wallMs
      this.#engine.take(taken, counted.partition, nowMs, arrivedMs, message)
      counted.count(taking.answer, attempt)
    } else {
      taking.tally.duplicates++
      if (known !== 'settled') taking.again(known, taken)
    }
  }

  /** Remembers what is expected, and what was kept is told that the node has started. */
  expect(keys: readonly string[], nowMs: number): void {
    this.#engine.expect(keys, nowMs)
  }

  /** Time passes without a record; what leaves is in `taking`. */
  pass(nowMs: number): void {
    this.taking.begin()
    this.taking.beginRecord(undefined)
    this.#engine.pass(nowMs)
  }

  changes(): Map<string, string | undefined> {
    const changes = this.#engine.changes()
    this.counted.changes(changes)
    return changes
  }

  load(kept: readonly (readonly [key: string, value: string])[], nowMs: number): void {
    this.#engine.load(kept, nowMs)
    this.counted.load(kept)
  }

  clear(): void {
    this.#engine.clear()
    this.counted.clear()
  }
}
