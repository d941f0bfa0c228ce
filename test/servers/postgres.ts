/** Further PostgreSQL servers of a test's own: one alone, and a standby that follows another. */
import { chownSync, cpSync, lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identity } from '../../stack/postgres/binaries.ts'
import { postgres, postgresData } from '../../stack/postgres/launcher.ts'
import { probePostgres } from '../../stack/probe.ts'
import { accounts } from '../../stack/services.ts'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import { OwnServer, type Place } from './own-server.ts'

const { user, password, database } = accounts.postgres

export class OwnPostgres {
  readonly #server: OwnServer
  #port = 0

  /** @param before what is done to the data before the server starts */
  constructor(name: string, before: (data: string) => Promise<void> = async () => {}) {
    const prepare = async (place: Place) => {
      const { home, folder, port } = place
      this.#port = port
      await before(postgresData(folder))
      const started = await postgres.prepare({ home, folder, port: () => port } as never)
      return started.command
    }
    this.#server = new OwnServer(`postgres-${name}`, prepare, ({ port }) =>
      probePostgres(port, user, database)
    )
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }
  get url(): string {
    return urlOf(this.address)
  }
  get data(): string {
    return postgresData(this.#server.folder)
  }

  async start(): Promise<void> {
    await this.#server.start()
  }
  kill(): Promise<void> {
    return this.#server.kill()
  }
  restart(): Promise<void> {
    return this.#server.restart()
  }
  async end(): Promise<void> {
    const { data } = this
    await this.#server.end()
    rmSync(data, { recursive: true, force: true })
  }

  /** Runs statements in sessions of their own. */
  async run(...statements: string[]): Promise<Record<string, unknown>[]> {
    const at = databaseAt(this.url, { maxConnections: 1 })
    try {
      let rows: Record<string, unknown>[] = []
      for (const statement of statements) rows = (await at.query(statement)).rows
      return rows
    } finally {
      await at.close()
    }
  }
}

/** Of one host or several, as `host:port,host:port`. */
export const urlOf = (places: string): string =>
  `postgres://${user}:${password}@${places}/${database}`

/** Follows another server: what that commits is here as well, once it waits for us. */
export const standbyOf = (primary: OwnPostgres): OwnPostgres =>
  new OwnPostgres('standby', async data => {
    const at = databaseAt(primary.url, { maxConnections: 1 })
    try {
      // The copy of a server that runs is made whole by its log, from the label on.
      const label = await at.with(async session => {
        await session.query("SELECT pg_backup_start('standby', true)")
        rmSync(data, { recursive: true, force: true })
        cpSync(primary.data, data, { recursive: true })
        const { rows } = await session.query<{ labelfile: string }>(
          'SELECT labelfile FROM pg_backup_stop(false)'
        )
        return rows[0]!.labelfile
      })
      rmSync(join(data, 'postmaster.pid'), { force: true })
      writeFileSync(join(data, 'backup_label'), label)
      writeFileSync(join(data, 'standby.signal'), '')
      const [host, port] = primary.address.split(':')
      const told = `host=${host} port=${port} user=${user} password=${password} application_name=standby`
      writeFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${told}'\n`)
      giveAway(data)
    } finally {
      await at.close()
    }
  })

/** The server runs as somebody else where the tests run as root. */
function giveAway(path: string): void {
  if (!identity) return
  chownSync(path, identity.uid, identity.gid)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) giveAway(join(path, name))
}
