import assert from 'node:assert/strict'
import type { Node } from 'node-red'
import { forgetMetrics, metricsFor } from '../../../core/node/metrics.ts'
import type { Rejection } from '../../../core/record/record.ts'
import influxServer from '../../../nodes/influx-server/runtime.ts'
import influxSink from '../../../nodes/influx-sink/runtime.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { DATABASE, type TimeSeriesServer } from '../../servers/time-series.ts'
import { until } from '../../until.ts'

interface Shown {
  readonly fill: string
  readonly text: string
}
interface Arrived {
  readonly payload: unknown
  readonly stored?: unknown
}

export const START_MS = Date.UTC(2026, 1, 23)
export const reading = (n: number) => ({
  device_id: `d${n % 3}`,
  metric: 't',
  value: n,
  ts_utc: new Date(START_MS + n * 1000).toISOString()
})
export const readings = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => reading(from + n))
export const range = (count: number) => Array.from({ length: count }, (_, n) => n)

/** A Node-RED with one influx sink, and what becomes of its messages. */
export class SinkRig {
  measurement = ''
  readonly shown: Shown[] = []
  readonly completed: object[] = []
  readonly failed: object[] = []
  readonly arrived: Record<'stored' | 'rejected', Arrived[]> = { stored: [], rejected: [] }
  #measurements = 0

  private constructor(readonly nodeRed: RunningNodeRed) {
    const events = nodeRed.RED.events as NodeJS.EventEmitter
    events.on('node-status', ({ id, status }: { id: string; status: Shown }) => {
      if (id === 'sink') this.shown.push(status)
    })
    nodeRed.RED.hooks.add('onComplete.test', (event: unknown) => {
      const { node, msg, error } = event as { node: { id: string }; msg: object; error?: unknown }
      if (node.id === 'sink') (error ? this.failed : this.completed).push(msg)
    })
  }

  static async start(): Promise<SinkRig> {
    return new SinkRig(await startNodeRed({ nodes: [influxServer, influxSink] }))
  }

  /** Forgets all that was, and has a measurement of its own. */
  begin(): void {
    this.measurement = `flow${process.pid}_${this.#measurements++}`
    forgetMetrics('sink')
    const { shown, completed, failed, arrived, nodeRed } = this
    for (const list of [shown, completed, failed, arrived.stored, arrived.rejected, nodeRed.logs])
      list.length = 0
  }

  async deploy(
    server: TimeSeriesServer,
    url: string,
    sink: object = {},
    config: object = {}
  ): Promise<Node> {
    const { service } = server
    const flow: FlowEntry[] = [
      { id: 'server', type: 'millrace-influx-server', service, api: 'v1', url, ...config },
      { id: 'tab', type: 'tab' },
      {
        id: 'sink',
        type: 'millrace-influx-sink',
        z: 'tab',
        server: 'server',
        database: DATABASE,
        measurement: this.measurement,
        create: service === 'victoriametrics' ? 'off' : 'create',
        wires: [['stored'], ['rejected']],
        ...sink
      },
      { id: 'stored', type: 'junction', z: 'tab', wires: [[]] },
      { id: 'rejected', type: 'junction', z: 'tab', wires: [[]] }
    ]
    await this.nodeRed.deploy(flow)
    for (const output of ['stored', 'rejected'] as const)
      this.nodeRed.node<Node>(output).on('input', (message, _send, done) => {
        this.arrived[output].push(message as Arrived)
        done()
      })
    return this.nodeRed.node<Node>('sink')
  }

  get metrics() {
    return metricsFor('sink', 'millrace-influx-sink', '')
  }
  get rejections(): Rejection[] {
    return this.arrived.rejected.flatMap(({ payload }) => payload as Rejection[])
  }

  finished = (messages: number) =>
    until(`${messages} messages`, () => this.completed.length === messages)

  trouble = (text: RegExp, fill: string) =>
    until(`the status ${text}`, () => {
      const last = this.shown.at(-1)
      assert.match(last?.text ?? '', text)
      return last?.fill === fill
    })

  async values(server: TimeSeriesServer, of = this.measurement): Promise<number[]> {
    return (await server.points(of)).map(({ value }) => Number(value)).sort((a, b) => a - b)
  }

  /** The values of a measurement, once there are so many. */
  hold = (server: TimeSeriesServer, count: number, of = this.measurement) =>
    until(
      `${count} points`,
      async () => {
        const found = await this.values(server, of)
        assert.equal(found.length, count)
        return found
      },
      20_000
    )

  async stop(): Promise<void> {
    this.nodeRed.RED.hooks.remove('*.test')
    await this.nodeRed.stop()
  }
}
