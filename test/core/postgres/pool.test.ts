// Mostly waits.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net'
import { describeDatabase } from '../../../core/postgres/describe.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import { fromUrl, urlProblems } from '../../../core/postgres/settings.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { databaseAt } from './table-under-test.ts'

/**
 * A way to a server on which everything can vanish without a word, as behind a firewall that forgot
 * the connection.
 */
class Tunnel {
  readonly #sockets = new Set<Socket>()
  #blocked = false
  #server: Server | undefined

  async open(url: string): Promise<string> {
    const { host, port } = fromUrl(url)
    this.#server = createServer(near => {
      const far = dial(port, host)
      for (const [from, to] of [
        [near, far],
        [far, near]
      ] as const) {
        this.#sockets.add(from)
        from.on('data', bytes => this.#blocked || to.write(bytes))
        from.on('error', () => to.destroy())
        from.on('close', () => this.#blocked || to.destroy())
      }
    })
    await new Promise<void>(resolve => this.#server!.listen(0, '127.0.0.1', resolve))
    const through = new URL(url)
    through.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return through.href
  }
  block(): void {
    this.#blocked = true
  }
  close(): void {
    this.#server?.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

describe('connections to a database', function () {
  this.timeout(30_000)
  let url = ''
  let ca = ''
  const databases: Database[] = []
  const at = (...where: Parameters<typeof databaseAt>): Database => {
    const database = databaseAt(...where)
    databases.push(database)
    return database
  }
  before(async function () {
    this.timeout(120_000)
    const { postgres } = await services('postgres')
    url = postgres.url
    ca = postgres.ca ?? ''
  })
  afterEach(async () => {
    for (const database of databases.splice(0)) await database.close()
  })

  const connectionsOf = async (name: string): Promise<number> => {
    const sql = 'SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = $1'
    return (await databases[0]!.query<{ count: number }>(sql, [name])).rows[0]!.count
  }

  it('are made when needed, shared, and closed by the last user', async () => {
    at(url)
    const shared = at(url, { applicationName: 'millrace shared', maxConnections: 3 })
    shared.acquire()
    shared.acquire()
    assert.equal(await connectionsOf('millrace shared'), 0)
    await Promise.all(Array.from({ length: 20 }, () => shared.query('SELECT pg_sleep(0.01)')))
    assert.equal(await connectionsOf('millrace shared'), 3)
    await shared.release()
    assert.equal(await connectionsOf('millrace shared'), 3)
    await shared.release()
    await until(
      'the connections to be gone',
      async () => (await connectionsOf('millrace shared')) === 0
    )
  })

  it('are kept by the configuration node until the last user is done', async () => {
    const shared = at(url)
    shared.acquire()
    const order: string[] = []
    const retired = shared.retire().then(() => order.push('retired'))
    await shared.query('SELECT 1')
    order.push('used')
    await shared.release()
    await retired
    assert.deepEqual(order, ['used', 'retired'])
  })

  it('speak UTC, and end statements that take too long', async () => {
    const database = at(url, { statementTimeoutMs: 200 })
    const { rows } = await database.query<{ zone: string }>(
      "SELECT current_setting('TimeZone') AS zone"
    )
    assert.equal(rows[0]!.zone, 'UTC')
    await assert.rejects(database.query('SELECT pg_sleep(5)'), { code: '57014' })
    assert.equal((await database.query('SELECT 1')).rowCount, 1)
  })

  it('survive that the server ends them, idle or busy', async () => {
    const database = at(url, { applicationName: 'millrace victim', maxConnections: 2 })
    const killer = at(url)
    const kill = () =>
      killer.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace victim'"
      )
    const works = () =>
      until('a new connection', async () => (await database.query('SELECT 1')).rowCount === 1)
    await works()
    await kill()
    await works()
    const busy = assert.rejects(database.query('SELECT pg_sleep(20)'))
    const sleeping =
      "SELECT FROM pg_stat_activity WHERE application_name = 'millrace victim' AND query LIKE '%pg_sleep%'"
    await until('it to be busy', async () => (await killer.query(sleeping)).rowCount === 1)
    await kill()
    await busy
    await works()
  })

  it('are not used again inside a transaction that somebody forgot', async () => {
    const database = at(url, { maxConnections: 1 })
    await database.with(async session => {
      await session.query('BEGIN')
      await session.query('CREATE TEMP TABLE forgotten (a int)')
    })
    await assert.rejects(database.query('SELECT * FROM forgotten'), { code: '42P01' })
  })

  it('close in time when the server has vanished', async () => {
    const tunnel = new Tunnel()
    try {
      const database = at(await tunnel.open(url), { maxConnections: 2 })
      await database.query('SELECT 1')
      tunnel.block()
      const stuck = assert.rejects(database.query('SELECT 1'))
      const startMs = performance.now()
      await database.close()
      assert.ok(performance.now() - startMs < 5000)
      await stuck
    } finally {
      tunnel.close()
    }
  })

  it('are given up when the server has vanished during a statement', async () => {
    const tunnel = new Tunnel()
    try {
      const database = at(await tunnel.open(url), { statementTimeoutMs: 100 })
      await database.query('SELECT 1')
      tunnel.block()
      await assert.rejects(database.query('SELECT 1'), /no answer within|Connection terminated/)
    } finally {
      tunnel.close()
    }
  })

  it('are encrypted and hold the certificate against the authority', async () => {
    const sql = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    const trusted = at(url, { tls: { ca: readFileSync(ca), rejectUnauthorized: true } })
    assert.deepEqual((await trusted.query(sql)).rows, [{ ssl: true }])
    await assert.rejects(
      describeDatabase(at(`${url}?sslmode=verify-full`)),
      /certificate of 127\.0\.0\.1:\d+ is not trusted/
    )
    assert.deepEqual((await at(`${url}?sslmode=require`).query(sql)).rows, [{ ssl: true }])
  })

  const { password, ...rest } = fromUrl('postgres://x:y@h/d')
  const refusals: [string, Partial<typeof rest & { password: string }>, RegExp][] = [
    ['a wrong password', { password: 'wrong' }, /refused the password of the user "postgres"/],
    ['no password', { password: '' }, /password/],
    ['an unknown user', { user: 'nobody here' }, /"nobody here"/],
    ['an unknown database', { database: 'nowhere' }, /There is no database "nowhere"/],
    ['a port where nothing listens', { port: 1 }, /Nothing answers at 127\.0\.0\.1:1/],
    ['an unknown host', { host: 'no.such.host.invalid' }, /no host named|cannot be looked up/]
  ]
  for (const [name, more, sentence] of refusals) {
    it(`say in words: ${name}`, () => assert.rejects(describeDatabase(at(url, more)), sentence))
  }
  it('know a password in the URL', () => assert.equal(password, 'y'))
})

describe('the URL of a database', () => {
  const problems: [string, RegExp | undefined][] = [
    ['postgres://u:p@h:1/d', undefined],
    ['postgresql://h', undefined],
    ['postgres://h/d?sslmode=verify-full', undefined],
    ['mysql://h/d', /must begin with postgres:/],
    ['nonsense', /is no URL: it must begin with postgres/],
    ['postgres:///d', /names no host/],
    ['postgres://h/d?sslmode=maybe', /sslmode must be one of/]
  ]
  for (const [url, problem] of problems) {
    it(`${url}: ${problem ?? 'fine'}`, () =>
      problem
        ? assert.match(urlProblems(url)[0] ?? '', problem)
        : assert.deepEqual(urlProblems(url), []))
  }
  it('may escape what it holds, and name an IPv6 address', () => {
    const { host, port, user, password, database } = fromUrl(
      'postgres://us%40er:p%2Fw@[::1]:6543/my%20db'
    )
    assert.deepEqual(
      { host, port, user, password, database },
      { host: '::1', port: 6543, user: 'us@er', password: 'p/w', database: 'my db' }
    )
  })
})
