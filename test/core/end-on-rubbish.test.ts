// Mostly waits.
import assert from 'node:assert/strict'
import { askOnce, describeCluster } from '../../core/kafka/cluster.ts'
import { Database } from '../../core/postgres/pool.ts'
import { type StrangeServer, strangeServer } from './node/probe/strange-servers.ts'

/**
 * In the old days each of these ended the process: what is thrown in a listener of a socket nobody
 * catches.
 */
describe('a server that answers with rubbish', () => {
  let server: StrangeServer | undefined
  afterEach(() => server?.close())

  const answers: { what: string; bytes: readonly number[] }[] = [
    { what: 'a frame that is too short', bytes: [0, 0, 0, 1, 5] },
    { what: 'a negative length', bytes: [0xff, 0xff, 0xff, 0xfb, 1, 2, 3, 4, 5, 6] },
    { what: 'text', bytes: [...Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')] }
  ]
  for (const { what, bytes } of answers) {
    it(`is an error of the Kafka connection: ${what}`, async () => {
      server = await strangeServer(() => Buffer.from(bytes))
      const settings = { brokers: [`127.0.0.1:${server.port}`], clientId: 'test' }
      await assert.rejects(askOnce(settings, new AbortController().signal, describeCluster), {
        code: 'KAFKA_CONNECT_FAILED'
      })
    })
  }

  it('is an error of the PostgreSQL connection: a row of more columns than it has bytes', async () => {
    const login = [0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]
    server = await strangeServer((_request, count) =>
      Buffer.from(count === 0 ? login : [0x44, 0, 0, 0, 6, 0, 9])
    )
    const place = {
      host: '127.0.0.1',
      port: server.port,
      database: 'd',
      user: 'u',
      password: '',
      applicationName: 'test'
    }
    const database = new Database({
      ...place,
      maxConnections: 1,
      statementTimeoutMs: 1000,
      connectTimeoutMs: 2000
    })
    await assert.rejects(database.query('SELECT 1'), /answer cannot be read/)
    await database.close()
  })

  it('does not hold a PostgreSQL connection that says nothing after the login', async () => {
    const login = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49])
    server = await strangeServer((_request, count) => (count === 0 ? login : undefined))
    const place = {
      host: '127.0.0.1',
      port: server.port,
      database: 'd',
      user: 'u',
      password: '',
      applicationName: 'test'
    }
    const database = new Database({
      ...place,
      maxConnections: 1,
      statementTimeoutMs: 60_000,
      connectTimeoutMs: 300
    })
    await assert.rejects(database.query('SELECT 1'), /no answer within 300 ms/)
    await database.close()
  })
})
