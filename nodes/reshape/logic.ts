import type { Sorted } from '../../core/node/define-transform.ts'
import { OptionsError } from '../../core/options-error.ts'
import { type Put, setter } from '../../core/record/field-path.ts'
import { inSlices } from '../../core/record/in-slices.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { ParseFailure, unfitness } from '../../core/record/parse-record.ts'
import { type Reason, type Rejection, reject, type TelemetryRecord } from '../../core/record/record.ts'
import { BadElement, type Elements, recordsAt } from '../../core/record/records-at.ts'
import { problemsBetween } from './check.ts'
import { keepShape, picker } from './keep.ts'
import { Pivot } from './pivot.ts'
import type { Settings } from './settings.ts'
import { FieldProblem, sourcesOf } from './sources.ts'
import { spec } from './spec.ts'
import { type Rows, unpivoter } from './unpivot.ts'
import { valueProblems } from './values.ts'

const STAGE = 'reshape'

/** What is made of the records of one message. */
class Outcome implements Rows {
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
  refusedPart(given: unknown, part: unknown, reason: Reason): void {
    this.rejected.push({ ...reject(given, STAGE, reason), record: part })
  }
  /** Takes back what was made since, when one record was too much as a whole. */
  back(reshaped: number, rejected: number): void {
    this.reshaped.length = reshaped
    this.rejected.length = rejected
  }
}

/** A record that stands in a message, or the message where there is no taking apart. */
interface Part {
  readonly given: unknown
  readonly record: TelemetryRecord
}

/** What makes records of a part. */
interface Shape {
  take(part: Part, outcome: Outcome): Reason | undefined
  /** What is known only once all parts are there. */
  end?(outcome: Outcome): void
}

/**
 * Makes the function that reshapes the records of a message; those that came are never changed.
 * @param now the clock, in milliseconds since 1970; asked once a message
 * @throws OptionsError for settings that cannot be used
 */
export function reshaper(settings: Settings, now: () => number): (message: Message) => Sorted | Promise<Sorted> {
  const problems = [...problemsBetween(settings), ...valueProblems(settings)]
  if (problems.length > 0) throw OptionsError.between(spec, problems)
  const partsOf = parter(settings)
  const sources = sourcesOf(settings)
  const shape = SHAPES[settings.mode](settings, sources?.fields ?? [])
  return message => {
    const outcome = new Outcome()
    const nowMs = now()
    const take = (part: unknown) => {
      if (!(part instanceof FoundPart)) return
      const { given, record } = part
      const filled = sources === undefined ? record : sources.fill(record, given, message, nowMs)
      const [rows, refused] = [outcome.reshaped.length, outcome.rejected.length]
      const reason = filled instanceof FieldProblem ? filled : shape.take({ given, record: filled }, outcome)
      if (reason === undefined) return
      outcome.back(rows, refused)
      outcome.refused(record, reason)
    }
    const rest = inSlices(partsOf(recordsOf(message.payload), outcome), take)
    const finish = (): Sorted => {
      shape.end?.(outcome)
      return { outputs: [outcome.reshaped, outcome.rejected], filtered: outcome.filtered }
    }
    return rest === undefined ? finish() : rest.then(finish)
  }
}

class FoundPart implements Part {
  constructor(
    readonly given: unknown,
    readonly record: TelemetryRecord
  ) {}
}

/** Finds the records in what came, and rejects what is none. */
function parter(settings: Settings): (records: readonly unknown[], outcome: Outcome) => Part[] {
  const { bare, recordsAt: kind, listPath: path, keyTo, outer } = settings
  const inside = kind === 'whole' ? undefined : recordsAt({ kind, path, keyTo, outer })
  const put = setter(settings.valueTo)
  return (records, outcome) => {
    const parts: Part[] = []
    for (const given of records) {
      const record = bare && isBare(given) ? inObject(put, given) : given
      const failure = unfitness(record)
      const found = failure ?? (inside === undefined ? [record as TelemetryRecord] : inside(record))
      if (found instanceof ParseFailure) outcome.refused(given, found)
      else if (found.length === 0) outcome.filtered++
      else place(found, given, parts, outcome)
    }
    return parts
  }
}

function place(found: Elements, given: unknown, parts: Part[], outcome: Outcome): void {
  for (const record of found) {
    if (record instanceof BadElement) outcome.refusedPart(given, record.element, record.reason)
    else parts.push(new FoundPart(given, record))
  }
}

const isBare = (value: unknown) => ['number', 'string', 'boolean'].includes(typeof value)

function inObject(put: Put, value: unknown): TelemetryRecord {
  const record: TelemetryRecord = {}
  put(record, value)
  return record
}

const SHAPES: Readonly<Record<Settings['mode'], (settings: Settings, fields: readonly string[]) => Shape>> = {
  unpivot(settings, fields) {
    const baseOf = picker([...settings.keep, ...fields.map(from => ({ from, to: '' }))])
    const unpivot = unpivoter(settings, fields)
    return {
      take({ record }, outcome) {
        const before = outcome.reshaped.length + outcome.rejected.length
        const reason = unpivot(record, baseOf(record), outcome)
        if (reason === undefined && outcome.reshaped.length + outcome.rejected.length === before) outcome.filtered++
        return reason
      }
    }
  },
  keep: keepShape,
  pivot(settings) {
    const pivot = new Pivot(settings)
    return {
      take: ({ record }) => pivot.add(record),
      end(outcome) {
        for (const wide of pivot.take()) outcome.row(wide)
      }
    }
  }
}
