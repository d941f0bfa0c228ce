import type { Message } from '../record/message.ts'
import type { Reason, TelemetryRecord } from '../record/record.ts'
import type { Turn } from './types.ts'

/** Told what becomes of each record, and what is made. In the order in which it happens. */
export interface Effects {
  /** `record` is the one taken, or a new one. */
  emitted(output: number, record: object, isTaken: boolean): void
  rejected(record: TelemetryRecord, reason: Reason): void
  /** It is part of what is remembered. */
  absorbed(): void
  /** It is left out on purpose. */
  filtered(): void
  /** It waits until the clock has come to its time; one of the others follows. */
  waits(): void
  /** One that waited is taken now: what follows is about it. */
  resumes(): void
  late(): void
  /** What was remembered of this key is forgotten, since the node failed at it. */
  failed(key: string, error: unknown): void
}

/** One for all records, since it is asked for each. */
export class EngineTurn implements Turn {
  clockMs = 0
  message: Message | undefined
  #record: TelemetryRecord | undefined
  /** What was said of the record: nothing, that it counts in a result, or where it went. */
  #said: 'nothing' | 'absorbed' | 'gone' = 'nothing'

  constructor(private readonly effects: Effects) {}

  begin(record: TelemetryRecord | undefined, clockMs: number, message?: Message): this {
    this.#record = record
    this.message = message
    this.#said = 'nothing'
    this.clockMs = clockMs
    return this
  }
  emit(output: number, record: object): void {
    const isTaken = record === this.#record
    if (isTaken) this.#said = 'gone'
    this.effects.emitted(output, record, isTaken)
  }
  reject(reason: Reason): void {
    if (this.#record === undefined || this.#said === 'gone') return
    this.#said = 'gone'
    this.effects.rejected(this.#record, reason)
  }
  absorb(): void {
    if (this.#said === 'nothing') this.#said = 'absorbed'
  }
  end(): void {
    if (this.#said === 'absorbed') this.effects.absorbed()
    else if (this.#said === 'nothing') this.effects.filtered()
  }
}
