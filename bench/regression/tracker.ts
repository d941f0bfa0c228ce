/** What following messages through a flow of Node-RED costs, as a multiple of the same flow without anybody following. */
import type { Node, NodeAPI, NodeDef } from 'node-red'
import { trackerOf } from '../../core/delivery/tracker.ts'
import type { Tracker } from '../../core/delivery/types.ts'
import { startNodeRed } from '../../test/node-red.ts'
import { cpuTime, median } from './compare.ts'

export interface TrackerCost {
  /** The tracker listens, but these messages are not from a source of ours. */
  readonly idle: number
  readonly tracking: number
}

const MESSAGES = 1_000
const ROUNDS = 9

const FLOW = [
  { id: 'tab', type: 'tab', label: 'cost' },
  { id: 'source', type: 'bench-pass', z: 'tab', wires: [['first']] },
  { id: 'first', type: 'bench-pass', z: 'tab', wires: [['second']] },
  { id: 'second', type: 'bench-pass', z: 'tab', wires: [['sink']] },
  { id: 'sink', type: 'bench-sink', z: 'tab', wires: [] }
]

export async function trackerCost(): Promise<TrackerCost> {
  let api: NodeAPI | undefined
  let arrived: () => void = () => {}
  const register = (RED: NodeAPI) => {
    api = RED
    registerNodes(RED, () => arrived())
  }
  const nodeRed = await startNodeRed({ nodes: [register] })
  try {
    await nodeRed.deploy(FLOW)
    const tracker = trackerOf(api!)
    const source = nodeRed.node<Node>('source')
    const turn = async (send: () => void): Promise<number> => {
      const all = new Promise<void>(resolve => {
        let open = MESSAGES
        arrived = () => {
          if (--open === 0) resolve()
        }
      })
      const before = cpuTime()
      for (let index = 0; index < MESSAGES; index++) send()
      await all
      // completions come after the sink's last word
      await new Promise(setImmediate)
      return cpuTime() - before
    }
    return await compare(turn, tracker, source)
  } finally {
    await nodeRed.stop()
  }
}

async function compare(turn: (send: () => void) => Promise<number>, tracker: Tracker, source: Node): Promise<TrackerCost> {
  const plain = () => source.send({ payload: 1 })
  const tracked = () => {
    const message = { payload: 1 }
    const delivery = tracker.open(message, source.id, { mode: 'stored', records: 1, timeoutMs: 60_000, onSettled: () => {} })
    source.send(message)
    delivery.sent()
  }
  const listening = async (send: () => void) => {
    const leave = tracker.register(source)
    const micros = await turn(send)
    while (tracker.openCount > 0) await new Promise(setImmediate)
    leave()
    return micros
  }
  for (let round = 0; round < 3; round++) for (const send of [plain, tracked]) await listening(send)
  const idle: number[] = []
  const tracking: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const without = await turn(plain)
    idle.push((await listening(plain)) / without)
    tracking.push((await listening(tracked)) / without)
  }
  return { idle: median(idle), tracking: median(tracking) }
}

function registerNodes(RED: NodeAPI, onArrival: () => void): void {
  RED.nodes.registerType('bench-pass', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config)
    this.on('input', (message, send, done) => {
      send(message)
      done()
    })
  })
  RED.nodes.registerType('bench-sink', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config)
    this.on('input', (message, _send, done) => {
      trackerOf(RED).confirm(message, { stored: 1 })
      done()
      onArrival()
    })
  })
}
