/** A door before a server of any protocol: while it is shut, the server is away. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

const HOST = '127.0.0.1'

export class TcpGate {
  /** Where clients find the server; the same whenever it is open. */
  port = 0
  #server: Server | undefined
  readonly #clients = new Set<Socket>()

  /** Shut at first, with a port of its own. */
  private constructor(private readonly target: number) {}

  static async before(targetPort: number): Promise<TcpGate> {
    const gate = new TcpGate(targetPort)
    await gate.open()
    await gate.shut()
    return gate
  }

  async open(): Promise<void> {
    this.#server = createServer(client => this.#pass(client)).listen(this.port, HOST)
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as AddressInfo).port
  }

  /** Nobody listens any more, and those who were connected are cut off. */
  async shut(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = once(server, 'close')
    server.close()
    for (const client of this.#clients) client.destroy()
    await closed
  }

  #pass(client: Socket): void {
    const server = connect(this.target, HOST)
    this.#clients.add(client)
    client.on('close', () => {
      this.#clients.delete(client)
      server.destroy()
    })
    server.on('close', () => client.destroy())
    for (const socket of [client, server]) socket.on('error', () => undefined)
    client.pipe(server)
    server.pipe(client)
  }
}
