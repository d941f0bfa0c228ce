/**
 * A TCP proxy before a Kafka broker that loses answers, swallows everything, or refuses to connect,
 * when it is told to.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Numbers of Kafka's requests (https://kafka.apache.org/protocol#protocol_api_keys). */
export const API = {
  produce: 0,
  fetch: 1,
  metadata: 3,
  offsetCommit: 8,
  findCoordinator: 10,
  heartbeat: 12
} as const

const HOST = '127.0.0.1'

/** An answer to a fetch that brings a record of these tests is larger. */
const NO_RECORDS_BYTES = 10_000
const EMPTY_WAIT_MS = 200

interface Asked {
  readonly api: number
  readonly version: number
}

/**
 * An answer to a fetch without its records (https://kafka.apache.org/protocol#The_Messages_Fetch).
 */
function emptied(frame: Buffer, version: number): Buffer {
  if (version !== 11) throw new Error(`Fetch v${version} is not known here`)
  const parts: Buffer[] = []
  let [at, from] = [22, 0]
  for (let topics = frame.readInt32BE(18); topics > 0; topics--) {
    at += 2 + frame.readInt16BE(at)
    const partitions = frame.readInt32BE(at)
    at += 4
    for (let partition = 0; partition < partitions; partition++) {
      // Partition, error, three offsets; then the aborted transactions, and a replica.
      at += 4 + 2 + 3 * 8
      at += 4 + 16 * Math.max(0, frame.readInt32BE(at)) + 4
      const size = Math.max(0, frame.readInt32BE(at))
      parts.push(frame.subarray(from, at), Buffer.alloc(4))
      at += 4 + size
      from = at
    }
  }
  const whole = Buffer.concat([...parts, frame.subarray(from)])
  whole.writeInt32BE(whole.length - 4, 0)
  return whole
}

/** Cuts a stream of length-prefixed frames into frames. */
class Frames {
  #rest: Buffer = Buffer.alloc(0)
  constructor(private readonly whole: (frame: Buffer) => void) {}
  push(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
    while (this.#rest.length >= 4 && this.#rest.length >= 4 + this.#rest.readInt32BE(0)) {
      const end = 4 + this.#rest.readInt32BE(0)
      this.whole(this.#rest.subarray(0, end))
      this.#rest = this.#rest.subarray(end)
    }
  }
}

export class FaultProxy {
  /** Answers that were lost so far. */
  lost = 0
  /** Requests that went through, by their number. */
  readonly seen = new Map<number, number>()
  /** Answers to fetches say where partitions end, and bring no records. */
  emptiesFetches = false
  /** So many answers to fetches bring records, then `emptiesFetches`. */
  bringsUntilEmpty = Number.POSITIVE_INFINITY
  #loseNext: number | undefined
  #swallows = false
  #server: Server | undefined
  #port = 0
  readonly #clients = new Set<Socket>()

  private constructor(private readonly targetPort: number) {}

  /** @param broker `127.0.0.1:port` */
  static async before(broker: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(Number(broker.split(':')[1]))
    await proxy.open()
    return proxy
  }

  get brokers(): string[] {
    return [`${HOST}:${this.#port}`]
  }

  /**
   * The broker gets the next request of this kind and answers it, but the connection breaks before
   * the answer arrives.
   */
  loseNextAnswer(api: number): void {
    this.#loseNext = api
  }

  /** Nothing goes through any more, and nobody is told: a cable was pulled. */
  swallow(): void {
    this.#swallows = true
  }

  /** Nobody listens any more, until `open`: the broker is down. */
  async refuse(): Promise<void> {
    const closed = new Promise(resolve => this.#server?.close(resolve))
    for (const client of this.#clients) client.destroy()
    await closed
  }

  async open(): Promise<void> {
    this.#swallows = false
    const server = createServer(client => this.#accept(client))
    this.#server = server
    await new Promise<void>(resolve => server.listen(this.#port, HOST, resolve))
    const address = server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
  }

  #accept(client: Socket): void {
    const broker = connect(this.targetPort, HOST)
    const asked = new Map<number, Asked>()
    this.#clients.add(client)
    client.on('close', () => {
      this.#clients.delete(client)
      broker.destroy()
    })
    client.on('error', () => undefined)
    broker.on('error', () => client.destroy())
    broker.on('close', () => client.destroy())
    const requests = new Frames(frame => {
      const api = frame.readInt16BE(4)
      asked.set(frame.readInt32BE(8), { api, version: frame.readInt16BE(6) })
      this.seen.set(api, (this.seen.get(api) ?? 0) + 1)
    })
    const answers = new Frames(frame => this.#answer(client, frame, asked))
    client.on('data', bytes => {
      if (this.#swallows) return
      broker.write(bytes)
      requests.push(bytes)
    })
    broker.on('data', bytes => {
      if (!this.#swallows) answers.push(bytes)
    })
  }

  #answer(client: Socket, frame: Buffer, asked: Map<number, Asked>): void {
    const correlation = frame.readInt32BE(4)
    const { api, version = 0 } = asked.get(correlation) ?? {}
    asked.delete(correlation)
    if (api === API.fetch && frame.length > NO_RECORDS_BYTES && this.bringsUntilEmpty-- <= 0)
      this.emptiesFetches = true
    if (api === API.fetch && this.emptiesFetches) {
      // As a broker that waits for records, and not at once.
      setTimeout(() => client.writable && client.write(emptied(frame, version)), EMPTY_WAIT_MS)
      return
    }
    if (api !== undefined && api === this.#loseNext) {
      this.#loseNext = undefined
      this.lost++
      client.destroy()
      return
    }
    if (client.writable)
      client.write(
        api === API.metadata || api === API.findCoordinator ? this.#readdressed(frame) : frame
      )
  }

  /**
   * The broker tells its clients where to find it: here. The port stands behind the host, in four
   * bytes.
   */
  #readdressed(frame: Buffer): Buffer {
    const changed = Buffer.from(frame)
    for (let at = changed.indexOf(HOST); at >= 0; at = changed.indexOf(HOST, at + 1)) {
      const port = at + HOST.length
      if (changed.readInt32BE(port) === this.targetPort) changed.writeInt32BE(this.#port, port)
    }
    return changed
  }
}
