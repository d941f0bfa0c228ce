import { Socket } from 'node:net'
import type {
  Client,
  Pool,
  PoolClient,
  PoolConfig,
  QueryConfig,
  QueryResult,
  QueryResultRow
} from 'pg'
import { endOnRubbish } from '../end-on-rubbish.ts'
import { anyText } from '../errors.ts'
import type { DatabasePlace } from './connect-errors.ts'
import { clientOf, cut, hostOfClient, isInTransaction, keyOf } from './connection.ts'
import { CopyIn } from './copy.ts'
import { failedAt, Hosts, isReadOnly, NoHostError, placeOf, UnwantedHostError } from './hosts.ts'
import type { DatabaseSettings } from './settings.ts'
import { failureKind, isServerError } from './sqlstate.ts'

/** How long connections may take to say goodbye before their sockets are cut. */
const GOODBYE_MS = 2000
/**
 * How long the configuration node waits for the nodes that still write. Node-RED waits for 15 s in
 * all.
 */
const RETIRE_MS = 10_000
/**
 * What the client waits beyond the server's statement timeout before it takes the peer for dead.
 */
const GRACE_MS = 5000

/** duplicate_prepared_statement */
const DUPLICATE_STATEMENT = '42P05'
/** The names of the statements that connections have prepared. */
const prepared = new WeakMap<object, Set<string>>()
/** Connections to the server itself, without a pooler between. */
const direct = new WeakSet<object>()

/**
 * A connection while it is lent. The socket of a statement that is not answered in time is cut,
 * which rejects it.
 */
export class Session {
  constructor(
    private readonly client: PoolClient,
    private readonly deadlineMs: number
  ) {}

  /** Of the server's process for this connection; 0 behind a pooler, which has many. */
  get processId(): number {
    return this.isPooled ? 0 : this.#key
  }

  get #key(): number {
    return keyOf(this.client)
  }

  /**
   * A pooler may be between, which lends each transaction another connection of the server's: what
   * is set or prepared for a session would be of others.
   */
  get isPooled(): boolean {
    return !direct.has(this.client)
  }

  /** Limits the statements of a transaction where the session cannot. */
  get #limit(): string {
    return this.isPooled
      ? `SET LOCAL statement_timeout = ${Math.max(Math.round(this.deadlineMs - GRACE_MS), 1)}; `
      : ''
  }

  async begin(): Promise<void> {
    await this.query(`BEGIN; ${this.#limit}`)
  }

  query<R extends QueryResultRow>(
    text: string | QueryConfig,
    values: readonly unknown[] = []
  ): Promise<QueryResult<R>> {
    return this.#answered(this.client.query<R>(text, [...values]))
  }

  /**
   * Prepares a statement, unless this connection has it. Undefined where a pooler is between, or
   * the server has refused, as some do that share their connections among clients.
   */
  async prepare(name: string, statement: string): Promise<string | undefined> {
    if (this.isPooled) return undefined
    const known = prepared.get(this.client) ?? new Set()
    prepared.set(this.client, known)
    if (known.has(name)) return name
    try {
      await this.query(statement)
    } catch (error) {
      const kind = failureKind(error)
      if (!isServerError(error) || kind === 'away' || kind === 'busy') throw error
      // Another client of a shared connection has, and the name is made of what it stands for.
      if (error.code !== DUPLICATE_STATEMENT) return undefined
    }
    known.add(name)
    return name
  }

  /**
   * Finds out whether a pooler is between: one gives keys of its own to its clients, and no process
   * has such a number.
   */
  async lookForPooler(): Promise<void> {
    const sql = 'SELECT pg_catalog.pg_backend_pid() AS pid'
    const found = await this.query<{ pid: number }>(sql).catch(ofStatement)
    if (found?.rows[0]?.pid === this.#key) direct.add(this.client)
  }

  /**
   * Runs a COPY … FROM STDIN, and what may follow it, with these messages (CopyData, CopyDone).
   * Returns how many rows it stored.
   */
  copyIn(text: string, messages: Buffer): Promise<number> {
    return this.#answered(
      new Promise((resolve, reject) =>
        this.client.query(
          new CopyIn(`${this.#limit}${text}`, messages, !this.isPooled, resolve, reject)
        )
      )
    )
  }

  async #answered<T>(answer: Promise<T>): Promise<T> {
    const timer = setTimeout(
      () => cut(this.client, new Error(`no answer within ${this.deadlineMs} ms (timeout)`)),
      this.deadlineMs
    )
    try {
      return await answer
    } finally {
      clearTimeout(timer)
    }
  }
}

