/**
 * Lane http: senders post lists of records, each as soon as it has the answer to the one before →
 * raw topic. What is answered is stored.
 */
import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Contestant } from '../contestant.ts'
import { PROBE, payloadOf, preparedTime } from '../fleet.ts'
import {
  arrived,
  firstTime,
  type Result,
  result,
  type Setting,
  Start,
  WARM_UP_SHARE
} from './lane.ts'

const SENDERS = 16
const IN_A_LIST = 100
const READY_MS = 60_000
/** Of whoever posts here; also what a contestant is told. */
export const PATH = '/bench'

export async function laneHttp(setting: Setting, contestant: Contestant): Promise<Result[]> {
  const lists = Math.ceil(setting.records.http / IN_A_LIST)
  const records = lists * IN_A_LIST
  const { topics } = setting.field
  const start = new Start(setting, contestant, 'http')
  const { RAW_TOPIC } = start.environment
  await topics.create(RAW_TOPIC, setting.partitions)
  const sender = new Sender(await freePort())
  try {
    const running = start.start({ NODE_RED_PORT: String(sender.port) })
    await ready(sender, setting)
    const bodies = bodiesOf(setting, lists)
    const waits = await sendAll(sender, bodies, done => setting.onProgress(done, records))
    const size = async () => (await topics.size(RAW_TOPIC)) - 1
    await arrived({ size, expected: records, running, onProgress: () => {} })
    const arrivals = await topics.read(RAW_TOPIC, { from: 0, count: records }, ({ value }) =>
      Number(value)
    )
    const window = arrivals.window(WARM_UP_SHARE)
    const more = { variant: `lists of ${IN_A_LIST}, ${SENDERS} senders`, records }
    return [result(start, window, arrivals.count, { ...more, ...percentiles(waits) })]
  } finally {
    sender.close()
    await start.clear()
  }
}

function bodiesOf({ shape }: Setting, lists: number): string[] {
  const firstMs = firstTime()
  return Array.from({ length: lists }, (_, list) => {
    const first = list * IN_A_LIST
    const each = Array.from({ length: IN_A_LIST }, (_, index) =>
      payloadOf(first + index, preparedTime(first + index, firstMs), shape)
    )
    return `[${each.join(',')}]`
  })
}

/** Gives how long each list had to wait for its answer, in ms, without those that warm up. */
async function sendAll(
  sender: Sender,
  bodies: readonly string[],
  onProgress: (records: number) => void
): Promise<number[]> {
  const waits: number[] = []
  const warm = bodies.length * WARM_UP_SHARE
  let next = 0
  const work = async () => {
    for (let list = next++; list < bodies.length; list = next++) {
      const sentMs = performance.now()
      for (let status = 0; status !== 204; ) {
        status = await sender.post(bodies[list]!)
        if (status === 429 || status === 503) await wait(20)
        else if (status !== 204) throw new Error(`A list of records was answered with ${status}.`)
      }
      if (list >= warm) waits.push(performance.now() - sentMs)
      onProgress(list * IN_A_LIST)
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, work))
  return waits
}

async function ready(sender: Sender, { shape }: Setting): Promise<void> {
  const limit = performance.now() + READY_MS
  const probe = payloadOf(PROBE, Date.now(), shape)
  while ((await sender.post(probe).catch(() => 0)) !== 204) {
    if (performance.now() > limit)
      throw new Error(`Nothing was answered within ${READY_MS / 1000} s.`)
    await wait(200)
  }
}

function percentiles(waits: number[]): Pick<Result, 'p50Ms' | 'p99Ms'> {
  const sorted = waits.sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * sorted.length)] ?? 0
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}

/** Keeps its connections open, as a gateway does. */
class Sender {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: SENDERS })

  constructor(readonly port: number) {}

  /** The status of the answer. */
  post(body: string): Promise<number> {
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body)
    }
    const to = { host: '127.0.0.1', port: this.port, path: PATH, agent: this.#agent }
    return new Promise((resolve, refuse) => {
      const sent = request({ ...to, method: 'POST', headers }, answer => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode ?? 0))
      })
      sent.on('error', refuse)
      sent.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, refuse) => {
    const server = createServer().once('error', refuse)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
