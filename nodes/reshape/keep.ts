import { cloneRecord } from '../../core/record/clone-record.ts'
import { type Get, getter, isOneName, type Put, setter } from '../../core/record/field-path.ts'
import { fieldMover } from '../../core/record/move-fields.ts'
import { inherit, type Reason, type TelemetryRecord } from '../../core/record/record.ts'
import type { Settings } from './settings.ts'
import { FieldProblem } from './sources.ts'
import { treatments } from './values.ts'

type Row = Settings['keep'][number]

/** Makes the function that gives a new object with these fields of a record, and no others. */
export const picker = (rows: readonly Row[]) => plainMover(rows, false)

/** Nothing is converted here, so there is nothing that could fail. */
const plainMover = (rows: readonly Row[], others: boolean) =>
  fieldMover(rows, others) as (record: TelemetryRecord) => TelemetryRecord

/**
 * Makes the function that makes one record of each: fields renamed and picked, values treated. It
 * gives why that cannot be, or nothing.
 */
export function keeper(
  settings: Settings,
  fields: readonly string[]
): (
  record: TelemetryRecord,
  outcome: { row(record: TelemetryRecord): void }
) => Reason | undefined {
  const { keep, others, values } = settings
  const pick = others
    ? plainMover(keep, true)
    : picker([...keep, ...fields.map(from => ({ from, to: '' }))])
  const treat = treater(settings)
  const deep = [
    ...keep.map(({ from, to }) => to || from),
    ...values.map(({ metric }) => metric)
  ].some(path => !isOneName(path))
  return (record, outcome) => {
    const made = pick(deep ? inherit(record, cloneRecord(record)) : record)
    const problem = treat(made)
    if (problem === undefined) outcome.row(made)
    return problem
  }
}

/** Treats the value of a record by its metric, and the fields that rows name. */
function treater(settings: Settings): (record: TelemetryRecord) => FieldProblem | undefined {
  const treatment = treatments(settings.values)
  if (treatment === undefined) return () => undefined
  const metricOf = getter(settings.metricTo)
  const fields = new Set(
    settings.values.map(({ metric }) => metric).filter(metric => !metric.includes('*'))
  )
  const steps = [...fields].map(path => ({ path, get: getter(path), put: setter(path) }))
  const value = { get: getter(settings.valueTo), put: setter(settings.valueTo) }
  const apply = (record: TelemetryRecord, name: string, get: Get, put: Put) => {
    const given = get(record)
    const result = given === undefined || given === null ? undefined : treatment(name)?.apply(given)
    if (result instanceof FieldProblem) return result
    if (result !== undefined) put(record, result)
    return undefined
  }
  return record => {
    const metric = metricOf(record)
    const name = typeof metric === 'string' ? metric : settings.valueTo
    const problem = apply(record, name, value.get, value.put)
    if (problem !== undefined) return problem
    for (const { path, get, put } of steps) {
      const next = path === settings.valueTo ? undefined : apply(record, path, get, put)
      if (next !== undefined) return next
    }
    return undefined
  }
}
