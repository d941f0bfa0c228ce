/** CoAP from outside: npm's client, raw datagrams, and flows of one test. */
import { createSocket, Socket } from 'node:dgram'
import { once } from 'node:events'
import { request as coapRequest } from 'coap'
import { generate, type Option, type Packet, type ParsedPacket, parse } from 'coap-packet'
import { nodeMetrics, report } from '../../../core/node/metrics.ts'
import { collectorOf } from '../../collector.ts'
import type { FlowEntry } from '../../node-red.ts'
import { until } from '../../until.ts'

export const TOKEN = 'a-token-of-some-length'
export const JSON_FORMAT = 50

let count = 0

/** A port of UDP on which nothing listens. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>(done => socket.close(done))
  return port
}

/** The socket that is bound meanwhile: what is emitted on it may come from anywhere. */
export async function boundBy(start: () => Promise<void>): Promise<Socket> {
  const { prototype } = Socket
  const { bind } = prototype
  let bound: Socket | undefined
  prototype.bind = function (this: Socket, ...given: unknown[]) {
    bound = this
    return Reflect.apply(bind, this, given)
  }
  try {
    await start()
  } finally {
    prototype.bind = bind
  }
  return bound!
}

/** A source before what stores, or holds, what it takes. */
export class CoapScene {
  readonly id = `coap-${++count}`
  readonly path = `in/${this.id}`

  constructor(
    readonly port: number,
    private readonly options: Readonly<Record<string, unknown>> = {}
  ) {}

  get flow(): FlowEntry[] {
    const z = `${this.id}-tab`
    return [
      { id: z, type: 'tab' },
      { id: `endpoint-${this.port}`, type: 'millrace-coap-endpoint', port: this.port },
      {
        id: this.id,
        type: 'millrace-coap-ingest',
        z,
        endpoint: `endpoint-${this.port}`,
        urlPath: `${this.path}/{site}/{device_id}`,
        access: 'open',
        acknowledge: 'stored',
        ...this.options,
        wires: [[`${this.id}-taken`], [`${this.id}-rejected`]]
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
    return nodeMetrics(this.id)!
  }
  get status() {
    return report().nodes.find(({ id }) => id === this.id)?.status
  }
  /** As JSON has them: without where they came from. */
  get records(): object[] {
    return JSON.parse(JSON.stringify(this.taken.records)) as object[]
  }
  get place(): string {
    return `${this.path}/site-01/d1`
  }
}

export interface Answer {
  readonly code: string
  readonly text: string
  readonly maxAge: number | undefined
}

export interface Sent {
  readonly format?: number | undefined
  readonly query?: string
  readonly method?: 'POST' | 'PUT' | 'GET'
  readonly confirmable?: boolean
  /** The exponent of the size of blocks. */
  readonly block?: number
}

/** By the client of npm's `coap`. */
export function post(
  port: number,
  path: string,
  body: string | Buffer,
  { format = JSON_FORMAT, query, method = 'POST', confirmable = true, block }: Sent = {}
): Promise<Answer> {
  return new Promise((resolve, refuse) => {
    const request = coapRequest({
      hostname: '127.0.0.1',
      port,
      pathname: `/${path}`,
      method,
      confirmable,
      ...(query !== undefined && { query })
    })
    request.setOption('Content-Format', format === 0 ? Buffer.alloc(0) : Buffer.of(format))
    if (block !== undefined) request.setOption('Block1', Buffer.of(block))
    request.on('response', response => {
      const { code, payload, headers } = response
      resolve({ code, text: payload.toString('utf8'), maxAge: headers['Max-Age'] as number })
    })
    request.on('error', refuse)
    request.end(Buffer.from(body))
  })
}

/** A sender of datagrams that are written by hand. */
export class Sender {
  readonly heard: ParsedPacket[] = []
  private constructor(
    private readonly socket: Socket,
    private readonly port: number
  ) {
    socket.on('message', bytes => {
      const packet = parse(bytes)
      if (this.#isOfBefore(packet)) {
        const { confirmable, messageId } = packet
        if (confirmable) this.send({ code: '0.00', ack: true, messageId })
        return
      }
      this.bytes += bytes.length
      this.heard.push(packet)
    })
  }
  #only: Buffer | undefined

  /**
   * An answer to what a test before has sent: it comes when the flow has stored it, and again until
   * it is acknowledged.
   */
  #isOfBefore({ token }: ParsedPacket): boolean {
    return this.#only !== undefined && token.length > 0 && !token.equals(this.#only)
  }
  /** What came back. */
  bytes = 0

  static async open(port: number): Promise<Sender> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new Sender(socket, port)
  }

  raw(bytes: Buffer): void {
    this.socket.send(bytes, this.port, '127.0.0.1')
  }

  send(packet: Packet): Buffer {
    const bytes = generate(packet)
    this.raw(bytes)
    return bytes
  }

  async next(what = 'an answer'): Promise<ParsedPacket> {
    await until(what, () => this.heard.length > 0, 15_000, 5)
    return this.heard.shift()!
  }

  /**
   * Forgets what came back so far, all of it: what was sent before has been dealt with. Of what
   * comes later by itself only answers to this token are heard.
   */
  async settle(only?: Buffer): Promise<void> {
    this.#only = only
    const messageId = 60_000 + this.#pings++
    this.send({ confirmable: true, code: '0.00', messageId })
    const isSeen = () => this.heard.some(each => each.reset && each.messageId === messageId)
    await until('the reset by which all before is done', isSeen, 15_000, 5)
    this.heard.length = 0
    this.bytes = 0
  }
  #pings = 0

  close(): void {
    this.socket.close()
  }
}

/** A POST as a sender writes it by hand. */
export function postOf(path: string, body: string | Buffer, packet: Packet = {}): Packet {
  const levels = path.split('/').map(level => ({ name: 'Uri-Path', value: Buffer.from(level) }))
  const options: Option[] = [
    ...levels,
    { name: 'Content-Format', value: Buffer.of(JSON_FORMAT) },
    ...((packet.options as Option[] | undefined) ?? [])
  ]
  const payload = Buffer.from(body)
  return { code: '0.02', confirmable: true, token: Buffer.of(1, 2), payload, ...packet, options }
}

/** The option by which a body is told to come in blocks. */
export const block1 = (number: number, more: boolean, exponent: number): Option => {
  const value = Buffer.alloc(3)
  value.writeUIntBE(number * 16 + (more ? 8 : 0) + exponent, 0, 3)
  return { name: 'Block1', value }
}