/**
 * Connections to one database, shared by the nodes that use it. The driver is loaded and the first
 * connection made when first needed; the last user to leave closes them.
 */
export class Database {
  #pool: Promise<Pool> | undefined
  #users = 0
  #retired: (() => void) | undefined
  readonly #open = new Set<Socket>()
  /**
   * Counts up when connections that exist are not to be used for further work; which count a
   * connection was made under.
   */
  #generation = 0
  readonly #generations = new WeakMap<Client, number>()
  #isFirst = true
  readonly #hosts: Hosts

  constructor(
    readonly settings: DatabaseSettings,
    /**
     * Gets the first connection that is made, before anybody else; its errors are nobody's concern.
     */
    private readonly onFirst?: (session: Session, place: DatabasePlace) => Promise<void>
  ) {
    const { host, port, hosts, target } = settings
    this.#hosts = new Hosts(hosts ?? [{ host, port }], target ?? 'read-write')
  }

  /** Where connections go at the moment. */
  get place(): DatabasePlace {
    return { ...this.settings, ...this.#hosts.current }
  }

  /**
   * One connection more to the same server, for a question that must not wait for those at work,
   * nor they for it. Whoever asks closes it.
   */
  aside(limits: Partial<DatabaseSettings> = {}): Database {
    const one = { hosts: undefined, maxConnections: 1, applicationName: 'millrace status' }
    return new Database({ ...this.settings, ...this.place, ...one, ...limits })
  }

  /** Says that a node uses the connections, until it calls `release`. */
  acquire(): void {
    this.#users++
  }

  /**
   * The node has no more use for the connections. Ends within 3 s, also when the server is dead.
   */
  async release(): Promise<void> {
    if (--this.#users > 0) return
    await this.close()
    this.#retired?.()
  }

  /**
   * For the configuration node's end, which Node-RED brings at the same time as that of the nodes
   * using it.
   */
  async retire(): Promise<void> {
    if (this.#users > 0)
      await within(RETIRE_MS, new Promise<void>(resolve => (this.#retired = resolve)))
    await this.close()
  }

  /** Closes all connections, waiting for none that is busy. The next use opens new ones. */
  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    if (!pool) return
    await within(
      GOODBYE_MS,
      pool.then(it => it.end())
    )
    // a peer that vanished never answers the goodbye, and pool.end() never resolves
    for (const socket of this.#open)
      socket.destroy(new Error('Connection terminated: the node was stopped'))
  }

  /**
   * Has work that begins from now on done over new connections: what is set for the user or the
   * database holds for those.
   */
  renew(): void {
    this.#generation++
  }

  /**
   * Lends a connection. One that broke, or that is still in a transaction, is not used again, and
   * neither is one whose error another connection may not have: to a server that has become
   * read-only, or with a former search path.
   */
  async with<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.#borrowed()
    let broken: Error | undefined
    // an error event that nobody listens to ends the process, and pg-pool listens to idle
    // connections only
    const onError = (error: Error) => {
      broken = error
    }
    client.on('error', onError)
    try {
      return await work(new Session(client, this.settings.statementTimeoutMs + GRACE_MS))
    } catch (error) {
      const kind = failureKind(error)
      if (!isServerError(error) || kind === 'away' || kind === 'setting')
        broken ??= error instanceof Error ? error : new Error(anyText(error))
      if (isReadOnly(error)) this.#leaveHostOf(client)
      throw error
    } finally {
      client.removeListener('error', onError)
      client.release(broken ?? (this.#isOld(client) || isInTransaction(client)))
    }
  }

  /** One statement on any connection. */
  query<R extends QueryResultRow>(
    text: string | QueryConfig,
    values: readonly unknown[] = []
  ): Promise<QueryResult<R>> {
    return this.with(session => session.query<R>(text, values))
  }

  async #borrowed(): Promise<PoolClient> {
    const failures: unknown[] = []
    for (;;) {
      try {
        const client = await (await this.#started()).connect()
        if (!this.#isOld(client)) return client
        client.release(true)
      } catch (error) {
        // each host gets its turn before anybody waits
        failures.push(error)
        if (this.#hosts.count === 1 || placeOf(error) === undefined) throw error
        if (failures.length === this.#hosts.count) throw new NoHostError(failures)
      }
    }
  }

  /** What other connections to it can do is no more either, where another host may be written. */
  #leaveHostOf(client: PoolClient): void {
    const host = hostOfClient(client)
    if (host === undefined || this.#hosts.question === undefined) return
    this.#hosts.leave(host)
    this.renew()
  }

  /** @throws UnwantedHostError where the host of this connection is not one that is wanted */
  async #expectWanted(session: Session, client: object): Promise<void> {
    const { question } = this.#hosts
    const host = hostOfClient(client)
    if (question === undefined || host === undefined) return
    const { rows } = await session.query<{ refused: boolean }>(question)
    if (!rows[0]?.refused) return
    const error = new UnwantedHostError(host)
    failedAt(error, host)
    this.#hosts.leave(host)
    throw error
  }

  #isOld = (client: PoolClient) => this.#generations.get(client) !== this.#generation

  #started(): Promise<Pool> {
    this.#pool ??= this.#start()
    return this.#pool
  }

  async #start(): Promise<Pool> {
    const { default: pg } = await import('pg')
    const { login, connectTimeoutMs } = this.settings
    const pool = new pg.Pool({
      ...poolConfig(this.settings, () => this.#socket(), this.#greet),
      Client: clientOf(pg.Client, this.#hosts, login, connectTimeoutMs)
    })
    pool.on('connect', client => this.#generations.set(client, this.#generation))
    // an idle connection that the server ends is not an error: the next use makes a new one
    pool.on('error', () => {})
    return pool
  }

  readonly #greet = async (session: Session, client: object): Promise<void> => {
    await this.#expectWanted(session, client)
    if (!this.#isFirst) return
    this.#isFirst = false
    await this.onFirst?.(session, this.place).catch(() => {})
  }

  /**
   * Kept from the start, since a server that says nothing holds a client that is not connected yet
   * as well.
   */
  #socket(): Socket {
    const socket = new Socket()
    endOnRubbish(socket)
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    return socket
  }
}

function poolConfig(
  settings: DatabaseSettings,
  stream: () => Socket,
  greet: (session: Session, client: object) => Promise<void>
): PoolConfig {
  const { database, user, password, tls, statementTimeoutMs } = settings
  return {
    database,
    user,
    // a function, since for an empty password pg would look into the environment and ~/.pgpass of
    // whoever runs Node-RED
    password: () => password,
    ssl: tls ?? false,
    application_name: settings.applicationName,
    max: settings.maxConnections,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    stream,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // not as a start-up parameter, which PgBouncer refuses
    onConnect: async client => {
      const session = new Session(client as PoolClient, settings.connectTimeoutMs)
      await session.lookForPooler()
      // poolers keep the time zone apart for each client, and the limit would become that of others
      const limit = session.isPooled
        ? ''
        : `SET statement_timeout = ${Math.round(statementTimeoutMs)}; `
      await session.query(`${limit}SET TimeZone = 'UTC'`)
      await greet(session, client)
    }
  }
}

/** The server may refuse a statement; of a connection that has failed its own error is told. */
function ofStatement(error: unknown): undefined {
  if (!isServerError(error) || failureKind(error) === 'away') throw error
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
