/** What the pipeline did, in four numbers, from what its nodes report. */

/** Records since Node-RED started; `lag` is what waits in Kafka, without what is on its way. */
export type Totals = { in: number; stored: number; rejected: number; lag: number | undefined }

type NodeReport = { type: string; counts: Record<string, number>; gauges: Record<string, number> }

const sum = (nodes: NodeReport[], count: string) => nodes.reduce((total, node) => total + (node.counts[count] ?? 0), 0)

/**
 * Adds up the answer of `/millrace/metrics`. In is what came over MQTT, stored what is in the table. Each record is
 * rejected in one stage, and the source of that stage counts it: a sum over all nodes would count it twice.
 */
export function totalsOf(report: { nodes: NodeReport[] }): Totals {
  const of = (...types: string[]) => report.nodes.filter(node => types.includes(node.type))
  const lags = (nodes: NodeReport[]) => nodes.flatMap(node => node.gauges['standing lag'] ?? node.gauges.lag ?? [])
  const monitored = lags(of('millrace-lag-monitor'))
  const measured = monitored.length > 0 ? monitored : lags(of('millrace-kafka-consumer'))
  return {
    in: sum(of('millrace-mqtt-ingest'), 'in'),
    stored: sum(of('millrace-timescale-sink'), 'stored'),
    rejected: sum(of('millrace-mqtt-ingest', 'millrace-kafka-consumer'), 'rejected'),
    lag: measured.length > 0 ? measured.reduce((a, b) => a + b, 0) : undefined
  }
}

/** Asks a Node-RED; undefined when it does not answer. */
export async function readTotals(url: string): Promise<Totals | undefined> {
  try {
    const answer = await fetch(`${url}/millrace/metrics`, { signal: AbortSignal.timeout(4_000) })
    return answer.ok ? totalsOf((await answer.json()) as { nodes: NodeReport[] }) : undefined
  } catch {
    return undefined
  }
}

const number = (value: number) => value.toLocaleString('en-US')

/** One line for the terminal. The rate is of the time since the totals before. */
export function progressLine(now: Totals, before: Totals, seconds: number): string {
  const rate = Math.max(0, Math.round((now.in - before.in) / seconds))
  const lag = now.lag === undefined ? '-' : number(now.lag)
  return `in ${number(now.in)} (${number(rate)}/s)   stored ${number(now.stored)}   rejected ${number(now.rejected)}   lag ${lag}`
}
