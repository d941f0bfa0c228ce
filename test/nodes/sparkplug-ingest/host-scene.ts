import type { DeferredAcks, Received } from '../../../core/mqtt/deferred-ack.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import type { SplitPiece } from '../../../core/source/types.ts'
import type { ArrivalOutcome } from '../../../nodes/sparkplug-ingest/arrival.ts'
import { SparkplugBatch } from '../../../nodes/sparkplug-ingest/batch.ts'
import { Host } from '../../../nodes/sparkplug-ingest/logic.ts'
import { spec } from '../../../nodes/sparkplug-ingest/spec.ts'
import { Edge, type Sent } from './edge.ts'

const acks = {} as DeferredAcks
export const CLOCK_MS = 1_708_700_500_000

/** A host whose clock the test moves; what leaves it stands in `left`, in order. */
export class Scene {
  readonly options
  readonly host: Host
  readonly outcomes: ArrivalOutcome[] = []
  readonly pieces: SplitPiece[] = []
  /** Values that were left out on purpose. */
  #leftOut = 0
  readonly commands: { topic: string; payload: Buffer; atMs: number }[] = []
  nowMs = 1000

  constructor(raw: Record<string, unknown> = {}) {
    this.options = parseOptions(spec, { broker: 'b', reorderMs: 100, holdS: 5, ...raw })
    this.host = new Host(this.options, {
      settled: outcome => this.#settled(outcome),
      command: (topic, payload) => this.commands.push({ topic, payload, atMs: this.nowMs }) > 0,
      asked: () => {}
    })
  }

  take(...messages: Sent[]): this {
    for (const { topic, payload } of messages) {
      const packet = { cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false }
      this.host.receive(packet as Received, acks, { atMs: this.nowMs, clockMs: CLOCK_MS })
      while (this.host.isReading) this.host.proceed(() => true)
    }
    return this
  }

  pass(ms: number, stepMs = 50): this {
    for (let left = ms; left > 0; left -= stepMs) {
      this.nowMs += stepMs
      this.host.tick(this.nowMs)
    }
    return this
  }

  #settled(outcome: ArrivalOutcome): void {
    this.outcomes.push(outcome)
    const batch = new SparkplugBatch(acks, this.options)
    batch.add(outcome)
    const leftOut = (values: number) => {
      this.#leftOut += values
    }
    this.pieces.push(...batch.piecesOf(0, leftOut))
  }

  get records() {
    return this.pieces.flatMap(piece => piece.again().accepted) as Record<string, unknown>[]
  }
  get rejected() {
    return this.pieces.flatMap(piece => piece.again().rejected)
  }
  get codes() {
    return this.rejected.map(({ reason }) => reason.code)
  }
  /** `device metric value` of each record. */
  get lines() {
    return this.records.map(({ device_id, metric, value }) => `${device_id} ${metric} ${value}`)
  }
  count(what: 'duplicates' | 'filtered') {
    const told = this.outcomes.reduce((sum, outcome) => sum + outcome[what], 0)
    return what === 'filtered' ? told + this.#leftOut : told
  }
}

export function plant() {
  const edge = new Edge('G', 'E')
  edge.metrics.set('d1', [
    { name: 'temperature', datatype: 10, double_value: 20, properties: units('°C') }
  ])
  return edge
}
const units = (text: string) => ({
  keys: ['engUnit'],
  values: [{ type: 12, string_value: text }]
})
