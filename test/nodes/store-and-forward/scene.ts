import assert from 'node:assert/strict'
import { FEED, feedOf } from '../../../core/conformance/nodes.ts'
import { nodeMetrics } from '../../../core/node/metrics.ts'
import { collectorOf } from '../../collector.ts'
import type { FlowEntry } from '../../node-red.ts'

let scenes = 0

/** A source before the node, and what stores, fails or holds what it sends on. */
export class KeepScene {
  readonly id = `keep-${++scenes}`
  constructor(private readonly options: Record<string, unknown> = {}) {}

  flow(changes: Record<string, unknown> = {}): FlowEntry[] {
    const z = `${this.id}-tab`
    const at = { z, x: 100, y: 100 }
    return [
      { id: z, type: 'tab' },
      { id: `${this.id}-feed`, type: FEED, mode: 'stored', ...at, wires: [[this.id]] },
      {
        id: this.id,
        type: 'millrace-store-and-forward',
        gatherMs: 2,
        ...this.options,
        ...changes,
        ...at,
        wires: [[`${this.id}-on`], [`${this.id}-left`], [`${this.id}-rejected`]]
      },
      ...['on', 'left', 'rejected'].map(name => ({
        id: `${this.id}-${name}`,
        type: 'collect',
        ...at,
        wires: []
      }))
    ]
  }
  get on() {
    return collectorOf(`${this.id}-on`)
  }
  get left() {
    return collectorOf(`${this.id}-left`)
  }
  get rejected() {
    return collectorOf(`${this.id}-rejected`)
  }
  get metrics() {
    return nodeMetrics(this.id) ?? assert.fail('The node has not started.')
  }
  get waiting(): number {
    return this.metrics.gauges.get('waiting') ?? assert.fail('It says not what waits.')
  }

  /** Resolves when they are acknowledged. */
  send(payload: unknown): Promise<void> {
    const records = Array.isArray(payload) ? payload.length : 1
    return feedOf(`${this.id}-feed`).send(records, () => payload).acknowledged
  }
}

export const record = (n: number, more: object = {}) => ({ n, device_id: `d${n % 5}`, ...more })
export const records = (from: number, count: number, more: object = {}) =>
  Array.from({ length: count }, (_, index) => record(from + index, more))
export const numbers = (found: readonly unknown[]) => found.map(each => (each as { n: number }).n)
export const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)
