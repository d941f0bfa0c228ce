import type { Advice } from '../advice/checks.ts'
import type { Reason } from '../record/record.ts'
import type { OperatorAnswer } from './answer.ts'
import type { Histogram } from './histogram.ts'

/**
 * What each node did, for the status, the `/millrace/metrics` route and Prometheus. One registry a
 * Node-RED process.
 */

export const COUNTS = [
  'in',
  'out',
  'stored',
  'rejected',
  'filtered',
  'duplicates',
  'retried',
  'returned',
  'inFlight'
] as const
export type Count = (typeof COUNTS)[number]

/** A number with labels of its own. */
export interface Labelled {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Codes stand in a list; one that a palette makes up for each record does not fill the memory. */
const MAX_CODES = 50

/**
 * Counts are of records (not of messages) since the process started; `inFlight` is what is being
 * dealt with now.
 */
export class NodeMetrics {
  in = 0
  out = 0
  stored = 0
  rejected = 0
  filtered = 0
  duplicates = 0
  retried = 0
  /**
   * Taken, then given back to the protocol before the flow was done with them (rebalance,
   * redeploy): it delivers them again.
   */
  returned = 0
  inFlight = 0
  /** What the status below the node says of its work; absent before the node has said anything. */
  status:
    | { readonly healthy: boolean; readonly text: string; readonly refused?: boolean }
    | undefined
  /** What the checks at deploy have found of it. */
  findings: readonly Advice[] = []
  /** Asks its server how it is, read only; absent where it has none, or does not run. */
  examine: ((signal: AbortSignal) => Promise<readonly OperatorAnswer[]>) | undefined
  /** Further numbers of this node, e.g. `lag`, by name. */
  readonly gauges = new Map<string, number>()
  /** The same by further labels, such as partitions: set anew as a whole. */
  readonly labelled = new Map<string, readonly Labelled[]>()
  readonly histograms = new Map<string, Histogram>()
  /**
   * Records that this node itself has rejected, by the code of the reason; what others rejected and
   * it passes on is not there.
   */
  readonly refused = new Map<string, number>()

  constructor(
    readonly id: string,
    readonly type: string,
    public name: string
  ) {}

  /**
   * What a source has taken and not given back: always stored + rejected + filtered + duplicates +
   * inFlight.
   */
  get taken(): number {
    return this.in - this.returned
  }

  /** Counts what the node rejects by its codes; it does not count as rejected by this. */
  countRefused(records: Iterable<unknown>): void {
    for (const record of records)
      this.countCode((record as { reason?: Partial<Reason> } | null)?.reason?.code)
  }
  countCode(code: string | undefined, records = 1): void {
    if (code === undefined || (this.refused.size >= MAX_CODES && !this.refused.has(code))) return
    this.refused.set(code, (this.refused.get(code) ?? 0) + records)
  }

  /** Records of known codes that it has rejected itself. */
  get refusedHere(): number {
    let records = 0
    for (const ofCode of this.refused.values()) records += ofCode
    return records
  }
  /** The code of most records that it has rejected. */
  get leadingCode(): string | undefined {
    return leading(this.refused)[0]?.[0]
  }

  /**
   * The node is disabled: its counts stay for when it comes again, and it says nothing of how it is
   * meanwhile.
   */
  rest(): void {
    this.status = undefined
    this.findings = []
    this.gauges.clear()
    this.labelled.clear()
  }

  counts(): Record<Count, number> {
    return Object.fromEntries(COUNTS.map(name => [name, this[name]])) as Record<Count, number>
  }
}

/** Codes and their records, those of most first. */
export const leading = (
  refused: Iterable<[code: string, records: number]>
): [code: string, records: number][] =>
  [...refused].sort(([a, ofA], [b, ofB]) => ofB - ofA || (a < b ? -1 : 1))

const registry = new Map<string, NodeMetrics>()

/** The metrics of a node; counts go on over a redeploy of the same node. */
export function metricsFor(id: string, type: string, name: string): NodeMetrics {
  const known = registry.get(id)
  if (known?.type === type) {
    known.name = name
    return known
  }
  const fresh = new NodeMetrics(id, type, name)
  registry.set(id, fresh)
  return fresh
}

/** Of all nodes that run or are disabled. */
export const allMetrics = (): readonly NodeMetrics[] => [...registry.values()]

/** The metrics of a node that runs or is disabled. */
export const nodeMetrics = (id: string): NodeMetrics | undefined => registry.get(id)

export function forgetMetrics(id: string): void {
  registry.delete(id)
}

export interface MetricsReport {
  nodes: {
    id: string
    type: string
    name: string
    counts: Record<Count, number>
    gauges: Record<string, number>
    refused: Record<string, number>
    status?: { healthy: boolean; text: string }
    findings?: readonly Advice[]
  }[]
}

export function report(): MetricsReport {
  return {
    nodes: [...registry.values()].map(node => ({
      id: node.id,
      type: node.type,
      name: node.name,
      counts: node.counts(),
      gauges: Object.fromEntries(node.gauges),
      refused: Object.fromEntries(node.refused),
      ...(node.status && { status: node.status }),
      ...(node.findings.length > 0 && { findings: node.findings })
    }))
  }
}
