import type { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { MillraceError, Restarts, reasonOf } from '@millrace/node-red-telemetry'
import { busy, CODES } from './answer.ts'
import { Codec, type Datagram } from './datagram.ts'
import type { Exchange } from './exchange.ts'
import { Exchanges } from './exchanges.ts'
import { type CoapRequest, isProxied, requestOf, unknownCritical } from './request.ts'

/** Takes requests whose paths are its own. */
export interface Taker {
  owns(path: string): boolean
  take(request: CoapRequest, exchange: Exchange): void
  /** It is listened again, or not any more. */
  changed(): void
}

/** Where is listened: a port of UDP, at one address or all. */
export interface ListenAt {
  readonly host: string
  readonly port: number
}

/** Why it is not listened. */
export interface EndpointProblem {
  readonly error: MillraceError
  /** For the status. */
  readonly words: string
}

const BACKOFF = { initialMs: 500, maxMs: 15_000 }
/** A burst that comes while Node-RED is at work waits here; the system may allow less. */
const RECEIVE_BYTES = 1 << 20
/** So long a node that comes again after a deployment is waited for. */
const COMES_AGAIN_MS = 5_000

/** One port, for all nodes whose paths are behind it. */
export class CoapEndpoint {
  readonly #takers = new Map<string, Taker>()
  readonly #leaving = new Map<string, NodeJS.Timeout>()
  readonly #restarts = new Restarts(() => void this.#listen(), BACKOFF)
  readonly #listeners = new Set<(request: CoapRequest) => void>()
  readonly #watchers = new Set<() => void>()
  #exchanges: Exchanges | undefined
  #codec: Codec | undefined
  #socket: Socket | undefined
  #isBound = false
  #hasBegun = false
  #isEnded = false
  #problem: EndpointProblem | undefined

  constructor(readonly at: ListenAt) {}

  get problem(): EndpointProblem | undefined {
    return this.#problem
  }
  get isBound(): boolean {
    return this.#isBound
  }
  /** Nodes that take what comes. */
  get takers(): number {
    return this.#takers.size
  }
  get exchanges(): Pick<Exchanges, 'open' | 'remembered' | 'unacknowledged'> | undefined {
    return this.#exchanges
  }

  /** The id is that of its node, which takes its place again after a deployment. */
  add(id: string, taker: Taker): void {
    clearTimeout(this.#leaving.get(id))
    this.#leaving.delete(id)
    this.#takers.delete(id)
    this.#takers.set(id, taker)
    this.begin()
  }

  /** @param comesAgain its node: until then it tells senders to do so too */
  leave(id: string, comesAgain: boolean): void {
    const taker = this.#takers.get(id)
    if (!comesAgain) this.#takers.delete(id)
    if (!comesAgain || taker === undefined) return
    const go = () => {
      if (this.#takers.get(id) === taker) this.#takers.delete(id)
    }
    this.#leaving.set(id, setTimeout(go, COMES_AGAIN_MS).unref())
  }

  begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    void this.#listen()
  }

  /** Hears requests that come with a whole body; returns what ends it. */
  listen(hear: (request: CoapRequest) => void): () => void {
    this.#listeners.add(hear)
    return () => void this.#listeners.delete(hear)
  }

  /** Calls `watch` when it is listened, or not any more. */
  onChange(watch: () => void): void {
    this.#watchers.add(watch)
  }

  end(): void {
    this.#isEnded = true
    this.#restarts.end()
    for (const timer of this.#leaving.values()) clearTimeout(timer)
    this.#exchanges?.end()
    this.#close()
  }

  async #listen(): Promise<void> {
    try {
      this.#codec ??= await Codec.load()
      const { createSocket } = await import('node:dgram')
      if (this.#isEnded) return
      const { host, port } = this.at
      const type = isIPv6(host) ? 'udp6' : 'udp4'
      const socket = createSocket({ type, recvBufferSize: RECEIVE_BYTES })
      this.#socket = socket
      this.#exchanges ??= this.#exchangesOf(this.#codec)
      socket.on('error', error => this.#failed(socket, error))
      socket.on('message', (bytes, { address, port: from }) =>
        this.#take(bytes, `${address} ${from}`)
      )
      socket.bind(port, host, () => this.#bound(socket))
    } catch (error) {
      this.#failed(this.#socket, error)
    }
  }

  #exchangesOf(codec: Codec): Exchanges {
    return new Exchanges({
      codec,
      now: () => performance.now(),
      send: (bytes, peer) => this.#send(bytes, peer)
    })
  }

  /** One that cannot be reached asks again. */
  #send(bytes: Buffer, peer: string): void {
    const [address, port] = peer.split(' ') as [string, string]
    try {
      if (this.#isBound) this.#socket?.send(bytes, Number(port), address, () => undefined)
    } catch {
      // Where there is no such address: a datagram may come from port 0, but none can go there.
    }
  }

  #bound(socket: Socket): void {
    if (socket !== this.#socket || this.#isEnded) return
    this.#isBound = true
    this.#problem = undefined
    this.#restarts.works()
    this.#tellAll()
  }

  #failed(socket: Socket | undefined, error: unknown): void {
    if (this.#isEnded || socket !== this.#socket) return
    this.#close()
    this.#problem = problemOf(this.at, error)
    this.#restarts.later()
    this.#tellAll()
  }

  #close(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#isBound = false
    try {
      socket?.close()
    } catch {
      // It never was open.
    }
  }

  #tellAll(): void {
    for (const taker of this.#takers.values()) taker.changed()
    for (const watch of this.#watchers) watch()
  }

  #take(bytes: Buffer, peer: string): void {
    const [codec, exchanges] = [this.#codec!, this.#exchanges!]
    const message = codec.read(bytes)
    if (!('type' in message)) {
      if (message.messageId !== undefined) exchanges.reset(peer, message.messageId)
    } else if (message.type === 'ack' || message.type === 'rst')
      exchanges.acknowledged(peer, message.messageId)
    else if (isRequest(message)) this.#request(peer, message, exchanges)
    else if (message.type === 'con') exchanges.reset(peer, message.messageId)
  }

  #request(peer: string, message: Datagram, exchanges: Exchanges): void {
    const unknown = unknownCritical(message)
    // RFC 7252, 5.4.1: one that is not confirmable is ignored.
    if (unknown !== undefined && message.type === 'non') return
    const exchange = exchanges.begin(peer, message)
    if (exchange === undefined) return
    if (unknown !== undefined)
      exchange.answer(
        { code: CODES.badOption, text: `Option ${unknown} is not known here.` },
        false
      )
    else if (isProxied(message)) exchange.answer({ code: CODES.noProxy }, false)
    else this.#hand(requestOf(peer, message), exchange)
  }

  #hand(request: CoapRequest, exchange: Exchange): void {
    if (request.block === undefined) for (const hear of this.#listeners) hear(request)
    const taker = this.#takerOf(request.path)
    if (taker !== undefined) taker.take(request, exchange)
    else if (this.#listeners.size > 0) exchange.answer(busy('Somebody only listens here.'), false)
    else exchange.answer({ code: CODES.notFound }, false)
  }

  #takerOf(path: string | undefined): Taker | undefined {
    if (path === undefined) return undefined
    for (const taker of this.#takers.values()) if (taker.owns(path)) return taker
    return undefined
  }
}

const isRequest = ({ code }: Datagram) => code.startsWith('0.') && code !== '0.00'

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EACCES: 'the operating system does not allow it; ports below 1024 need a right of their own',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the name is not known'
}

function problemOf({ host, port }: ListenAt, error: unknown): EndpointProblem {
  const { code = '' } = error as { code?: string }
  const why = WHY[code] ?? reasonOf(error)
  const message = `CoAP requests cannot be taken at ${host}, UDP port ${port}: ${why}.`
  return {
    error: new MillraceError('COAP_LISTEN_FAILED', message, { cause: error }),
    words: `UDP port ${port}: ${why.split(';', 1)[0]}`
  }
}
