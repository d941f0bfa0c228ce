import { type Get, getter, isOneName, setter, stepsOf } from '../../core/record/field-path.ts'
import type { TelemetryRecord } from '../../core/record/record.ts'
import { leftOut, MeasuredNames } from './measured-names.ts'
import type { Settings } from './settings.ts'
import { type How, type Measured, type UnpivotedRows, UnpivotWalk } from './unpivot-walk.ts'
import { treatments } from './values.ts'

/**
 * Makes the function that begins the way through a record, which gives a row for each of its
 * measurements. `base` is what every row has.
 */
export function unpivoter(
  settings: Settings,
  fields: readonly string[]
): (record: TelemetryRecord, base: TelemetryRecord, rows: UnpivotedRows) => UnpivotWalk {
  const how = howOf(settings)
  const measured = measuredBy(settings, fields, how.names)
  return (record, base, rows) => new UnpivotWalk(how, measured, record, base, rows)
}

/** Where the measurements stand: everywhere in one place, or in fields that are named. */
function measuredBy(
  settings: Settings,
  fields: readonly string[],
  names: MeasuredNames
): readonly Measured[] {
  const { at, which, separator } = settings
  if (which === 'only')
    return settings.names.map(({ field, metric }) => ({
      get: getter(field),
      name: names.root(metric || stepsOf(field)!.join(separator), undefined),
      asked: true
    }))
  const get: Get = at === '' ? record => record : getter(at)
  return [{ get, name: names.root('', leftOut(settings, fields)), asked: false }]
}

function howOf(settings: Settings): How {
  const { timeTo, each, valueAt, timeAt, unitAt, qualityAt, separator } = settings
  const parts = [
    [timeAt, timeTo],
    [unitAt, 'unit'],
    [qualityAt, 'quality']
  ].filter(([from]) => from !== '')
  const own = {
    value: getter(valueAt),
    parts: parts.map(([from, to]) => [getter(from!), setter(to!)] as const)
  }
  return {
    settings,
    names: new MeasuredNames(separator, treatments(settings.values)),
    put: putterOf(settings),
    own: each === 'object' ? own : undefined
  }
}

function putterOf({ metricTo, valueTo }: Settings): How['put'] {
  const [metricKey, valueKey] = [stepsOf(metricTo)![0]!, stepsOf(valueTo)![0]!]
  if (isOneName(metricTo) && isOneName(valueTo)) {
    return (row, metric, value) => {
      row[metricKey] = metric
      row[valueKey] = value
    }
  }
  const [putMetric, putValue] = [setter(metricTo), setter(valueTo)]
  return (row, metric, value) => {
    putMetric(row, metric)
    putValue(row, value)
  }
}
