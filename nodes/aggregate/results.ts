import { type Get, getter, type Put, setter } from '../../core/record/field-path.ts'
import type { Functions, ResultColumn } from './functions.ts'
import type { AggregateSettings } from './settings.ts'

/** What is told of a window. */
export interface Ended {
  readonly startMs: number
  readonly endMs: number
  /** The values of the key fields, in their order. */
  readonly key: readonly unknown[]
  /** Those of the fields that stay; null where the records did not agree. */
  readonly kept: readonly unknown[]
  readonly count: number
  /** The states of the parts. */
  readonly states: readonly unknown[]
  /** Undefined where results come only once. */
  readonly final: boolean | undefined
}

type Made = Record<string, unknown>

/** Makes the records of a window. */
export function resultsOf(
  settings: AggregateSettings,
  functions: Functions
): (ended: Ended) => Made[] {
  const write = frame(settings)
  const { columns } = functions
  return settings.shape === 'wide' ? wide(columns, write) : long(settings, columns, write)
}

/** Fields that all records of a window have. */
function frame(
  settings: AggregateSettings
): (record: Made, ended: Ended, part: 'key' | 'rest') => void {
  const key = settings.key.map(({ field }) => setter(field))
  const kept = settings.keep.map(({ field }) => setter(field))
  const timeTo = setter(settings.timeTo)
  const to = (path: string): Put => (path === '' ? () => undefined : setter(path))
  const [startTo, endTo, countTo] = [to(settings.startTo), to(settings.endTo), to(settings.countTo)]
  const atEnd = settings.timeIs === 'end'
  return (record, ended, part) => {
    if (part === 'key') {
      for (const [index, put] of key.entries()) put(record, ended.key[index])
      return
    }
    const start = isoOf(ended.startMs)
    const end = isoOf(ended.endMs)
    timeTo(record, atEnd ? end : start)
    startTo(record, start)
    endTo(record, end)
    countTo(record, ended.count)
    for (const [index, put] of kept.entries())
      if ((ended.kept[index] ?? null) !== null) put(record, ended.kept[index])
    if (ended.final !== undefined) record.final = ended.final
  }
}

/** The windows of many devices end together, so the text is made once. */
const texts = new Map<number, string>()
function isoOf(ms: number): string {
  const known = texts.get(ms)
  if (known !== undefined) return known
  if (texts.size >= 1000) texts.clear()
  const text = new Date(ms).toISOString()
  texts.set(ms, text)
  return text
}

type Write = ReturnType<typeof frame>

function wide(columns: readonly ResultColumn[], write: Write): (ended: Ended) => Made[] {
  const puts = columns.map(({ name }) => setter(name))
  return ended => {
    const record: Made = {}
    write(record, ended, 'key')
    write(record, ended, 'rest')
    for (const [index, column] of columns.entries()) {
      const result = column.result(ended.states)
      if (typeof result !== 'object' || result === null) puts[index]!(record, result)
      else
        for (const [name, part] of Object.entries(result))
          define(record, `${column.name}_${name}`, part)
    }
    return [record]
  }
}

function long(
  settings: AggregateSettings,
  columns: readonly ResultColumn[],
  write: Write
): (ended: Ended) => Made[] {
  const metricOf: Get = getter(settings.metricField)
  const putMetric = setter(settings.metricField)
  const putValue = setter(settings.valueField)
  return ended => {
    const records: Made[] = []
    const add = (name: string, value: unknown) => {
      const record: Made = {}
      write(record, ended, 'key')
      const metric = metricOf(record)
      putMetric(record, metric === undefined ? name : `${metric}_${name}`)
      putValue(record, value)
      write(record, ended, 'rest')
      records.push(record)
    }
    for (const column of columns) {
      const result = column.result(ended.states)
      if (result === null) continue
      if (typeof result !== 'object') add(column.name, result)
      else for (const [name, part] of Object.entries(result)) add(`${column.name}_${name}`, part)
    }
    return records
  }
}

/** What a result says in a chart: `temperature_c_avg 21.5`, or `avg 21.5, max 24`. */
export function resultTexts(
  settings: AggregateSettings,
  { columns }: Functions
): (record: unknown) => string {
  const isLong = settings.shape !== 'wide'
  const gets = isLong ? [] : columns.map(({ name }) => [name, getter(name)] as const)
  const [metricOf, resultOf] = [getter(settings.metricField), getter(settings.valueField)]
  return record => {
    if (isLong) return `${metricOf(record)} ${shortly(resultOf(record))}`
    const texts = gets.map(([name, get]) => `${name} ${shortly(get(record))}`)
    return texts.slice(0, MOST_IN_TEXT).join(', ')
  }
}
const MOST_IN_TEXT = 3

const shortly = (value: unknown): string =>
  typeof value === 'number'
    ? String(Number(value.toPrecision(6)))
    : String(value ?? '–').slice(0, 40)

/** The name of a state may be any text, also one that an assignment would not set. */
const define = (record: Made, name: string, value: unknown) =>
  Object.defineProperty(record, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true
  })
