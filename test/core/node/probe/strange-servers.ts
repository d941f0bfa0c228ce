/** Servers on 127.0.0.1 that do not do what a client expects. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

export interface StrangeServer {
  readonly port: number
  /** Connections that are open now. */
  readonly open: ReadonlySet<Socket>
  /** All that clients have sent. */
  heard(): Buffer
  close(): Promise<void>
}

/** `answer` gives what is written when bytes arrive: undefined for nothing, null to close. */
export async function strangeServer(
  answer: (request: Buffer, count: number) => Buffer | undefined | null,
  greeting?: Buffer
): Promise<StrangeServer> {
  const open = new Set<Socket>()
  const heard: Buffer[] = []
  const server: Server = createServer(socket => {
    let count = 0
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => {})
    if (greeting) socket.write(greeting)
    socket.on('data', request => {
      heard.push(request)
      const said = answer(request, count++)
      if (said === null) socket.destroy()
      else if (said) socket.write(said)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    open,
    heard: () => Buffer.concat(heard),
    async close() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}

export const silent = (): Promise<StrangeServer> => strangeServer(() => undefined)

const bytes = (...values: number[]) => Buffer.from(values)
const text = (value: string) => Buffer.from(value, 'latin1')

/** Length, the correlation id that was asked with, and a body: what Kafka answers, or nearly. */
function kafkaAnswer(request: Buffer, body: Buffer, length = body.length + 4): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(length)
  if (request.length >= 12) request.copy(head, 4, 8, 12)
  return Buffer.concat([head, body])
}

/** A message of PostgreSQL: type, length, body. */
function postgresMessage(type: string, body: Buffer, length = body.length + 4): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeInt32BE(length, 1)
  return Buffer.concat([head, body])
}

/** MQTT packets of every type with contents that do not fit. */
const packets = (seed: number) =>
  Buffer.concat(
    Array.from({ length: 16 }, (_, type) =>
      bytes((type << 4) | (seed & 15), 5, 0, 3, (seed * 7 + type) & 255, 2, type)
    )
  )

const loggedIn = Buffer.concat([
  postgresMessage('R', bytes(0, 0, 0, 0)),
  postgresMessage('Z', text('I'))
])

/** One server for each kind of rubbish: of no protocol, and of each of ours up to some point. */
export function rubbishServers(): Promise<StrangeServer[]> {
  const noise = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 251))
  return Promise.all([
    strangeServer(() => null),
    strangeServer(() => noise),
    strangeServer(() => undefined, noise),
    strangeServer(() => text('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')),
    strangeServer(() =>
      text(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x7f'
      )
    ),
    strangeServer(request => kafkaAnswer(request, bytes(0, 35, 0xff, 0xff, 0xff, 0xff, 1))),
    strangeServer(request => kafkaAnswer(request, noise)),
    strangeServer(request => kafkaAnswer(request, bytes(), -5)),
    strangeServer(request => kafkaAnswer(request, bytes(), 0x7fffffff)),
    strangeServer(request => kafkaAnswer(request, bytes(), 0)),
    strangeServer(() => bytes(0x20, 3, 0, 0, 0)),
    strangeServer(() => bytes(0x20, 3, 0, 0x87, 0)),
    strangeServer(() => bytes(0x20, 2, 0, 5)),
    strangeServer(() => bytes(0x20, 0xff, 0xff, 0xff, 0xff, 0xff)),
    strangeServer(() => bytes(0x20, 3, 0, 0, 0, 0x30, 2, 0, 9)),
    strangeServer((_request, count) => Buffer.concat([bytes(0x20, 3, 0, 0, 0), packets(count)])),
    strangeServer((_request, count) => packets(count)),
    strangeServer(() => text('S')),
    strangeServer(() => text('N')),
    strangeServer(() => postgresMessage('R', bytes(0, 0, 0, 99))),
    strangeServer(() => postgresMessage('R', bytes(0, 0, 0, 10), 1_000_000)),
    strangeServer(() => postgresMessage('R', Buffer.concat([bytes(0, 0, 0, 10), text('X\0\0')]))),
    strangeServer(() => postgresMessage('E', text('SFATAL\0C57P03\0Mno\0\0'))),
    strangeServer((_request, count) => (count === 0 ? loggedIn : noise)),
    strangeServer((_request, count) =>
      count === 0 ? loggedIn : postgresMessage('D', bytes(0, 9))
    ),
    strangeServer((_request, count) => (count === 0 ? loggedIn : undefined)),
    strangeServer((_request, count) => (count === 0 ? loggedIn : null))
  ])
}
