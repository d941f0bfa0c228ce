import type { Message } from '../../../core/record/message.ts'
import type { Reason, TelemetryRecord } from '../../../core/record/record.ts'
import type { Remembering } from '../../../core/state/counted-engine.ts'
import { Engine } from '../../../core/state/engine.ts'
import type { BoundOptions, ClockOptions, Memory } from '../../../core/state/types.ts'

interface Given {
  readonly given: TelemetryRecord
  readonly partition?: string
  readonly atMs?: number
  /** What it came in. */
  readonly message?: Message
}

/** A step of a table: a record, one with its circumstances, or the silence after it. */
export type Step =
  | TelemetryRecord
  | Given
  | { readonly silentMs: number }
  /** Nothing runs for so long; then a new engine takes up what was kept. */
  | { readonly downMs: number }
  /** What was kept is taken up by another memory, as after a change of settings. */
  | { readonly redeployed: Remembering<unknown> }

export interface RunOptions {
  readonly clock?: Partial<ClockOptions>
  readonly bounds?: Partial<BoundOptions>
  /** After each step everything is kept as a store keeps it, and taken up by a new engine. */
  readonly restarts?: boolean
}

/** What became of the records. */
export interface Ran {
  /** Records by output; those that were passed on are the objects that were given. */
  readonly outputs: readonly (readonly TelemetryRecord[])[]
  readonly rejected: readonly { readonly record: TelemetryRecord; readonly reason: Reason }[]
  readonly filtered: number
  readonly absorbed: number
  readonly late: number
  /** Keys that are forgotten since the memory failed at them, with the error. */
  readonly failed: readonly string[]
  /** Records that still wait for their time. */
  readonly waiting: number
  readonly keys: number
  /** The time by the computer's clock at the end. */
  readonly nowMs: number
}

const CLOCK: ClockOptions = {
  runs: 'key',
  latenessMs: 0,
  idleMs: Number.POSITIVE_INFINITY,
  aheadMs: Number.POSITIVE_INFINITY,
  ordered: false
}
const BOUNDS: BoundOptions = { maxKeys: 1_000_000, maxAgeMs: Number.POSITIVE_INFINITY }

/** How often a node lets time pass. */
const PASS_MS = 100

/**
 * Runs a memory over records in virtual time: each arrives when it was measured (`timeOf`), or at
 * once where time is past that already. In a silence time passes in steps of 100 ms.
 */
export function runMemory<State>(
  memory: Memory<State>,
  steps: readonly Step[],
  options: RunOptions = {}
): Ran {
  const run = new Run(memory, options)
  for (const step of steps) {
    run.step(step)
    if (options.restarts) run.restart()
  }
  return run.result()
}

/** Counts what becomes of records. */
class Told {
  readonly outputs: TelemetryRecord[][] = []
  readonly rejections: { record: TelemetryRecord; reason: Reason }[] = []
  filteredCount = 0
  absorbedCount = 0
  lateCount = 0
  readonly failures: string[] = []

  emitted(output: number, record: object): void {
    while (this.outputs.length <= output) this.outputs.push([])
    this.outputs[output]!.push(record as TelemetryRecord)
  }
  rejected(record: TelemetryRecord, reason: Reason): void {
    this.rejections.push({ record, reason })
  }
  absorbed(): void {
    this.absorbedCount++
  }
  filtered(): void {
    this.filteredCount++
  }
  waits(): void {}
  resumes(): void {}
  late(): void {
    this.lateCount++
  }
  failed(key: string, error: unknown): void {
    this.failures.push(`${key}: ${error}`)
  }
}

class Run<State> {
  readonly #told = new Told()
  readonly #store = new Map<string, string>()
  #engine: Engine<State>
  #nowMs = Number.NEGATIVE_INFINITY

  constructor(
    private memory: Memory<State>,
    private options: RunOptions
  ) {
    this.#engine = this.#start()
  }

  #start(): Engine<State> {
    const { clock, bounds } = this.options
    return new Engine(this.memory, { ...CLOCK, ...clock }, { ...BOUNDS, ...bounds }, this.#told)
  }

  step(step: Step): void {
    if ('silentMs' in step) {
      const untilMs = this.#nowMs + (step.silentMs as number)
      for (; this.#nowMs < untilMs; this.#nowMs = Math.min(untilMs, this.#nowMs + PASS_MS))
        this.#engine.pass(this.#nowMs)
      this.#engine.pass(this.#nowMs)
      return
    }
    if ('downMs' in step) {
      this.restart(step.downMs as number)
      return
    }
    if ('redeployed' in step) {
      const { memory, clock, bounds } = step.redeployed as Remembering<State>
      this.memory = memory
      this.options = { ...this.options, clock, bounds }
      this.restart()
      return
    }
    const {
      given,
      partition = '',
      atMs,
      message
    }: Given = 'given' in step ? (step as Given) : { given: step }
    const timeMs = atMs ?? this.memory.timeOf(given)
    if (typeof timeMs === 'number' && timeMs > this.#nowMs) this.#nowMs = timeMs
    this.#engine.take(given, partition, this.#nowMs, this.#nowMs, message)
  }

  /** As when the process ended, and started so long after. */
  restart(downMs = 0): void {
    for (const [key, value] of this.#engine.changes()) {
      if (value === undefined) this.#store.delete(key)
      else this.#store.set(key, value)
    }
    this.#engine = this.#start()
    this.#nowMs += downMs
    this.#engine.load(this.#store, this.#nowMs)
  }

  result(): Ran {
    const { outputs, rejections, filteredCount, absorbedCount, lateCount, failures } = this.#told
    return {
      outputs,
      rejected: rejections,
      filtered: filteredCount,
      absorbed: absorbedCount,
      late: lateCount,
      failed: failures,
      waiting: this.#engine.waiting,
      keys: this.#engine.size,
      nowMs: this.#nowMs
    }
  }
}
