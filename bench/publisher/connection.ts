import { connect, type Socket } from 'node:net'
import { CONNACK, connectPacket, PUBACK } from './packets.ts'

/**
 * A connection that only publishes. It does no more than count acknowledgements, so that it costs a
 * tenth of a client library and the broker or the contestant is what the lane measures.
 */
export class PublishingConnection {
  acknowledged = 0
  private rest: Buffer = Buffer.alloc(0)

  private constructor(
    private readonly socket: Socket,
    private readonly onAcknowledged: () => void
  ) {}

  static open(
    address: string,
    clientId: string,
    onAcknowledged: () => void
  ): Promise<PublishingConnection> {
    const url = new URL(address)
    if (url.protocol !== 'mqtt:')
      throw new Error(`The publisher speaks plain mqtt:// only, not ${url.protocol}//`)
    return new Promise((resolve, reject) => {
      const socket = connect({ host: url.hostname, port: Number(url.port || 1883), noDelay: true })
      const connection = new PublishingConnection(socket, onAcknowledged)
      socket.once('connect', () =>
        socket.write(
          connectPacket(
            clientId,
            decodeURIComponent(url.username),
            decodeURIComponent(url.password)
          )
        )
      )
      socket.on('data', chunk => connection.read(chunk, () => resolve(connection), reject))
      socket.once('error', reject)
      socket.once('close', () =>
        reject(new Error('The broker closed the connection of the publisher.'))
      )
    })
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  /** Sends DISCONNECT and ends the connection. */
  close(): void {
    this.socket.removeAllListeners('close').end(Buffer.from([0xe0, 0]))
  }

  private read(chunk: Buffer, connected: () => void, refused: (error: Error) => void): void {
    const bytes = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk
    let at = 0
    for (;;) {
      const packet = packetAt(bytes, at)
      if (packet === undefined) break
      if (bytes[at] === PUBACK) this.acknowledged++
      else if (bytes[at] === CONNACK) {
        const reason = bytes[packet.body + 1]!
        if (reason === 0) connected()
        else refused(new Error(`The broker refused the publisher with reason ${reason}.`))
      } else
        refused(new Error(`The broker sent the publisher a packet of type ${bytes[at]! >> 4}.`))
      at = packet.end
    }
    this.rest = bytes.subarray(at)
    this.onAcknowledged()
  }
}

/**
 * Where the body of the packet that begins at `at` begins and ends; undefined while it is not
 * whole.
 */
function packetAt(bytes: Buffer, at: number): { body: number; end: number } | undefined {
  let length = 0
  for (let index = 0; index < 4; index++) {
    const byte = bytes[at + 1 + index]
    if (byte === undefined) return undefined
    length += (byte & 127) * 128 ** index
    if (byte < 128) {
      const body = at + 2 + index
      return body + length <= bytes.length ? { body, end: body + length } : undefined
    }
  }
  throw new Error('The broker sent a packet whose length cannot be read.')
}
