/** What the pipeline did, in four numbers, from what its nodes report. */

/** Records since Node-RED started; `lag` is what waits in Kafka, without what is on its way. */
export type Totals = {
  in: number
  stored: number
  rejected: number
  lag: number | undefined
  codes?: Codes
  newDevices?: number
}

/** Records by the code of the reason, those of most first. */
type Codes = [code: string, records: number][]

type NodeReport = {
  type: string
  counts: Record<string, number>
  gauges: Record<string, number>
  refused?: Record<string, number>
}

const sum = (nodes: NodeReport[], count: string) =>
  nodes.reduce((total, node) => total + (node.counts[count] ?? 0), 0)

/**
 * Adds up the answer of `/millrace/metrics`. In is what came over MQTT, stored what is in the
 * table. Each record is rejected in one stage, and the source of that stage counts it: a sum over
 * all nodes would count it twice.
 */
export function totalsOf(report: { nodes: NodeReport[] }): Totals {
  const of = (...types: string[]) => report.nodes.filter(node => types.includes(node.type))
  const lags = (nodes: NodeReport[]) =>
    nodes.flatMap(node => node.gauges['standing lag'] ?? node.gauges.lag ?? [])
  const monitored = lags(of('millrace-lag-monitor'))
  const measured = monitored.length > 0 ? monitored : lags(of('millrace-kafka-consumer'))
  return {
    in: sum(of('millrace-mqtt-ingest'), 'in'),
    stored: sum(of('millrace-timescale-sink'), 'stored'),
    rejected: sum(of('millrace-mqtt-ingest', 'millrace-kafka-consumer'), 'rejected'),
    codes: codesOf(report.nodes),
    newDevices: report.nodes.reduce((total, { gauges }) => total + (gauges['new devices'] ?? 0), 0),
    lag: measured.length > 0 ? measured.reduce((a, b) => a + b, 0) : undefined
  }
}

/** Counted where a record was rejected, and so once. */
function codesOf(nodes: NodeReport[]): Codes {
  const codes = new Map<string, number>()
  for (const { refused = {} } of nodes)
    for (const [code, records] of Object.entries(refused))
      codes.set(code, (codes.get(code) ?? 0) + records)
  return [...codes].sort(([, a], [, b]) => b - a)
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

const SHOWN_CODES = 3

/**
 * ": UNKNOWN_DEVICE, 3 JSON_INVALID": the code that leads, and the next ones with their records.
 */
function reasons(codes: Codes): string {
  const shown = codes
    .slice(0, SHOWN_CODES)
    .map(([code, records], index) => (index === 0 ? code : `${number(records)} ${code}`))
  if (codes.length > SHOWN_CODES) shown.push('…')
  return shown.length === 0 ? '' : `: ${shown.join(', ')}`
}

/** One line for the terminal. The rate is of the time since the totals before. */
export function progressLine(now: Totals, before: Totals, seconds: number): string {
  const rate = Math.max(0, Math.round((now.in - before.in) / seconds))
  const rejected = `${number(now.rejected)}${now.rejected > 0 ? reasons(now.codes ?? []) : ''}`
  const news = now.newDevices ? `   new devices ${number(now.newDevices)}` : ''
  const lag = now.lag === undefined ? '-' : number(now.lag)
  return `in ${number(now.in)} (${number(rate)}/s)   stored ${number(now.stored)}   rejected ${rejected}   lag ${lag}${news}`
}
