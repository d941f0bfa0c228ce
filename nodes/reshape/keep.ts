import { cloneRecord } from '../../core/record/clone-record.ts'
import {
  type Get,
  getter,
  isOneName,
  type Put,
  setter,
  stepsOf
} from '../../core/record/field-path.ts'
import { inherit, type Reason, type TelemetryRecord } from '../../core/record/record.ts'
import type { Settings } from './settings.ts'
import { FieldProblem } from './sources.ts'
import { treatments } from './values.ts'

type Row = Settings['keep'][number]

/**
 * Makes the function that gives a new object with these fields of a record; of several for one
 * name, the first that is there.
 */
export function picker(rows: readonly Row[]): (record: TelemetryRecord) => TelemetryRecord {
  const targets = new Set<string>()
  const picks = rows.map(({ from, to }) => {
    const target = to || from
    const taken = targets.has(target) ? getter(target) : undefined
    targets.add(target)
    return { get: getter(from), put: setter(target), taken }
  })
  return record => {
    const picked: TelemetryRecord = {}
    for (const { get, put, taken } of picks) {
      const value = get(record)
      if (value !== undefined && taken?.(picked) === undefined) put(picked, value)
    }
    return inherit(record, picked)
  }
}

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
  const pick = others ? renamer(keep) : picker([...keep, ...fields.map(from => ({ from, to: '' }))])
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

/**
 * All fields; those of the rows under their new names. One whose new name another row has taken
 * stays where it is.
 */
function renamer(rows: readonly Row[]): (record: TelemetryRecord) => TelemetryRecord {
  const pick = picker(rows)
  const moved = rows
    .filter(({ from, to }) => to !== '' && to !== from && isOneName(from))
    .map(({ from, to }) => ({ name: stepsOf(from)![0]!, read: getter(to) }))
  return record => {
    const others = { ...record }
    const picked = pick(record)
    for (const { name, read } of moved) if (read(picked) === record[name]) delete others[name]
    return inherit(record, Object.assign(others, picked))
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
