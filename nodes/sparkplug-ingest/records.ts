import type { Options } from '../../core/node/spec.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import { unfitness } from '../../core/record/parse-record.ts'
import { unknownType } from '../../core/sparkplug/scalar.ts'
import type { Address } from '../../core/sparkplug/topic.ts'
import { typeName } from '../../core/sparkplug/types.ts'
import { meaningOf, propertiesOf } from '../../core/sparkplug/value.ts'
import type { Entry, MetricEntry, SparkplugArrival } from './arrival.ts'
import { birthMissing } from './entries.ts'
import type { spec } from './spec.ts'

export type RecordOptions = Pick<Options<typeof spec>, 'deviceId' | 'statusMetric' | 'nanAsNull'>

/** The name of a device, or of what is the edge node's own, in records and as the Kafka key. */
export function deviceIdOf(
  { group, edgeNode, device }: Address,
  { deviceId }: Pick<RecordOptions, 'deviceId'>
): string {
  if (deviceId === 'name') return device ?? edgeNode
  return device === undefined ? `${group}/${edgeNode}` : `${group}/${edgeNode}/${device}`
}

/** The record of an entry, in a new object each time; why there is none where it has no meaning. */
export function recordOf(
  entry: Entry,
  arrival: SparkplugArrival,
  options: RecordOptions
): object | ParseFailure {
  if (entry.kind === 'failed') return entry.failure
  if (entry.kind === 'metric') return metricRecord(entry, arrival, options)
  const address = { ...arrival.address, device: entry.device }
  return {
    ...whose(address, options),
    metric: options.statusMetric,
    value: entry.isOnline,
    ts: entry.ts,
    type: 'Boolean'
  }
}

const whose = (address: Address, options: RecordOptions) => ({
  device_id: deviceIdOf(address, options),
  group: address.group,
  edge_node: address.edgeNode,
  ...(address.device === undefined ? {} : { device: address.device })
})

function metricRecord(
  entry: MetricEntry,
  { address, payload }: SparkplugArrival,
  options: RecordOptions
): object | ParseFailure {
  const { metric, name, units } = entry
  const type = typeName(entry.datatype)
  if (type === undefined) return at(entry, lackingType(entry))
  const value = metric.isNull ? null : meaningOf(metric, type, options)
  if (value instanceof ParseFailure) return at(entry, value)
  const told =
    metric.properties === undefined ? undefined : propertiesOf(metric.properties, options)
  if (told instanceof ParseFailure) return at(entry, told)
  const ts = metric.timestamp ?? payload.timestamp
  const quality = told === undefined ? undefined : (told as { Quality?: unknown }).Quality
  const record = {
    ...whose(address, options),
    metric: name,
    value,
    ...(ts === undefined ? {} : { ts }),
    type,
    ...(quality === undefined ? {} : { quality }),
    ...(units === undefined ? {} : { units }),
    ...(metric.isHistorical ? { is_historical: true } : {}),
    ...(metric.isTransient ? { is_transient: true } : {}),
    ...(metric.isNull ? { is_null: true } : {}),
    ...(told === undefined ? {} : { properties: told })
  }
  const isNested = told !== undefined || (typeof value === 'object' && value !== null)
  const unfit = isNested ? unfitness(record) : undefined
  return unfit === undefined ? record : at(entry, unfit)
}

const lackingType = ({ datatype, isOrphan, name }: MetricEntry): ParseFailure =>
  isOrphan && !datatype ? birthMissing(`the datatype of ${name}`) : unknownType(datatype)

function at({ place }: MetricEntry, { code, message, path }: ParseFailure): ParseFailure {
  const inner = path === undefined || path === '' ? '' : `.${path}`
  return new ParseFailure(code, message, `metrics.${place}${inner}`)
}
