import { type Advice, findings } from '../advice/checks.ts'
import { type FlowEntry, FlowGraph } from '../advice/flow.ts'
import type { Learnt } from '../advice/learnt.ts'
import type { Deployments, FlowFile, FlowPlace } from '../deployments.ts'
import type { NodeMetrics } from './metrics.ts'
import type { Status } from './status.ts'

/** One graph for all nodes of a deployment. */
const graphs = new WeakMap<FlowFile, FlowGraph>()

function graphOf(entries: FlowFile): FlowGraph {
  const known = graphs.get(entries)
  if (known !== undefined) return known
  const made = new FlowGraph(entries.values() as Iterable<FlowEntry>)
  graphs.set(entries, made)
  return made
}

export interface AdvisorOptions {
  readonly deployments: Deployments
  readonly place: FlowPlace
  readonly outputs: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly metrics: NodeMetrics
  readonly status: Status
  readonly node: { warn(sentence: string): void }
}

/**
 * Makes the checks at deploy of one node (core/advice): when the flows have started, and again when
 * the node has learnt something. Each finding is told once in the log, and marks the status.
 */
export class Advisor {
  #facts: Learnt = {}
  readonly #told = new Set<string>()

  constructor(private readonly options: AdvisorOptions) {}

  /** Something that the node has come to know; what it said before of other things stays. */
  learn(facts: Learnt): void {
    this.#facts = { ...this.#facts, ...facts }
    this.look()
  }

  look(): void {
    const { deployments, place, metrics, status, node } = this.options
    // Within a subflow a node has another id than in the flow file.
    const entry = deployments.entries.get(place.path.at(-1) ?? '') as FlowEntry | undefined
    if (entry === undefined) return
    const found = findings({
      ...this.options,
      entry,
      flow: graphOf(deployments.entries),
      facts: this.#facts
    })
    metrics.findings = found
    status.mark(markOf(found))
    for (const { code, sentence } of found) {
      if (this.#told.has(code)) continue
      this.#told.add(code)
      node.warn(`${sentence} (${code})`)
    }
  }
}

const markOf = ([first, ...others]: readonly Advice[]): string => {
  if (first === undefined) return ''
  return others.length === 0 ? first.words : `${first.words} +${others.length}`
}
