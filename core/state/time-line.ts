import { anyText } from '../errors.ts'
import type { TimeLine } from '../node/preview.ts'
import { type Get, getter } from '../record/field-path.ts'
import type { TelemetryRecord } from '../record/record.ts'
import type { Memory, Turn } from './types.ts'

/** What of a memory a dialog draws over time. */
export interface Drawn {
  /** Paths of the fields that tell apart what belongs together, also in what leaves. */
  readonly key: readonly string[]
  /** The value of a record. */
  valueIn(record: TelemetryRecord): unknown
  /** Values that lines are drawn at, such as the limits of an alarm. */
  readonly levels?: readonly number[]
  /** What a record that leaves tells, such as that an alarm is raised; else its output says it. */
  saysOf?(record: TelemetryRecord, output: number): string | undefined
  /** True where a record leaves when the clock has come so far, and not at its own time. */
  readonly atClock?: true
  /** Only what leaves by the first outputs is marked, so many. */
  readonly outputs?: number
}

const MOST_MARKS = 100
const MOST_SERIES = 8
const MAX_NAME = 60

/** The same memory; it notes what it takes, and when something leaves. */
export function drawing<State>(
  memory: Memory<State>,
  drawn: Drawn
): { readonly memory: Memory<State>; readonly line: TimeLine } {
  const notes = new Notes(memory, drawn)
  const { late, dueMs, due, expect } = memory
  return {
    line: notes,
    memory: {
      keyOf: record => memory.keyOf(record),
      timeOf: record => memory.timeOf(record),
      take(state, record, timeMs, turn) {
        notes.came(record, timeMs)
        return memory.take(state, record, timeMs, notes.turn(turn, timeMs))
      },
      ...(late && {
        late(record: TelemetryRecord, timeMs: number, turn: Turn) {
          notes.came(record, timeMs)
          late.call(memory, record, timeMs, notes.turn(turn, timeMs))
        }
      }),
      ...(dueMs && { dueMs: (state: State) => dueMs.call(memory, state) }),
      ...(due && {
        due: (state: State, timeMs: number, turn: Turn) =>
          due.call(memory, state, timeMs, notes.turn(turn, timeMs))
      }),
      ...(expect && {
        expect: (state: State | undefined, key: string, timeMs: number, isExpected: boolean) =>
          expect.call(memory, state, key, timeMs, isExpected)
      })
    }
  }
}

class Notes implements TimeLine {
  readonly series: string[] = []
  readonly points: TimeLine['points'][number][] = []
  readonly marks: TimeLine['marks'][number][] = []
  readonly levels: readonly number[]
  readonly #key: readonly Get[]

  constructor(
    private readonly memory: Pick<Memory<unknown>, 'timeOf'>,
    private readonly drawn: Drawn
  ) {
    this.#key = drawn.key.map(getter)
    this.levels = (drawn.levels ?? []).filter(Number.isFinite)
  }

  came(record: TelemetryRecord, timeMs: number): void {
    const value = drawable(this.drawn.valueIn(record))
    const of = this.#seriesOf(record)
    if (value !== undefined && of >= 0) this.points.push({ timeMs, value, of })
  }

  turn(turn: Turn, clockMs: number): Turn {
    return {
      emit: (output, record) => {
        this.#left(record as TelemetryRecord, output, clockMs)
        turn.emit(output, record)
      },
      reject: reason => turn.reject(reason),
      absorb: () => turn.absorb(),
      get clockMs() {
        return turn.clockMs
      },
      get message() {
        return turn.message
      }
    }
  }

  #left(record: TelemetryRecord, output: number, clockMs: number): void {
    const { outputs = Number.POSITIVE_INFINITY } = this.drawn
    if (this.marks.length >= MOST_MARKS || output >= outputs) return
    const own = this.drawn.atClock ? clockMs : this.memory.timeOf(record)
    const says = this.drawn.saysOf?.(record, output)
    const mark = { timeMs: typeof own === 'number' ? own : clockMs, output }
    // Its fields may be others than those of what it is made of.
    const of = this.series.indexOf(this.#nameOf(record))
    this.marks.push({ ...mark, ...(of < 0 ? {} : { of }), ...(says === undefined ? {} : { says }) })
  }

  #nameOf(record: TelemetryRecord): string {
    return this.#key.map(get => anyText(get(record)).slice(0, MAX_NAME)).join(' · ')
  }

  /** -1 for one more than a person tells apart. */
  #seriesOf(record: TelemetryRecord): number {
    const name = this.#nameOf(record)
    const known = this.series.indexOf(name)
    if (known >= 0 || this.series.length >= MOST_SERIES) return known
    return this.series.push(name) - 1
  }
}

const drawable = (value: unknown): number | string | undefined => {
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return value.slice(0, 40)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
