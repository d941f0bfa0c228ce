import { cloneRecord } from '../../core/record/clone-record.ts'
import { type Get, getter, setField, setter } from '../../core/record/field-path.ts'
import { jsonText } from '../../core/record/json-write.ts'
import type { TelemetryRecord } from '../../core/record/record.ts'
import { put } from './held.ts'
import type { JoinOptions } from './settings.ts'

/** Makes one record of two, or of one that found no other. Neither is changed. */
export interface Results {
  of(first: TelemetryRecord | undefined, second: TelemetryRecord | undefined): TelemetryRecord
}

export function resultsOf(options: JoinOptions): Results {
  return { of: SHAPES[options.shape](options) }
}

type Shape = (options: JoinOptions) => Results['of']

const SHAPES: Readonly<Record<JoinOptions['shape'], Shape>> = {
  metrics: byMetric,
  copy: withFields,
  both: sideBySide
}

/** The first record with fields of the second. */
function withFields(options: JoinOptions): Results['of'] {
  const { copy, timeField, otherTime } = options
  const copies = copy.map(({ from, to }) => [getter(from), to || from] as const)
  const timeIn = getter(timeField)
  return (first, second) => {
    if (first === undefined || second === undefined) return cloneRecord(first ?? second!)
    const record = cloneRecord(first)
    for (const [get, to] of copies) {
      const value = get(second)
      if (value !== undefined) setField(record, to, cloneRecord(value))
    }
    if (copies.length === 0)
      for (const [name, value] of Object.entries(second))
        if (!Object.hasOwn(record, name)) put(record, name, cloneRecord(value))
    if (otherTime !== '') setField(record, otherTime, timeIn(second))
    return record
  }
}

/** The fields on which both agree, and each value under the name of its metric. */
function byMetric(options: JoinOptions): Results['of'] {
  const { metricField, valueField, timeField, otherTime } = options
  const [metricIn, valueIn, timeIn] = [metricField, valueField, timeField].map(getter) as [
    Get,
    Get,
    Get
  ]
  const names = [options.firstName, options.secondName]
  const frame = frameOf(options)
  return (first, second) => {
    const main = first ?? second!
    const record = frame(main)
    for (const [name, value] of Object.entries(main)) {
      if (name === metricField || name === valueField || Object.hasOwn(record, name)) continue
      if (first === undefined || second === undefined || isSame(value, second[name]))
        put(record, name, cloneRecord(value))
    }
    for (const [input, each] of [first, second].entries())
      if (each !== undefined) {
        const metric = metricIn(each)
        const named = typeof metric === 'string' && metric !== '' ? metric : INPUTS[input]!
        put(record, freeName(record, names[input] || named), cloneRecord(valueIn(each)))
      }
    if (otherTime !== '' && first !== undefined && second !== undefined)
      setField(record, otherTime, timeIn(second))
    return record
  }
}

/** Each whole, under the name of its input. */
function sideBySide(options: JoinOptions): Results['of'] {
  const frame = frameOf(options)
  const names = [options.firstName, options.secondName]
  return (first, second) => {
    const record = frame(first ?? second!)
    for (const [input, each] of [first, second].entries())
      if (each !== undefined)
        put(record, freeName(record, names[input] || INPUTS[input]!), cloneRecord(each))
    return record
  }
}

const INPUTS = ['first', 'second'] as const

/** A record with the key and the time of another. */
function frameOf({ key, timeField }: JoinOptions): (from: TelemetryRecord) => TelemetryRecord {
  const parts = [...key.map(({ field }) => field), timeField].map(
    field => [getter(field), setter(field)] as const
  )
  return from => {
    const record: TelemetryRecord = {}
    for (const [get, set] of parts) set(record, get(from))
    return record
  }
}

/** Two metrics may have one name, or that of a field. */
function freeName(record: TelemetryRecord, name: string): string {
  let free = name
  for (let count = 2; Object.hasOwn(record, free); count++) free = `${name}_${count}`
  return free
}

const isSame = (one: unknown, two: unknown): boolean =>
  one === two || (typeof one === 'object' && jsonText(one) === jsonText(two))
