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
import { unpivoter } from './unpivot.ts'
import type { UnpivotedRows, UnpivotWalk } from './unpivot-walk.ts'
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
  refusedWhole(record: unknown, reason: Reason, reshaped: number, rejected: number): undefined {
    this.reshaped.length = reshaped
    this.rejected.length = rejected
    this.refused(record, reason)
  }
}

/** A record that stands in what came, or all of it. */
class FoundPart {
  constructor(
    readonly given: unknown,
    readonly record: TelemetryRecord
  ) {}
}

/** What makes records of one. */
interface Shape {
  /** Gives why that cannot be, if it cannot; of a long record, the rest of the work. */
  take(record: TelemetryRecord, outcome: Outcome): Reason | Steps<Reason | undefined> | undefined
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
    const take: Take = ({ record }, filled) => {
      const { length: rows } = outcome.reshaped
      const { length: refused } = outcome.rejected
      const taken = filled instanceof FieldProblem ? filled : shape.take(filled, outcome)
      if (taken === undefined) return undefined
      if ('next' in taken) return settled(taken, record, outcome, rows, refused)
      return outcome.refusedWhole(record, taken, rows, refused)
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

/** Makes records of a part; of a long one, it gives the rest of the work. */
type Take = (part: FoundPart, filled: TelemetryRecord | FieldProblem) => Steps<void> | undefined

function* settled(
  rest: Steps<Reason | undefined>,
  record: TelemetryRecord,
  outcome: Outcome,
  rows: number,
  refused: number
): Steps<void> {
  const reason = yield* rest
  if (reason !== undefined) outcome.refusedWhole(record, reason, rows, refused)
}

/** Tells at the end of each part that it is done, and before that a long one is still going on. */
function* stepsOf(
  parts: Iterable<FoundPart>,
  take: (part: FoundPart) => Steps<void> | undefined
): Generator<boolean> {
  for (const part of parts) {
    const rest = take(part)
    if (rest !== undefined) while (rest.next().done !== true) yield true
    yield false
  }
}

/** One after the other, since JSONata answers by promises; others have their turn in between. */
async function calculateAll(
  parts: Iterable<FoundPart>,
  fill: (part: FoundPart) => TelemetryRecord | FieldProblem,
  calculate: Calculate,
  take: Take
): Promise<void> {
  let sliceEndMs = performance.now() + SLICE_MS
  for (const part of parts) {
    const filled = fill(part)
    const rest = take(part, filled instanceof FieldProblem ? filled : await calculate(filled))
    do {
      if (performance.now() < sliceEndMs) continue
      await nextTurn()
      sliceEndMs = performance.now() + SLICE_MS
    } while (rest !== undefined && rest.next().done !== true)
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

function ended({ tooMany, isEmpty }: UnpivotWalk, outcome: Outcome): Reason | undefined {
  if (tooMany === undefined && isEmpty) outcome.filtered++
  return tooMany
}

function* restOf(walk: UnpivotWalk, outcome: Outcome): Steps<Reason | undefined> {
  do yield
  while (!walk.go())
  return ended(walk, outcome)
}

const SHAPES: Readonly<
  Record<Settings['mode'], (settings: Settings, fields: readonly string[]) => Shape>
> = {
  unpivot(settings, fields) {
    const baseOf = picker([...settings.keep, ...fields.map(from => ({ from, to: '' }))])
    const unpivot = unpivoter(settings, fields)
    return {
      take(record, outcome) {
        const walk = unpivot(record, baseOf(record), outcome)
        return walk.go() ? ended(walk, outcome) : restOf(walk, outcome)
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
