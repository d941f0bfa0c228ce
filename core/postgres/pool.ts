import type { Client, ClientBase, Pool, PoolClient, PoolConfig, QueryResult, QueryResultRow } from 'pg'
import type { DatabaseSettings } from './settings.ts'
import { isServerError } from './sqlstate.ts'

/** A connection while it is lent. */
export type Session = PoolClient

/** How long connections may take to say goodbye before their sockets are cut. */
const GOODBYE_MS = 3000
/** What the client waits beyond the server's statement timeout before it takes the peer for dead. */
const GRACE_MS = 5000

/**
 * Connections to one database, shared by the nodes that use it. The driver is loaded and the first connection made when
 * first needed; the last user to leave closes them.
 */
export class Database {
  #pool: Promise<Pool> | undefined
  #users = 0
  readonly #open = new Set<Client>()

  constructor(readonly settings: DatabaseSettings) {}

  /** Says that a node uses the connections, until it calls `release`. */
  acquire(): void {
    this.#users++
  }

  /** The node has no more use for the connections. Ends within 5 s, also when the server is dead. */
  async release(): Promise<void> {
    if (--this.#users <= 0) await this.close()
  }

  /** Closes all connections, waiting for none that is busy. The next use opens new ones. */
  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    if (!pool) return
    const ended = pool.then(it => it.end())
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, GOODBYE_MS)
    })
    await Promise.race([ended, late]).finally(() => clearTimeout(timer))
    // a peer that vanished never answers the goodbye, and pool.end() never resolves
    for (const client of this.#open) cut(client, new Error('Connection terminated: the node was stopped'))
  }

  /**
   * Lends a connection. After the deadline its socket is cut and the work's queries reject; a connection that broke, or that
   * is still in a transaction, is not used again.
   */
  async with<T>(work: (session: Session) => Promise<T>, deadlineMs = this.settings.statementTimeoutMs + GRACE_MS): Promise<T> {
    const session = await (await this.#started()).connect()
    let broken: Error | undefined
    // an error event that nobody listens to ends the process, and pg-pool listens to idle connections only
    const onError = (error: Error) => {
      broken = error
    }
    session.on('error', onError)
    const timer = setTimeout(() => cut(session, new Error(`The server did not answer within ${deadlineMs} ms (timeout)`)), deadlineMs)
    try {
      return await work(session)
    } catch (error) {
      if (!isServerError(error)) broken ??= error instanceof Error ? error : new Error(String(error))
      throw error
    } finally {
      clearTimeout(timer)
      session.removeListener('error', onError)
      session.release(broken ?? isInTransaction(session))
    }
  }

  /** One statement on any connection. */
  query<R extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<QueryResult<R>> {
    return this.with(session => session.query<R>(text, [...values]))
  }

  #started(): Promise<Pool> {
    this.#pool ??= this.#start()
    return this.#pool
  }

  async #start(): Promise<Pool> {
    const { default: pg } = await import('pg')
    const pool = new pg.Pool(poolConfig(this.settings))
    pool.on('connect', client => this.#open.add(client))
    pool.on('remove', client => this.#open.delete(client))
    // an idle connection that the server ends is not an error: the next use makes a new one
    pool.on('error', () => {})
    return pool
  }
}

function poolConfig(settings: DatabaseSettings): PoolConfig {
  const { host, port, database, user, password, tls, statementTimeoutMs } = settings
  return {
    host,
    port,
    database,
    user,
    // a function, since for an empty password pg would look into the environment and ~/.pgpass of whoever runs Node-RED
    password: () => password,
    ssl: tls ?? false,
    application_name: settings.applicationName,
    max: settings.maxConnections,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // not as a start-up parameter, which PgBouncer refuses
    onConnect: async (client: ClientBase) => {
      await client.query(`SET statement_timeout = ${Math.round(statementTimeoutMs)}; SET TimeZone = 'UTC'`)
    }
  }
}

interface Internals {
  readonly connection?: { readonly stream: { destroy(error?: Error): void } }
  getTransactionStatus?(): string | null
}

/** pg has no public way to give a connection up without the server's help. */
function cut(client: Client | PoolClient, reason: Error): void {
  ;(client as unknown as Internals).connection?.stream.destroy(reason)
}

function isInTransaction(client: PoolClient): boolean {
  const status = (client as unknown as Internals).getTransactionStatus?.()
  return status === 'T' || status === 'E'
}
