import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Steps } from '../../core/format/decoder.ts'
import { type FoundRecords, foundAt } from '../../core/format/records-at.ts'
import { OptionsError } from '../../core/options-error.ts'
import { getter, type Put, setter } from '../../core/record/field-path.ts'
import { eachInSlices } from '../../core/record/in-slices.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { ParseFailure, unfitness } from '../../core/record/parse-record.ts'
import {
  inheritPart,
  type Reason,
  type Rejection,
  reject,
  type TelemetryRecord
} from '../../core/record/record.ts'
import { FIELDS_IN_FLOW } from '../../core/record/width.ts'
import { type Calculate, calculator, type Prepare } from './calculated.ts'
import { problemsBetween } from './check.ts'
import { keeper, picker } from './keep.ts'
import { Pivot } from './pivot.ts'
import type { Settings } from './settings.ts'
import { FieldProblem, sourcesOf } from './sources.ts'
import { spec } from './spec.ts'
import { type UnpivotedRows, unpivoter } from './unpivot.ts'
import { valueProblems } from './values.ts'

/** The records by output, and how many had no measurement. */
export interface ReshapedRecord {
  readonly outputs: readonly [reshaped: readonly TelemetryRecord[], rejected: readonly Rejection[]]
  readonly filtered: number
}

const STAGE = 'reshape'

/** What is made of the records of one message. */
class Outcome implements UnpivotedRows {
  readonly reshaped: TelemetryRecord[] = []
  readonly rejected: Rejection[] = []
  filtered = 0

  row(row: TelemetryRecord): void {
    this.reshaped.push(row)
  }
  refused(record: unknown, reason: Reason): void {
    this.rejected.push(reject(record, STAGE, reason))
  }
  /** A part of a record that is none itself. */
  refusedPart(given: unknown, place: string, part: unknown, reason: Reason): void {
    const holder = inheritPart(given, {}, place)
    this.rejected.push({ ...reject(holder, STAGE, reason), record: part })
  }
  /** Takes back what was made since, when one record was too much as a whole. */
  back(reshaped: number, rejected: number): void {
    this.reshaped.length = reshaped
    this.rejected.length = rejected
  }
}

/** A record that stands in what came, or all of it. */
class FoundPart {
  constructor(
    readonly given: unknown,
    readonly record: TelemetryRecord
  ) {}
}

/** What makes records of one; it gives why that cannot be. */
interface Shape {
  take?(record: TelemetryRecord, outcome: Outcome): Reason | undefined
  /** The same, some of a long record at each step. */
  steps?(record: TelemetryRecord, outcome: Outcome): Steps<Reason | undefined>
  /** What is known only once all parts are there. */
  end?(outcome: Outcome): void
}

/**
 * Makes the function that reshapes the records of a message; those that came are never changed.
 * @param now the clock, in milliseconds since 1970; asked once a message
 * @param prepare reads a JSONata expression
 * @throws OptionsError for settings that cannot be used
 */
export function reshaper(
  settings: Settings,
  now: () => number,
  prepare: Prepare
): (message: Message) => ReshapedRecord | Promise<ReshapedRecord> {
  const problems = [...problemsBetween(settings), ...valueProblems(settings)]
  if (problems.length > 0) throw OptionsError.between(spec, problems)
  const partsOf = parter(settings)
  const sources = sourcesOf(settings)
  const calculate = calculator(settings, prepare)
  const shape = SHAPES[settings.mode](settings, sources?.fields ?? [])
  return message => {
    const outcome = new Outcome()
    const nowMs = now()
    const fill = ({ given, record }: FoundPart) =>
      sources === undefined ? record : sources.fill(record, given, message, nowMs)
    function* reasonFrom(filled: TelemetryRecord): Steps<Reason | undefined> {
      const steps = shape.steps?.(filled, outcome)
      return steps === undefined ? shape.take?.(filled, outcome) : yield* steps
    }
    function* take({ record }: FoundPart, filled: TelemetryRecord | FieldProblem): Steps<void> {
      const [rows, refused] = [outcome.reshaped.length, outcome.rejected.length]
      const reason = filled instanceof FieldProblem ? filled : yield* reasonFrom(filled)
      if (reason === undefined) return
      outcome.back(rows, refused)
      outcome.refused(record, reason)
    }
    const parts = partsOf(recordsOf(message.payload), outcome)
    const rest =
      calculate === undefined
        ? eachInSlices(
            stepsOf(parts, part => take(part, fill(part))),
            isLong => isLong
          )
        : calculateAll(parts, fill, calculate, take)
    const finish = (): ReshapedRecord => {
      shape.end?.(outcome)
      return { outputs: [outcome.reshaped, outcome.rejected], filtered: outcome.filtered }
    }
    return rest === undefined ? finish() : rest.then(finish)
  }
}

