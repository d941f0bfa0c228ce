import assert from 'node:assert/strict'
import { nodeMetrics } from '../../../core/node/metrics.ts'
import { collectorOf } from '../../collector.ts'
import type { FlowEntry } from '../../node-red.ts'

export const TOKEN = 'a token of some length'.replaceAll(' ', '-')
export const JSON_TYPE = { 'Content-Type': 'application/json' }

let flows = 0

/** A source before what stores, or holds, what it takes. */
export class HttpScene {
  readonly id = `http-${++flows}`
  readonly path = `in/${this.id}`

  constructor(private readonly options: Record<string, unknown>) {}

  get flow(): FlowEntry[] {
    const z = `${this.id}-tab`
    const wires = [[`${this.id}-taken`], [`${this.id}-rejected`]]
    return [
      { id: z, type: 'tab' },
      {
        id: this.id,
        type: 'millrace-http-ingest',
        z,
        urlPath: `${this.path}/{site}/{device_id}`,
        access: 'open',
        acknowledge: 'stored',
        ...this.options,
        wires
      },
      { id: `${this.id}-taken`, type: 'collect', z, wires: [] },
      { id: `${this.id}-rejected`, type: 'collect', z, wires: [] }
    ]
  }
  get taken() {
    return collectorOf(`${this.id}-taken`)
  }
  get rejected() {
    return collectorOf(`${this.id}-rejected`)
  }
  get metrics() {
    return nodeMetrics(this.id) ?? assert.fail('The node has not started.')
  }
  /** As JSON has them: without where they came from. */
  get records(): object[] {
    return JSON.parse(JSON.stringify(this.taken.records)) as object[]
  }
}

export async function post(
  url: string,
  body: string | Buffer,
  headers: Record<string, string> = JSON_TYPE
): Promise<{ status: number; headers: Headers; body: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: new Uint8Array(Buffer.from(body))
  })
  return { status: response.status, headers: response.headers, body: await response.text() }
}
