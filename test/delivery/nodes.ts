/**
 * Nodes for the tests: a source that is told what to send, a sink that confirms, and what is found
 * in the packs of others.
 */
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red'
import { trackerOf } from '../../core/delivery/tracker.ts'
import type { AcknowledgeMode } from '../../core/delivery/types.ts'
import { NodeMetrics } from '../../core/node/metrics.ts'
import { DeliverySource } from '../../core/source/source.ts'

type Message = NodeMessage & { payload?: unknown }
type Send = (message: NodeMessage) => void
type Done = (error?: Error) => void

export interface Visit {
  readonly nodeId: string
  readonly payload: unknown
  readonly atMs: number
}

/** What sinks have finished, newest last; `onVisit` is called for each. */
export const visits: Visit[] = []

/** Payloads that a node or a sink has failed with. */
export const failures: Visit[] = []

/** `RED` as the nodes of a runtime get it. */
export let nodeApi: NodeAPI

/**
 * A source with a protocol of its own: the test gives it messages, and sees what it acknowledges.
 */
export interface ProtocolNode extends Node {
  readonly source: DeliverySource
  readonly metrics: NodeMetrics
  /** Payloads in the order they were acknowledged. */
  readonly acknowledged: unknown[]
  take(payload: unknown): void
}

interface ProtocolDef extends NodeDef {
  readonly mode?: Exclude<AcknowledgeMode, 'received'>
  readonly timeoutMs?: number
  readonly stillMs?: number
}

function registerProtocolNode(RED: NodeAPI): void {
  RED.nodes.registerType('test-protocol', function (this: Node, config: ProtocolDef) {
    RED.nodes.createNode(this, config)
    const metrics = new NodeMetrics(this.id, this.type, '')
    const acknowledged: unknown[] = []
    const source = new DeliverySource({
      RED,
      node: this,
      metrics,
      mode: config.mode ?? 'finished',
      maxInFlight: 100,
      retries: 3,
      timeoutMs: config.timeoutMs ?? 20_000,
      outputs: 2,
      deadLetterOutput: 1,
      isWired: () => true,
      onCapacity() {},
      backoff: { initialMs: 20 },
      stillMs: config.stillMs ?? 200
    })
    const acknowledge = (payload: unknown) => {
      acknowledged.push(payload)
      this.emit('acknowledged')
    }
    const take = (payload: unknown) =>
      source.take({
        lane: 'lane',
        records: 1,
        rebuild: () => ({ payload }),
        acknowledge: () => acknowledge(payload)
      })
    Object.assign(this, { source, metrics, acknowledged, take })
    this.on('close', (done: () => void) => void source.close().then(done))
  })
}

interface SinkDef extends NodeDef {
  readonly delayMs?: number
  readonly fail?: boolean
  /** Calls done() without a word to the tracker, as foreign sinks do. */
  readonly silent?: boolean
}

export function registerTestNodes(RED: NodeAPI): void {
  nodeApi = RED
  registerProtocolNode(RED)
  RED.nodes.registerType('test-source', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config)
  })
  RED.nodes.registerType('test-sink', function (this: Node, config: SinkDef) {
    RED.nodes.createNode(this, config)
    this.on('input', (message, _send, done) => {
      const finish = () => {
        if (config.fail) {
          failures.push({ nodeId: this.id, payload: message.payload, atMs: performance.now() })
          return done(new Error('the sink failed'))
        }
        if (!config.silent) trackerOf(RED).confirm(message, { stored: marksIn(message.payload) })
        visits.push({ nodeId: this.id, payload: message.payload, atMs: performance.now() })
        done()
      }
      const { delayMs = 20 } = config
      if (delayMs === 0) finish()
      else setTimeout(finish, delayMs)
    })
  })
  registerBatchSink(RED)
  for (const [type, handler] of Object.entries(FOREIGN)) {
    RED.nodes.registerType(type, function (this: Node, config: NodeDef & { alsoDone?: boolean }) {
      RED.nodes.createNode(this, config)
      this.on('input', handler(this, config))
    })
  }
}

/** Stores two messages at a time, and ends both in one turn; sends on what is `bad`. */
function registerBatchSink(RED: NodeAPI): void {
  RED.nodes.registerType('test-batch-sink', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config)
    let batch: { message: Message; done: Done }[] = []
    this.on('input', (message: Message, send: Send, done: Done) => {
      batch.push({ message, done })
      if (batch.length < 2) return
      const stored = batch
      batch = []
      for (const each of stored) {
        trackerOf(RED).confirm(each.message, { stored: 1 })
        if (each.message.payload === 'bad') send({ ...each.message, payload: 'rejected' })
        each.done()
      }
    })
  })
}

/** How many messages of the source are in a payload. */
const marksIn = (payload: unknown): number =>
  new Set(JSON.stringify(payload)?.match(/@\d+@/g) ?? ['']).size

type Handler = (message: Message, send: Send, done: Done) => void | Promise<void>

/**
 * Input handlers as third parties write them. How many parameters they take is part of what is
 * tested.
 */
const FOREIGN: Record<string, (node: Node, config: { alsoDone?: boolean }) => Handler> = {
  'legacy-sync': node => message => node.send({ ...message, seen: true }),
  'legacy-async': node => message => void setTimeout(() => node.send(message), 50),
  'legacy-async-new': node => message =>
    void setTimeout(() => node.send({ payload: message.payload }), 50),
  'legacy-slow': node => message => void setTimeout(() => node.send(message), 700),
  'async-new': () => (message, send, done) =>
    void setTimeout(() => {
      send({ payload: message.payload })
      done()
    }, 30),
  'done-then-send': () => (message, send, done) => {
    done()
    setTimeout(() => send(message), 50)
  },
  'done-then-send-new': node => (message, _send, done) => {
    done()
    const { payload } = message
    setTimeout(() => node.send({ payload }), 50)
  },
  'never-done': () => (message, send, _done) => send(message),
  throws: () => (_message, _send, _done) => {
    throw new Error('thrown in the handler')
  },
  'reports-error': (node, config) => (message, _send, done) => {
    node.error('reported', message)
    if (config.alsoDone) done()
  },
  'fails-odd': node => (message, send, done) => {
    const { payload } = message
    if (/@\d*[13579]@/.test(JSON.stringify(payload))) {
      failures.push({ nodeId: node.id, payload, atMs: performance.now() })
      done(new Error('odd'))
    } else {
      send(message)
      done()
    }
  },
  'fails-async': () => async (_message, _send, done) => {
    await undefined
    done(new Error('failed later'))
  },
  'slow-to-close': node => {
    node.on('close', (done: () => void) => void setTimeout(done, 300))
    return (message, send, done) => {
      send(message)
      done()
    }
  },
  'collects-then-sends': node => collector(node, true),
  'sends-collected-last': node => collector(node, false)
}

/** Joins three messages into a new one; completes the inputs after or before it sends. */
function collector(node: Node, sendFirst: boolean): Handler {
  let kept: { payload: unknown; done: Done }[] = []
  return (message: Message, _send: Send, done: Done) => {
    kept.push({ payload: message.payload, done })
    if (kept.length < 3) return
    const all = kept
    kept = []
    if (sendFirst) node.send({ payload: all.map(one => one.payload) })
    for (const one of all) one.done()
    if (!sendFirst) node.send({ payload: all.map(one => one.payload) })
  }
}
