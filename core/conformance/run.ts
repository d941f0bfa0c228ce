import { pause } from '../backoff.ts'
import { type NodeMetrics, nodeMetrics } from '../node/metrics.ts'
import { isRejection } from '../record/record.ts'
import {
  COLLECT,
  collectedBy,
  FEED,
  type Fed,
  type Feed,
  feedOf,
  type LeftMessage,
  placed
} from './nodes.ts'

/** A node of a flow file. */
export interface ConformanceNode {
  readonly id: string
  readonly type: string
  readonly [property: string]: unknown
}

/** The node under test. */
export interface Subject {
  readonly type: string
  /** Its options, as a flow file holds them. */
  readonly config: Readonly<Record<string, unknown>>
  /** Configuration nodes that it refers to. */
  readonly around?: readonly ConformanceNode[]
  /** Port labels, first output first, as in its spec. */
  readonly outputs: readonly string[]
  /**
   * A record that the node takes; each `n` makes another one, and `n` stands in the field of
   * `idField`.
   */
  record(n: number): Record<string, unknown>
  readonly idField: string
  /** A record may leave by several outputs, a copy each. */
  readonly copies?: boolean
  /** Several records are made of one; each of them has the id of the one that it was made of. */
  readonly many?: boolean
  /**
   * What the same record does when it comes again: it leaves as the first time, or is counted as a
   * duplicate or filtered.
   */
  readonly again?: 'same' | 'left out'
  /** What a payload may hold that it rejects, where that is not whatever is no record. */
  readonly unfit?: readonly unknown[]
  /**
   * Records keep their order within a message only: a sink may store several messages at a time.
   */
  readonly order?: 'of all' | 'within a message'
  /**
   * It acknowledges what it keeps, and sends that on later; the gauge `waiting` of its metrics says
   * how many records it keeps.
   */
  readonly keeps?: true
  /** Of a sink: the ids of the records that its service has, as text. */
  readonly stored?: () => Promise<readonly string[]>
}

/** A running Node-RED that has the nodes of the palette and `conformanceNodes`. */
export interface Harness {
  /** Deploys a flow and waits until it has started. */
  deploy(flow: readonly ConformanceNode[]): Promise<void>
}

/** Longer than anything may take that does not wait for a service. */
const LIMIT_MS = 15_000

/** The node under test in a flow of its own, between a source and what collects its outputs. */
export class ConformanceRun {
  readonly #id: string

  private constructor(
    readonly subject: Subject,
    id: string
  ) {
    this.#id = id
  }

  static async start(
    harness: Harness,
    subject: Subject,
    run: number,
    alone = false
  ): Promise<ConformanceRun> {
    const id = `subject-${run}-${Date.now()}`
    await harness.deploy(flowOf(subject, id, alone))
    const status = nodeMetrics(id)?.status
    if (status?.refused) throw new Error(`The node did not start: ${status.text}`)
    return new ConformanceRun(subject, id)
  }

  get feed(): Feed {
    return feedOf(`${this.#id}-feed`)
  }
  get metrics(): NodeMetrics {
    const found = nodeMetrics(this.#id)
    if (found === undefined)
      throw new Error(
        'The node has no metrics: define it by defineNode, defineTransform or defineSink.'
      )
    return found
  }
  /** Messages in the order they left. */
  get left(): readonly LeftMessage[] {
    return collectedBy(this.#id)
  }

  /** Payloads of an output, each record alone. */
  records(output: number): unknown[] {
    return this.left
      .filter(message => message.output === output)
      .flatMap(({ payload }) => (Array.isArray(payload) ? payload : [payload]))
  }

  /** The id of a record, also of one that was rejected. */
  idOf(record: unknown): unknown {
    const inner = isRejection(record) ? record.record : record
    return (inner as Record<string, unknown> | null)?.[this.subject.idField]
  }

  /** Sends a payload as the source would, and waits until it is acknowledged. */
  async send(payload: unknown): Promise<Fed> {
    const fed = this.offer(payload)
    await inTime(
      fed.acknowledged,
      'The message was never acknowledged: the node does not call done, or confirms nothing.'
    )
    await this.sentOn()
    return fed
  }

  /** Nothing that the node keeps waits any more. */
  async sentOn(): Promise<void> {
    if (this.subject.keeps !== true) return
    const endMs = performance.now() + LIMIT_MS
    while (this.metrics.gauges.get('waiting') !== 0 || this.metrics.inFlight > 0) {
      if (performance.now() > endMs) throw new Error('What the node keeps was never sent on.')
      await pause(10)
    }
  }

  offer(payload: unknown): Fed {
    const records = Array.isArray(payload) ? payload.length : 1
    return this.feed.send(records, () => structuredCloneOf(payload))
  }

  /** A record that the node takes, with a place it came from. */
  record(n: number): object {
    return placed(this.subject.record(n), n)
  }
}

/** @param alone nothing stands behind the node, and the source waits until it has stored */
function flowOf(subject: Subject, id: string, alone: boolean): ConformanceNode[] {
  const tab = `${id}-tab`
  const place = { z: tab, x: 100, y: 100 }
  const wires = subject.outputs.map((_, output) => (alone ? [] : [`${id}-out-${output}`]))
  return [
    { id: tab, type: 'tab', label: 'conformance' },
    ...(subject.around ?? []),
    { id: `${id}-feed`, type: FEED, ...place, mode: alone ? 'stored' : 'finished', wires: [[id]] },
    { name: '', ...subject.config, id, type: subject.type, ...place, wires },
    ...subject.outputs.map((_, output) => ({
      id: `${id}-out-${output}`,
      type: COLLECT,
      ...place,
      output,
      of: id,
      wires: []
    }))
  ]
}

/**
 * As Node-RED clones: what symbols hold goes along, and what a node changes is changed in the copy
 * only.
 */
function structuredCloneOf(payload: unknown): unknown {
  if (Array.isArray(payload)) return payload.map(structuredCloneOf)
  if (typeof payload !== 'object' || payload === null) return payload
  const copy = structuredClone({ ...payload })
  for (const symbol of Object.getOwnPropertySymbols(payload))
    Object.assign(copy, { [symbol]: (payload as Record<symbol, unknown>)[symbol] })
  return copy
}

/** Rejects with the sentence where it takes too long. */
export async function inTime<T>(
  work: Promise<T>,
  otherwise: string,
  limitMs = LIMIT_MS
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
