/** AMQP 1.0 from outside: a client beside the one under test, and flows of one test. */
import { once } from 'node:events'
import rhea, { type Connection, type EventContext, type Message, type Receiver } from 'rhea'
import { report } from '../../../core/node/metrics.ts'
import { type Collector, collectorOf } from '../../collector.ts'
import type { FlowEntry } from '../../node-red.ts'
import { until } from '../../until.ts'

let count = 0
/** A name that no other test has. */
export const unique = (name: string): string => `${name}-${process.pid}-${Date.now()}-${++count}`

/** The AMQP address of the stack's server, which speaks MQTT on the same port. */
export const amqpUrl = (mqttUrl: string): string => mqttUrl.replace(/^mqtt/, 'amqp')

export class Client {
  private constructor(readonly connection: Connection) {}

  static async open(url: string): Promise<Client> {
    const { hostname, port } = new URL(url)
    const container = rhea.create_container({ id: unique('client') })
    const connection = container.connect({
      host: hostname,
      port: Number(port),
      username: 'anonymous',
      reconnect: false
    })
    connection.on('disconnected', () => undefined)
    await once(connection, 'connection_open')
    return new Client(connection)
  }

  /** Sends these messages to a queue, and comes back when all are accepted. */
  async send(address: string, messages: readonly object[], capability = 'queue'): Promise<void> {
    const sender = this.connection.open_sender({ target: { address, capabilities: [capability] } })
    let [next, accepted] = [0, 0]
    const pump = () => {
      while (next < messages.length && sender.sendable())
        sender.send({ durable: true, ...messages[next++] } as unknown as Message)
    }
    sender.on('sendable', pump)
    sender.on('accepted', () => {
      accepted++
      pump()
    })
    await until(
      `${messages.length} messages to be accepted`,
      () => accepted === messages.length,
      60_000,
      5
    )
    sender.close()
  }

  /** Takes what is in a queue, and keeps it. */
  take(address: string): EventContext[] {
    const found: EventContext[] = []
    this.#receive(address).on('message', (context: EventContext) => found.push(context))
    return found
  }

  /** Takes what comes to a queue. */
  listen(address: string, hear: (message: Message) => void): void {
    this.#receive(address).on('message', ({ message }: EventContext) => hear(message!))
  }

  #receive(address: string): Receiver {
    return this.connection.open_receiver({
      source: { address, capabilities: ['queue'] },
      credit_window: 1000
    })
  }

  async close(): Promise<void> {
    const gone = once(this.connection, 'connection_close').catch(() => undefined)
    this.connection.close()
    await Promise.race([gone, once(this.connection, 'disconnected')])
  }
}

/** Ids and names of one test: nothing is shared with another. */
export interface Scene {
  readonly queue: string
  readonly ingest: string
  readonly taken: Collector
  readonly rejected: Collector
  readonly flow: FlowEntry[]
}

export function sceneOf(
  url: string,
  options: Record<string, unknown> = {},
  server: Record<string, unknown> = {}
): Scene {
  const queue = unique('queue')
  const [tab, serverId, ingest] = [unique('tab'), unique('server'), unique('ingest')]
  const [taken, rejected] = [unique('taken'), unique('rejected')]
  return {
    queue,
    ingest,
    taken: collectorOf(taken),
    rejected: collectorOf(rejected),
    flow: [
      { id: tab, type: 'tab' },
      { id: serverId, type: 'millrace-amqp-server', url, ...server },
      {
        id: ingest,
        z: tab,
        type: 'millrace-amqp-ingest',
        server: serverId,
        address: queue,
        pace: 'latency',
        wires: [[taken], [rejected]],
        ...options
      },
      { id: taken, z: tab, type: 'collect', wires: [] },
      { id: rejected, z: tab, type: 'collect', wires: [] }
    ]
  }
}

export const nodeOf = (scene: Scene) => report().nodes.find(({ id }) => id === scene.ingest)!
export const countsOf = (scene: Scene) => nodeOf(scene).counts

/** Numbered readings as bodies. */
export const readings = (count: number, first = 0): object[] =>
  Array.from({ length: count }, (_, index) => ({ body: JSON.stringify({ n: first + index }) }))

/** The numbers that a collector got, each once, in order. */
export const numbersOf = (collector: Collector): number[] =>
  [...new Set((collector.records as { n: number }[]).map(({ n }) => n))].sort((a, b) => a - b)

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
