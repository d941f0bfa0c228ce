import { monitorEventLoopDelay } from 'node:perf_hooks'
import { COUNT_HELP, gaugeHelp } from './metric-words.ts'
import { allMetrics, COUNTS, type Count, type NodeMetrics } from './metrics.ts'

/**
 * Everything that is counted, in the text format of Prometheus (0.0.4), which OpenMetrics readers
 * take as well. Label sets are bounded by the nodes, the codes and the partitions assigned.
 */
export function prometheusText(): string {
  const nodes = allMetrics()
  return [
    ...COUNTS.flatMap(count => countLines(nodes, count)),
    ...family(
      'millrace_records_refused_total',
      'counter',
      'Records rejected by this node itself, by code',
      nodes.flatMap(refusedLines)
    ),
    ...family(
      'millrace_healthy',
      'gauge',
      '0 while the node waits for something or has failed',
      nodes.flatMap(healthLines)
    ),
    ...gaugeLines(nodes),
    ...labelledLines(nodes),
    ...histogramLines(nodes),
    ''
  ].join('\n')
}

/** Of the process: whether something keeps all records waiting. */
export function processText(): string {
  const { mean, max } = looped()
  return [
    ...family(
      'millrace_event_loop_delay_mean_seconds',
      'gauge',
      'Delay of the event loop since the last scrape, mean',
      [`millrace_event_loop_delay_mean_seconds ${mean}`]
    ),
    ...family(
      'millrace_event_loop_delay_max_seconds',
      'gauge',
      'Delay of the event loop since the last scrape, longest',
      [`millrace_event_loop_delay_max_seconds ${max}`]
    ),
    ''
  ].join('\n')
}

let loop: ReturnType<typeof monitorEventLoopDelay> | undefined

function looped(): { mean: number; max: number } {
  if (loop === undefined) {
    loop = monitorEventLoopDelay({ resolution: 20 })
    loop.enable()
  }
  const seconds = (nanoseconds: number) =>
    Number.isFinite(nanoseconds) ? Math.max(0, Math.round(nanoseconds / 1000) / 1e6) : 0
  const found = { mean: seconds(loop.mean), max: seconds(loop.max) }
  loop.reset()
  return found
}

function family(name: string, type: string, help: string, samples: readonly string[]): string[] {
  return samples.length === 0
    ? []
    : [`# HELP ${name} ${help}.`, `# TYPE ${name} ${type}`, ...samples]
}

function countLines(nodes: readonly NodeMetrics[], count: Count): string[] {
  const isGauge = count === 'inFlight'
  const name = isGauge ? 'millrace_records_in_flight' : `millrace_records_${count}_total`
  const samples = nodes.map(node => `${name}{${labels(node)}} ${node[count]}`)
  return family(name, isGauge ? 'gauge' : 'counter', COUNT_HELP[count], samples)
}

const refusedLines = (node: NodeMetrics): string[] =>
  [...node.refused].map(
    ([code, records]) =>
      `millrace_records_refused_total{${labels(node)},code="${escaped(code)}"} ${records}`
  )

const healthLines = (node: NodeMetrics): string[] =>
  node.status === undefined
    ? []
    : [`millrace_healthy{${labels(node)}} ${Number(node.status.healthy)}`]

const nameOf = (title: string) => `millrace_${title.replace(/[^a-zA-Z0-9]+/g, '_').toLowerCase()}`
const titles = (nodes: readonly NodeMetrics[], of: (node: NodeMetrics) => Iterable<string>) =>
  new Set(nodes.flatMap(node => [...of(node)]))

const gaugeLines = (nodes: readonly NodeMetrics[]): string[] =>
  [...titles(nodes, ({ gauges }) => gauges.keys())].flatMap(title =>
    family(
      nameOf(title),
      'gauge',
      gaugeHelp(title),
      nodes.flatMap(node => {
        const value = node.gauges.get(title)
        return value === undefined ? [] : [`${nameOf(title)}{${labels(node)}} ${value}`]
      })
    )
  )

const labelledLines = (nodes: readonly NodeMetrics[]): string[] =>
  [...titles(nodes, ({ labelled }) => labelled.keys())].flatMap(title =>
    family(
      nameOf(title),
      'gauge',
      gaugeHelp(title),
      nodes.flatMap(node =>
        (node.labelled.get(title) ?? []).map(
          each => `${nameOf(title)}{${labels(node)},${further(each.labels)}} ${each.value}`
        )
      )
    )
  )

const histogramLines = (nodes: readonly NodeMetrics[]): string[] =>
  [...titles(nodes, ({ histograms }) => histograms.keys())].flatMap(title => {
    const name = nameOf(title)
    const samples = nodes.flatMap(node => bucketsOf(name, node, title))
    return family(name, 'histogram', gaugeHelp(title), samples)
  })

function bucketsOf(name: string, node: NodeMetrics, title: string): string[] {
  const histogram = node.histograms.get(title)
  if (histogram === undefined) return []
  let below = 0
  const buckets = [...histogram.bounds, '+Inf'].map((bound, at) => {
    below += histogram.counts[at]!
    return `${name}_bucket{${labels(node)},le="${bound}"} ${below}`
  })
  return [
    ...buckets,
    `${name}_sum{${labels(node)}} ${histogram.sum}`,
    `${name}_count{${labels(node)}} ${below}`
  ]
}

const further = (more: Readonly<Record<string, string>>): string =>
  Object.entries(more)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')
const labels = (node: NodeMetrics) =>
  `id="${escaped(node.id)}",type="${escaped(node.type)}",name="${escaped(node.name)}"`
const escaped = (text: string) =>
  text.replace(/[\\"\n]/g, character => (character === '\n' ? '\\n' : `\\${character}`))
