/**
 * A proxy before a real MQTT server that notes every packet, and can lose packets, freeze or break
 * connections.
 */

import type { AddressInfo } from 'node:net'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'

export type Side = 'client' | 'server'

const TYPES = [
  '',
  'connect',
  'connack',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
  'pingreq',
  'pingresp',
  'disconnect',
  'auth'
] as const
export type PacketType = (typeof TYPES)[number]

export interface Seen {
  readonly from: Side
  readonly type: PacketType
  /** Packet id, where the type has one. */
  readonly id: number | undefined
  readonly qos: number
  /** The packet itself. */
  readonly frame: Buffer
}

/**
 * The records in JSON of PUBLISH packets, in the order they went by. ActiveMQ Artemis hands some on
 * in another order, which says nothing of who publishes.
 */
export const recordsIn = <T>(packets: readonly Seen[]): T[] =>
  packets.map(({ frame }) => JSON.parse(frame.subarray(frame.indexOf('{"')).toString()) as T)

export class MqttTap {
  readonly seen: Seen[] = []
  /** Packets for which this is true are swallowed. */
  lose: (packet: Seen) => boolean = () => false
  #frozen = false
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #clients = new Set<Socket>()

  private constructor(private readonly target: URL) {
    this.#server = createServer(client => this.#join(client))
  }

  /** @param port where clients connect to; a free one where absent */
  static async before(url: string, port = 0): Promise<MqttTap> {
    const tap = new MqttTap(new URL(url))
    await new Promise<void>(listening => tap.#server.listen(port, '127.0.0.1', listening))
    tap.url = `mqtt://127.0.0.1:${(tap.#server.address() as AddressInfo).port}`
    return tap
  }

  /** Where clients connect to; stays the same after `close`. */
  url = ''

  /** Packets of this kind, oldest first. */
  of(from: Side, type: PacketType): Seen[] {
    return this.seen.filter(packet => packet.from === from && packet.type === type)
  }

  /** Nothing goes through any more, and nobody is told. */
  freeze(): void {
    this.#frozen = true
    for (const socket of this.#sockets) socket.pause()
  }

  /** Says this to all clients, as if the server did. */
  say(bytes: Uint8Array): void {
    for (const client of this.#clients) client.write(bytes)
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise(closed => this.#server.close(closed))
  }

  #join(client: Socket): void {
    const server = dial(Number(this.target.port), this.target.hostname)
    this.#clients.add(client)
    client.on('close', () => this.#clients.delete(client))
    this.#pass('client', client, server)
    this.#pass('server', server, client)
    if (this.#frozen) client.pause()
  }

  #pass(from: Side, source: Socket, sink: Socket): void {
    this.#sockets.add(source)
    let rest = Buffer.alloc(0)
    source.on('data', chunk => {
      rest = Buffer.concat([rest, chunk])
      for (
        let length = frameLength(rest);
        length > 0 && length <= rest.length;
        length = frameLength(rest)
      ) {
        const frame = rest.subarray(0, length)
        rest = rest.subarray(length)
        const packet = describe(from, frame)
        this.seen.push(packet)
        if (!this.lose(packet)) sink.write(frame)
      }
    })
    source.on('error', () => {})
    source.on('close', () => {
      this.#sockets.delete(source)
      if (!this.#frozen) sink.destroy()
    })
  }
}

/** Bytes of the first packet; 0 if its header is not whole yet. MQTT 5.0, 2.1.4. */
function frameLength(bytes: Buffer): number {
  let remaining = 0
  for (let index = 1; index <= 4; index++) {
    const byte = bytes[index]
    if (byte === undefined) return 0
    remaining += (byte & 0x7f) * 128 ** (index - 1)
    if (byte < 128) return 1 + index + remaining
  }
  throw new Error('not MQTT')
}

function describe(from: Side, frame: Buffer): Seen {
  const type = TYPES[frame[0]! >> 4]!
  const qos = type === 'publish' ? (frame[0]! >> 1) & 3 : 0
  let at = 1
  while (frame[at]! >= 128) at++
  at++
  if (type === 'publish') at += 2 + frame.readUInt16BE(at)
  const hasId = type === 'publish' ? qos > 0 : /^(pub|sub|unsub)/.test(type)
  return { from, type, id: hasId ? frame.readUInt16BE(at) : undefined, qos, frame }
}
