/** The PgBouncer of the machine, in front of a PostgreSQL. */
import { chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { identity, reachable } from '../../stack/postgres/binaries.ts'
import { probePostgres } from '../../stack/probe.ts'
import { OwnServer } from './own-server.ts'

/** Debian has it where only root's PATH leads. */
const PLACES = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
const file = PLACES.map(folder => join(folder, 'pgbouncer')).find(path => existsSync(path))

export const isInstalled = file !== undefined

/** Connections to the server, for all clients: what one leaves in them others would find. */
const POOL_SIZE = 2

export class PgBouncer {
  readonly #server: OwnServer
  #folder = ''
  #port = 0

  constructor(
    /** Of the server behind it. */
    private readonly url: string,
    mode: 'transaction' | 'session'
  ) {
    const { hostname, port, username, password } = new URL(url)
    const login = { user: decodeURIComponent(username), password: decodeURIComponent(password) }
    this.#server = new OwnServer(
      `pgbouncer-${mode}`,
      async place => {
        this.#port = place.port
        // It refuses to run as root.
        this.#folder = reachable(place.folder)
        mkdirSync(this.#folder, { recursive: true })
        const path = join(this.#folder, 'pgbouncer.ini')
        const lines = [
          '[databases]',
          `* = host=${hostname} port=${port} user=${login.user} password=${login.password}`,
          '[pgbouncer]',
          'listen_addr = 127.0.0.1',
          `listen_port = ${place.port}`,
          'unix_socket_dir =',
          'auth_type = any',
          `pool_mode = ${mode}`,
          `default_pool_size = ${POOL_SIZE}`,
          ''
        ]
        writeFileSync(path, lines.join('\n'))
        if (identity) for (const each of [this.#folder, path]) give(each, identity)
        return { file: file!, args: [path], ...identity }
      },
      ({ port: own }) => probePostgres(own, login.user, 'postgres')
    )
  }

  /** The database behind it, by way of it. */
  async start(): Promise<string> {
    await this.#server.start()
    const through = new URL(this.url)
    through.host = `127.0.0.1:${this.#port}`
    return through.href
  }

  async end(): Promise<void> {
    await this.#server.end()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const give = (path: string, { uid, gid }: NonNullable<typeof identity>): void =>
  chownSync(path, uid, gid)