/** Tells at the end of each part that it is done, and before that a long one is still going on. */
function* stepsOf(
  parts: Iterable<FoundPart>,
  take: (part: FoundPart) => Steps<void>
): Generator<boolean> {
  for (const part of parts) {
    const steps = take(part)
    while (steps.next().done !== true) yield true
    yield false
  }
}

/** One after the other, since JSONata answers by promises; others have their turn in between. */
async function calculateAll(
  parts: Iterable<FoundPart>,
  fill: (part: FoundPart) => TelemetryRecord | FieldProblem,
  calculate: Calculate,
  take: (part: FoundPart, filled: TelemetryRecord | FieldProblem) => Steps<void>
): Promise<void> {
  let sliceEndMs = performance.now() + SLICE_MS
  for (const part of parts) {
    const filled = fill(part)
    const steps = take(part, filled instanceof FieldProblem ? filled : await calculate(filled))
    for (let isDone = false; !isDone; ) {
      isDone = steps.next().done === true
      if (performance.now() < sliceEndMs) continue
      await nextTurn()
      sliceEndMs = performance.now() + SLICE_MS
    }
  }
}

const SLICE_MS = 20

/**
 * Finds the records in what came, and rejects what is none. One may hold very many: these are made
 * when they are asked for, so that others have their turn in between.
 */
function parter(
  settings: Settings
): (records: readonly unknown[], outcome: Outcome) => Iterable<FoundPart> {
  const { bare, valueTo } = settings
  const inside = insideOf(settings)
  const put = setter(valueTo)
  const most = mostFields(settings)
  return function* (records, outcome) {
    for (const given of records) {
      const record = bare && isBare(given) ? inObject(put, given) : given
      const failure = unfitness(record, false, most)
      if (failure !== undefined) outcome.refused(given, failure)
      else if (inside === undefined) yield new FoundPart(given, record as TelemetryRecord)
      else yield* placed(inside(record), given, outcome)
    }
  }
}

/** What is taken apart is gone through some at a time; each part is counted by itself. */
const FIELDS_OF_MANY = 500_000
const FIELDS_OF_UNPIVOTED = 125_000

function mostFields({ recordsAt: where, mode }: Settings): number {
  if (where !== 'whole') return FIELDS_OF_MANY
  return mode === 'unpivot' ? FIELDS_OF_UNPIVOTED : FIELDS_IN_FLOW
}

function insideOf({
  recordsAt: where,
  listPath,
  keyTo,
  outer,
  valueTo
}: Settings): ((record: unknown) => FoundRecords) | undefined {
  if (where === 'whole') return undefined
  const at = where === 'list' ? 'list' : 'object'
  const find = foundAt({
    at,
    path: listPath,
    keyField: keyTo,
    valueField: valueTo,
    around: outer,
    maxFields: FIELDS_IN_FLOW
  })
  return record => find(record, '')
}

/** So many parts are looked at together. */
const PARTS = 64

function* placed(found: FoundRecords, given: unknown, outcome: Outcome): Generator<FoundPart> {
  if (found.length === 0) outcome.filtered++
  for (let from = 0; from < found.length; from += PARTS) {
    for (const { record, place } of found.items(from, Math.min(found.length, from + PARTS))) {
      if (!(record instanceof ParseFailure))
        yield new FoundPart(given, inheritPart(given, record, place))
      else outcome.refusedPart(given, place, place === '' ? given : getter(place)(given), record)
    }
  }
}

const isBare = (value: unknown) => ['number', 'string', 'boolean'].includes(typeof value)

function inObject(put: Put, value: unknown): TelemetryRecord {
  const record: TelemetryRecord = {}
  put(record, value)
  return record
}

const SHAPES: Readonly<
  Record<Settings['mode'], (settings: Settings, fields: readonly string[]) => Shape>
> = {
  unpivot(settings, fields) {
    const baseOf = picker([...settings.keep, ...fields.map(from => ({ from, to: '' }))])
    const unpivot = unpivoter(settings, fields)
    return {
      *steps(record, outcome) {
        const before = outcome.reshaped.length + outcome.rejected.length
        const reason = yield* unpivot(record, baseOf(record), outcome)
        if (reason === undefined && outcome.reshaped.length + outcome.rejected.length === before)
          outcome.filtered++
        return reason
      }
    }
  },
  keep: (settings, fields) => ({ take: keeper(settings, fields) }),
  pivot(settings) {
    const pivot = new Pivot(settings)
    return {
      take: record => pivot.add(record),
      end(outcome) {
        for (const wide of pivot.take()) outcome.row(wide)
      }
    }
  }
}
