/**
 * What following messages costs: CPU of a flow `source → change → function → sink` with the tracker
 * idle and tracking, as ratios against the same flow without it, in the same process, in turns.
 * `npx tsx bench/tracker.ts [rounds]`
 */
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red'
import type { Runtime } from '../core/delivery/node-red.ts'
import { FlowTracker } from '../core/delivery/tracker.ts'
import { startNodeRed } from '../test/node-red.ts'

export type Setup = 'without' | 'idle' | 'tracking'
const SETUPS: readonly Setup[] = ['without', 'idle', 'tracking']
const IN_FLIGHT = 100

export interface Cost {
  readonly batchSize: number
  /** CPU microseconds a message, the median of the rounds. */
  readonly usPerMessage: Readonly<Record<Setup, number>>
  /** Median over the rounds of the ratio to the round's own run without the tracker. */
  readonly ratio: Readonly<Record<Setup, number>>
}

export interface CostOptions {
  readonly rounds: number
  readonly messages: number
  readonly batchSize: number
}

/** Measures in a Node-RED of its own. */
export async function measureTracker(cases: readonly CostOptions[]): Promise<Cost[]> {
  const bench = new Bench()
  const nodeRed = await startNodeRed({
    nodes: [RED => bench.register(RED)],
    settings: { flowFilePretty: false }
  })
  await nodeRed.deploy([
    { id: 'tab', type: 'tab' },
    { id: 'source', z: 'tab', type: 'bench-source', wires: [['change']] },
    {
      id: 'change',
      z: 'tab',
      type: 'change',
      rules: [{ t: 'set', p: 'site', pt: 'msg', to: 'north', tot: 'str' }],
      wires: [['function']]
    },
    {
      id: 'function',
      z: 'tab',
      type: 'function',
      func: 'msg.seen = true; return msg',
      outputs: 1,
      libs: [],
      wires: [['sink']]
    },
    { id: 'sink', z: 'tab', type: 'bench-sink', wires: [] }
  ])
  bench.source = nodeRed.node<Node>('source')
  const costs: Cost[] = []
  for (const each of cases) costs.push(await bench.compare(each))
  await nodeRed.stop()
  return costs
}

class Bench {
  source!: Node
  #tracker!: FlowTracker
  #setup: Setup = 'without'
  #arrived: () => void = () => {}

  register(RED: NodeAPI): void {
    this.#tracker = new FlowTracker(RED as unknown as Runtime)
    const bench = this
    RED.nodes.registerType('bench-source', function (this: Node, config: NodeDef) {
      RED.nodes.createNode(this, config)
    })
    RED.nodes.registerType('bench-sink', function (this: Node, config: NodeDef) {
      RED.nodes.createNode(this, config)
      this.on('input', (message, _send, done) => {
        JSON.stringify(message.payload)
        if (bench.#setup === 'tracking') bench.#tracker!.confirm(message, { stored: 1 })
        done()
        if (bench.#setup !== 'tracking') bench.#arrived()
      })
    })
  }

  async compare({ rounds, messages, batchSize }: CostOptions): Promise<Cost> {
    for (const setup of SETUPS) await this.#round(setup, messages, batchSize)
    const all: Record<Setup, number>[] = []
    for (let round = 0; round < rounds; round++) {
      const us = { without: 0, idle: 0, tracking: 0 }
      // Another order each time, so that none is always the one behind the garbage of another.
      for (let turn = 0; turn < SETUPS.length; turn++) {
        const setup = SETUPS[(round + turn) % SETUPS.length]!
        us[setup] = await this.#round(setup, messages, batchSize)
      }
      all.push(us)
    }
    const over = (pick: (us: Record<Setup, number>, setup: Setup) => number) =>
      Object.fromEntries(
        SETUPS.map(setup => [setup, median(all.map(us => pick(us, setup)))])
      ) as Record<Setup, number>
    return {
      batchSize,
      usPerMessage: over((us, setup) => us[setup]),
      ratio: over((us, setup) => us[setup] / us.without)
    }
  }

  /** CPU microseconds a message. */
  async #round(setup: Setup, messages: number, batchSize: number): Promise<number> {
    this.#setup = setup
    const leave = setup === 'without' ? () => {} : this.#tracker.register(this.source)
    globalThis.gc?.()
    const before = process.cpuUsage()
    await this.#run(messages, batchSize)
    const used = process.cpuUsage(before)
    leave()
    return (used.user + used.system) / messages
  }

  #run(messages: number, batchSize: number): Promise<void> {
    return new Promise(resolve => {
      let sent = 0
      let arrived = 0
      const next = () => {
        if (sent < messages) {
          sent++
          this.#send(batchOf(batchSize))
        }
      }
      this.#arrived = () => {
        if (++arrived === messages) resolve()
        else next()
      }
      while (sent < IN_FLIGHT) next()
    })
  }

  #send(message: NodeMessage): void {
    if (this.#setup !== 'tracking') {
      this.source.send(message)
      return
    }
    const delivery = this.#tracker.open(message, 'source', {
      mode: 'finished',
      records: 1,
      timeoutMs: 30_000,
      onSettled: () => this.#arrived()
    })
    this.source.send(message)
    delivery.sent()
  }
}

/** What a source does at least with a batch: parses the bytes of its records. */
function batchOf(size: number): NodeMessage {
  return {
    payload: size === 1 ? JSON.parse(BYTES) : Array.from({ length: size }, () => JSON.parse(BYTES))
  }
}

const BYTES = JSON.stringify({
  device_id: 'pump-7',
  metric: 'temperature',
  value: 21.5,
  unit: 'C',
  ts: '2026-01-01T12:00:00.000Z'
})

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!

if (import.meta.filename === process.argv[1]) {
  const rounds = Number(process.argv[2] ?? 9)
  const costs = await measureTracker([
    { rounds, messages: 20_000, batchSize: 1 },
    { rounds, messages: 2_000, batchSize: 500 }
  ])
  for (const { batchSize, usPerMessage, ratio } of costs) {
    console.log(`${batchSize} record${batchSize === 1 ? '' : 's'} a message`)
    for (const setup of SETUPS)
      console.log(
        `  ${setup.padEnd(9)} ${usPerMessage[setup].toFixed(1).padStart(7)} us CPU  ${ratio[setup].toFixed(2)}`
      )
  }
}
