import { MillraceError, Restarts } from '@millrace/node-red-telemetry'
import type { Connection, ConnectionOptions, EventContext } from 'rhea'
import { type AmqpError, connectionProblem } from './problem.ts'
import { type AmqpSettings, hostOf, isSecure, portOf } from './settings.ts'
import { boundReads } from './wire.ts'

export interface ConnectionEvents {
  /** The server has let the client in: links are made anew, on this connection. */
  open(connection: Connection): void
  /** It is gone, with all its links, and is made again by itself. */
  lost(problem: AmqpError): void
}

/** How long a server may take to let a client in. */
const OPEN_LIMIT_MS = 10_000
const BACKOFF = { initialMs: 500, maxMs: 15_000 }
/** Deliveries that are not settled, of each direction; rhea refuses to go beyond. */
const SESSION_DELIVERIES = 65_536

/**
 * A connection that is made again when it is lost. Each time it is a new one of rhea's, without its
 * own reconnecting: that would open the old links at once, whose deliveries are not those that the
 * server means any more.
 */
export class AmqpConnection {
  readonly #restarts = new Restarts(() => void this.#connect(), BACKOFF)
  #connection: Connection | undefined
  #problem: AmqpError | undefined
  #isEnded = false

  constructor(
    private readonly settings: AmqpSettings,
    private readonly events: ConnectionEvents
  ) {}

  /** Why there is none; undefined while there is, and before it was first tried. */
  get problem(): AmqpError | undefined {
    return this.#problem
  }

  start(): void {
    void this.#connect()
  }

  /** What was wanted of it works: the next pause is a short one again. */
  works(): void {
    this.#restarts.works()
    this.#problem = undefined
  }

  /** A link was refused or taken away: all of it is made anew, after a pause. */
  fail(problem: AmqpError): void {
    const connection = this.#connection
    if (connection === undefined || this.#isEnded) return
    this.#connection = undefined
    connection.close()
    later(() => socketOf(connection)?.destroy())
    this.#lost(problem)
  }

  /** Says goodbye, and waits for the answer for so long at most. */
  async close(limitMs: number): Promise<void> {
    this.#isEnded = true
    this.#restarts.end()
    const connection = this.#connection
    this.#connection = undefined
    if (connection === undefined) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, limitMs)
      const end = () => {
        clearTimeout(timer)
        resolve()
      }
      connection.once('connection_close', end).once('disconnected', end)
      connection.close()
    })
    socketOf(connection)?.destroy()
  }

  async #connect(): Promise<void> {
    const { default: rhea } = await import('rhea')
    if (this.#isEnded) return
    boundReads(rhea)
    const container = rhea.create_container({ id: this.settings.containerId })
    const connection = container.create_connection(optionsOf(this.settings))
    this.#connection = connection
    let isOpen = false
    const end = (error: unknown) => {
      clearTimeout(timer)
      if (this.#connection !== connection) return
      this.#connection = undefined
      later(() => socketOf(connection)?.destroy())
      this.#lost(connectionProblem(error, this.settings, isOpen))
    }
    const timer = setTimeout(() => end(NO_ANSWER), OPEN_LIMIT_MS)
    connection.on('connection_open', () => {
      // A server that lets nobody in opens first, and closes with the reason.
      if (REFUSED in (connection.properties ?? {})) return
      clearTimeout(timer)
      isOpen = true
      if (this.#connection === connection) this.events.open(connection)
    })
    for (const name of ['connection_error', 'connection_close', 'disconnected', 'session_error'])
      connection.on(name, (context: EventContext) => end(errorOf(context)))
    for (const emitter of [connection, container])
      for (const name of ['error', 'protocol_error'])
        emitter.on(name, (error: unknown) => end(error))
    connection.connect()
  }

  #lost(problem: AmqpError): void {
    if (this.#isEnded) return
    this.#problem = problem
    this.#restarts.later()
    this.events.lost(problem)
  }
}

/** A property by which servers announce that what follows is the refusal. */
const REFUSED = 'amqp:connection-establishment-failed'

const NO_ANSWER = new MillraceError(
  'AMQP_CONNECT_FAILED',
  `it took the connection and did not answer within ${OPEN_LIMIT_MS / 1000} s`
)

/** After the events of rhea that are under way, and what it still has to write. */
const later = (work: () => void) => setTimeout(work, 100).unref()

interface Closable {
  destroy(): void
}
const socketOf = (connection: Connection): Closable | undefined =>
  (connection as unknown as { socket?: Closable }).socket

function errorOf({ error, connection, session }: EventContext): unknown {
  return error ?? connection?.error ?? session?.error
}

function optionsOf(settings: AmqpSettings): ConnectionOptions {
  const { url, login, username, password, tls, containerId, hostname, idleTimeoutMs } = settings
  const host = hostOf(url)
  const shared = {
    host,
    port: portOf(url),
    container_id: containerId,
    hostname: hostname === '' ? host : hostname,
    ...(idleTimeoutMs > 0 ? { idle_time_out: idleTimeoutMs } : {}),
    session_buffer_size: SESSION_DELIVERIES,
    reconnect: false,
    tcp_no_delay: true,
    ...SASL[login](username, password)
  }
  // Of an address rather than a name no certificate is asked for by name.
  const servername = tls.servername || (/^[\d.]+$|:/.test(host) ? '' : host)
  return (
    isSecure(url) ? { ...shared, ...tls, servername, transport: 'tls' } : shared
  ) as ConnectionOptions
}

/** By which rhea chooses the mechanism. */
const SASL = {
  none: () => ({ username: 'anonymous' }),
  password: (username: string, password: string) => ({ username, password }),
  certificate: () => ({ enable_sasl_external: true })
} as const
