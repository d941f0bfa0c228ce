import type { Histogram } from './histogram.ts'
import { COUNT_HELP, gaugeHelp } from './metric-words.ts'
import { COUNTS, type Count, type Labelled, type NodeMetrics } from './metrics.ts'

/** When the counts began and when they were looked at, in ms since 1970. */
export interface CountedTime {
  readonly fromMs: number
  readonly untilMs: number
}

type Attributes = Readonly<Record<string, string>>

/** Counts that go on from the start of the process. */
const CUMULATIVE = 2

/**
 * Everything that is counted, as the body of a request of OTLP/HTTP in JSON
 * (opentelemetry-proto, `ExportMetricsServiceRequest`). Whoever turns it into the names that
 * Prometheus has gets those of docs/metrics.md.
 */
export function otlpMetrics(
  nodes: readonly NodeMetrics[],
  service: string,
  span: CountedTime
): object {
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesOf({ 'service.name': service }) },
        scopeMetrics: [
          { scope: { name: '@millrace/node-red-telemetry' }, metrics: metricsOf(nodes, span) }
        ]
      }
    ]
  }
}

function metricsOf(nodes: readonly NodeMetrics[], span: CountedTime): object[] {
  const refused = nodes.flatMap(node =>
    [...node.refused].map(([code, records]) => intPoint(records, { ...labelsOf(node), code }, span))
  )
  const healthy = nodes.flatMap(node =>
    node.status === undefined ? [] : [intPoint(Number(node.status.healthy), labelsOf(node), span)]
  )
  return [
    ...COUNTS.map(count => countOf(nodes, count, span)),
    sumOf('millrace.records.refused', 'Records rejected by the node itself, by code', refused),
    { name: 'millrace.healthy', description: 'Whether the node is well', gauge: points(healthy) },
    ...gaugesOf(nodes, span),
    ...histogramsOf(nodes, span)
  ]
}

function countOf(nodes: readonly NodeMetrics[], count: Count, span: CountedTime): object {
  const found = nodes.map(node => intPoint(node[count], labelsOf(node), span))
  if (count !== 'inFlight') return sumOf(`millrace.records.${count}`, COUNT_HELP[count], found)
  return {
    name: 'millrace.records.in_flight',
    description: COUNT_HELP[count],
    unit: '{record}',
    gauge: points(found)
  }
}

const sumOf = (name: string, description: string, found: readonly object[]): object => ({
  name,
  description,
  unit: '{record}',
  sum: { ...points(found), aggregationTemporality: CUMULATIVE, isMonotonic: true }
})

function gaugesOf(nodes: readonly NodeMetrics[], span: CountedTime): object[] {
  const found = new Map<string, object[]>()
  const add = (title: string, { labels, value }: Labelled) =>
    found.set(title, [...(found.get(title) ?? []), doublePoint(value, labels, span)])
  for (const node of nodes) {
    for (const [title, value] of node.gauges) add(title, { labels: labelsOf(node), value })
    for (const [title, all] of node.labelled)
      for (const { labels, value } of all)
        add(title, { labels: { ...labelsOf(node), ...labels }, value })
  }
  return [...found].map(([title, all]) => ({ ...namedBy(title), gauge: points(all) }))
}

function histogramsOf(nodes: readonly NodeMetrics[], span: CountedTime): object[] {
  const found = new Map<string, object[]>()
  for (const node of nodes)
    for (const [title, histogram] of node.histograms)
      found.set(title, [
        ...(found.get(title) ?? []),
        { ...bucketsOf(histogram), ...timed(labelsOf(node), span) }
      ])
  return [...found].map(([title, all]) => ({
    ...namedBy(title),
    histogram: { ...points(all), aggregationTemporality: CUMULATIVE }
  }))
}

const bucketsOf = ({ bounds, counts, sum }: Histogram): object => ({
  count: String(counts.reduce((all, one) => all + one, 0)),
  sum,
  bucketCounts: counts.map(String),
  explicitBounds: bounds
})

/** A unit that ends a title is told as such: `store seconds` → `millrace.store` in `s`. */
function namedBy(title: string): { name: string; description: string; unit: string } {
  const isTime = title.endsWith(' seconds')
  const words = (isTime ? title.slice(0, -' seconds'.length) : title).toLowerCase()
  const name = `millrace.${words.replace(/[^a-z0-9]+/g, '.')}`
  return { name, description: gaugeHelp(title), unit: isTime ? 's' : '' }
}

const points = (dataPoints: readonly object[]) => ({ dataPoints })
/** JSON has whole numbers of 64 bits as texts. */
const intPoint = (value: number, labels: Attributes, span: CountedTime): object => ({
  asInt: String(value),
  ...timed(labels, span)
})
const doublePoint = (value: number, labels: Attributes, span: CountedTime): object => ({
  asDouble: value,
  ...timed(labels, span)
})
const timed = (labels: Attributes, { fromMs, untilMs }: CountedTime): object => ({
  attributes: attributesOf(labels),
  startTimeUnixNano: `${Math.round(fromMs)}000000`,
  timeUnixNano: `${Math.round(untilMs)}000000`
})
const labelsOf = ({ id, type, name }: NodeMetrics): Attributes => ({ id, type, name })
const attributesOf = (labels: Attributes): object[] =>
  Object.entries(labels).map(([key, stringValue]) => ({ key, value: { stringValue } }))
