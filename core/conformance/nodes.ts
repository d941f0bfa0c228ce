import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red'
import { trackerOf } from '../delivery/tracker.ts'
import { NodeMetrics } from '../node/metrics.ts'
import { PROVENANCE, Provenance, type Taken } from '../record/record.ts'
import { DeliverySource } from '../source/source.ts'

/** The types of the two nodes that stand before and behind the node under test. */
export const FEED = 'millrace-conformance-feed'
export const COLLECT = 'millrace-conformance-collect'

/** What the source in front was told of one message. */
export interface Fed {
  /** The flow has dealt with it. */
  readonly acknowledged: Promise<void>
  /** How often it was sent into the flow. */
  attempts: number
}

/**
 * The source before the node under test: follows each message, and sends it again where the flow
 * fails.
 */
export class Feed {
  readonly #source: DeliverySource
  readonly metrics: NodeMetrics

  constructor(RED: NodeAPI, node: Node, mode: 'finished' | 'stored') {
    this.metrics = new NodeMetrics(node.id, node.type, '')
    this.#source = new DeliverySource({
      RED,
      node,
      metrics: this.metrics,
      mode,
      maxInFlight: 1000,
      retries: 2,
      timeoutMs: 20_000,
      outputs: 1,
      deadLetterOutput: 0,
      isWired: () => true,
      onCapacity: () => {},
      backoff: { initialMs: 20, maxMs: 100 }
    })
  }

  /** Sends what `build` makes, each attempt anew. */
  send(records: number, build: () => unknown): Fed {
    let acknowledge = () => {}
    const fed: Fed = {
      attempts: 0,
      acknowledged: new Promise(resolve => {
        acknowledge = resolve
      })
    }
    this.#source.take({
      lane: 'feed',
      records,
      acknowledge,
      rebuild: () => {
        fed.attempts++
        return { payload: build() } as NodeMessage
      }
    })
    return fed
  }

  close = () => this.#source.close()
}

/** A message that left the node under test. */
export interface LeftMessage {
  readonly output: number
  readonly payload: unknown
}

const feeds = new Map<string, Feed>()
const collected = new Map<string, LeftMessage[]>()

export const feedOf = (id: string): Feed => {
  const feed = feeds.get(id)
  if (feed === undefined)
    throw new Error(`There is no ${FEED} with the id ${id} in the flow that runs.`)
  return feed
}

/** What has left by the outputs of the node under test, in the order it came. */
export function collectedBy(id: string): LeftMessage[] {
  const found = collected.get(id) ?? []
  collected.set(id, found)
  return found
}

/**
 * Registers both node types; load it into the Node-RED that the kit runs in, as any module of
 * nodes.
 */
export function conformanceNodes(RED: NodeAPI): void {
  RED.nodes.registerType(FEED, function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config)
    const { mode } = config as NodeDef & { mode: 'finished' | 'stored' }
    const feed = new Feed(RED, this, mode)
    feeds.set(this.id, feed)
    this.on('close', (done: () => void) => {
      void feed.close().finally(done)
    })
  })
  RED.nodes.registerType(COLLECT, function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config)
    const { output, of, holds } = config as NodeDef & {
      output: number
      of: string
      holds?: boolean
    }
    this.on('input', (message, _send, done) => {
      collectedBy(of).push({ output, payload: message.payload })
      if (holds) return
      const records = Array.isArray(message.payload) ? message.payload.length : 1
      trackerOf(RED).confirm(message, { stored: records })
      done()
    })
  })
}

/** Gives a record a place where it came from, which has to travel with it. */
export function placed(record: object, offset: number): object {
  const taken: Taken = {
    origin: {
      kind: 'kafka',
      topic: 'conformance',
      partition: 0,
      offset: String(offset),
      timestamp: '0'
    },
    key: `key-${offset}`,
    headers: {},
    raw: Buffer.from(`raw-${offset}`)
  }
  Object.assign(record, { [PROVENANCE]: new Provenance({ at: () => taken }, 0) })
  return record
}
