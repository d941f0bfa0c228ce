/** A source whose node remembers what it sent, on a tracker that does as it is told. */
import assert from 'node:assert/strict'
import type { Node, NodeAPI, NodeMessage } from 'node-red'
import { NodeMetrics } from '../../../core/node/metrics.ts'
import { inherit, PROVENANCE, Provenance } from '../../../core/record/record.ts'
import { DeliverySource } from '../../../core/source/source.ts'
import type { SourceOptions } from '../../../core/source/types.ts'
import { ScriptedTracker } from './scripted-tracker.ts'

export const RAW = Buffer.from('{"device_id":"pump-7","value":1}')
export const ORIGIN = { kind: 'mqtt', topic: 'site/pump-7', qos: 1, retained: false } as const

/** A source on a node that remembers what it sent, by output. */
export function sourceWith(options: Partial<SourceOptions> = {}) {
  const tracker = new ScriptedTracker()
  const metrics = new NodeMetrics('id', 'millrace-mqtt-ingest', '')
  const sent: { output: number; message: NodeMessage }[] = []
  const errors: string[] = []
  const warnings: string[] = []
  const acks: string[] = []
  let capacities = 0
  const send = (message: NodeMessage | (NodeMessage | null)[]) => {
    if (!Array.isArray(message)) sent.push({ output: 0, message })
    else
      for (const [output, each] of message.entries())
        if (each !== null) sent.push({ output, message: each })
  }
  const error = (text: string) => void errors.push(text)
  const warn = (text: string) => void warnings.push(text)
  const node = { id: 'source', type: 'millrace-mqtt-ingest', send, error, warn } as unknown as Node
  const source = new DeliverySource({
    RED: {} as NodeAPI,
    node,
    metrics,
    mode: 'finished',
    maxInFlight: 4,
    retries: 2,
    timeoutMs: 1000,
    outputs: 2,
    deadLetterOutput: 1,
    isWired: () => true,
    onCapacity: () => void capacities++,
    backoff: { initialMs: 1 },
    tracker,
    ...options
  })
  const taken = (name: string, records = 1, lane = 'lane') => ({
    lane,
    records,
    rebuild: () => ({
      payload:
        records === 1 ? recordOf(name) : Array.from({ length: records }, () => recordOf(name))
    }),
    acknowledge: () => void acks.push(name)
  })
  return {
    source,
    tracker,
    metrics,
    sent,
    errors,
    warnings,
    acks,
    taken,
    take: (name: string, records?: number, lane?: string) =>
      source.take(taken(name, records, lane)),
    capacities: () => capacities
  }
}

export function recordOf(name: string) {
  const from = {
    [PROVENANCE]: new Provenance(
      { at: () => ({ origin: ORIGIN, key: null, headers: {}, raw: RAW }) },
      0
    )
  }
  return inherit(from, { name })
}

export async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 2000
  while (!condition()) {
    if (performance.now() > endMs) assert.fail(`not within 2 s: ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}
