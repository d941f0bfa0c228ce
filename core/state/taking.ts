import { cloneRecord } from '../record/clone-record.ts'
import { type Reason, reject, type TelemetryRecord } from '../record/record.ts'
import { type Answer, type Left, leavesAgain, textOf } from './answer.ts'
import type { Effects } from './engine-turn.ts'

/** What became of records, to be added to the counts of the node. */
export class Tally {
  filtered = 0
  absorbed = 0
  duplicates = 0
  late = 0
  /** Keys that are forgotten since the node failed at them, and why the first was. */
  failed = 0
  failure: unknown
}

/**
 * Gathers what leaves while records are taken, and what is to be answered again to the one that is
 * being taken.
 */
export class Taking implements Effects {
  /** Records by output. */
  outputs: object[][]
  tally = new Tally()
  #left: Left[] = []
  #taken: object | undefined
  #isPassed = false

  constructor(
    private readonly count: number,
    private readonly rejectedOutput: number,
    private readonly stage: string
  ) {
    this.outputs = this.#empty()
  }

  /** Another message, or the passing of time, begins. */
  begin(): void {
    this.outputs = this.#empty()
    this.tally = new Tally()
  }

  /** A record that is new is about to be taken. */
  beginRecord(record: object | undefined): void {
    this.#taken = record
    this.#isPassed = false
    if (this.#left.length > 0) this.#left = []
  }

  /** What has left since then; null if nothing did. */
  get answer(): Answer | null {
    return this.#left.length === 0 ? null : this.#left
  }

  /** Gives the same answer again. */
  again(answer: Answer, record: object): void {
    for (const left of answer)
      this.outputs[left.output]?.push(leavesAgain(left, record, this.stage))
  }

  emitted(output: number, record: object, isTaken: boolean): void {
    const leaving = this.outputs[output]
    if (leaving === undefined) throw new RangeError(`The node has no output ${output}.`)
    if (!isTaken || record !== this.#taken) {
      this.#left.push({ output, text: textOf(record) })
      leaving.push(record)
      return
    }
    // The nodes behind may change what they get, so that another output needs its own.
    leaving.push(this.#isPassed ? cloneRecord(record) : record)
    this.#isPassed = true
    this.#left.push({ output })
  }

  rejected(record: TelemetryRecord, reason: Reason): void {
    const output = this.rejectedOutput
    const text = record === this.#taken ? {} : { text: textOf(record) }
    this.#left.push({ output, reason, ...text })
    this.outputs[output]?.push(reject(record, this.stage, reason))
  }

  absorbed(): void {
    this.tally.absorbed++
    this.tally.filtered++
  }
  filtered(): void {
    this.tally.filtered++
  }
  waits(): void {}
  resumes(): void {}
  late(): void {
    this.tally.late++
  }
  failed(_key: string, error: unknown): void {
    if (this.tally.failed++ === 0) this.tally.failure = error
  }

  #empty(): object[][] {
    return Array.from({ length: this.count }, () => [])
  }
}
