import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseOptions } from '../../../core/node/spec.ts'
import { Database } from '../../../core/postgres/pool.ts'
import { fromUrl } from '../../../core/postgres/settings.ts'
import { columnsOf } from '../../../nodes/enrich/columns.ts'
import { TableDirectory } from '../../../nodes/enrich/directory.ts'
import { spec } from '../../../nodes/enrich/spec.ts'
import { services } from '../../services.ts'

const closing = new AbortController().signal
const none = () => {
  throw new Error('There is no database here.')
}
const columns = (
  options: Record<string, unknown>,
  devices: readonly string[] = [],
  database: () => Database = none
) => columnsOf(parseOptions(spec, options), { database, closing, whole: () => table }, devices)

/** What is known of all devices at once, as of a topic. */
const table = new TableDirectory(
  new Map([
    [
      'known',
      [
        ['model', 'x1'],
        ['at', { floor: 2 }]
      ]
    ]
  ])
)

describe('the columns that enrich can copy', () => {
  let server: Server
  let url: string
  before(async () => {
    server = createServer(({ url: path }, response) => {
      response.statusCode = path === '/known' ? 200 : 404
      response.end('{"model":"x1","site":{"name":"north","floor":2},"tags":["a"],"a.b":1}')
    })
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/{key}`
  })
  after(() => server.close())

  it('of a table that is typed in', async () => {
    const devices = '\uFEFFserial;place;floor\nA1;"hall; west";-1\n'
    const found = await columns({ devices, keyColumn: 'serial' })
    assert.deepEqual(found, ['place', 'floor'])
  })

  it('of a file, also of JSON with objects in it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-columns-'))
    const file = join(folder, 'devices.json')
    await writeFile(file, '{"a":{"at":{"site":"n"}},"b":{"owner":"x","device_id":"b"}}')
    try {
      assert.deepEqual(await columns({ source: 'file', file }), ['at.site', 'owner'])
      const missing = columns({ source: 'file', file: `${file}.gone` })
      await assert.rejects(missing, /ENOENT/)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('of a web service, by the answer for a device that was seen', async () => {
    const options = { source: 'http', url }
    const found = await columns(options, ['unknown', 'known'])
    assert.deepEqual(found, ['model', 'site.name', 'site.floor', 'tags', '["a.b"]'])
    await assert.rejects(columns(options), /No message with a device was seen/)
    await assert.rejects(
      columns(options, ['unknown']),
      /None of these devices is known there: unknown/
    )
  })

  it('of a topic, by what is known of a device that was seen', async () => {
    const options = { source: 'topic', cluster: 'c', topic: 'devices' }
    assert.deepEqual(await columns(options, ['unknown', 'known']), ['model', 'at.floor'])
    await assert.rejects(columns(options), /No message with a device was seen/)
  })

  it('of a table in a database, and of a query, though no device is known', async function () {
    this.timeout(60_000)
    const { postgres } = await services('postgres')
    const database = new Database({
      ...fromUrl(postgres.url),
      maxConnections: 1,
      statementTimeoutMs: 10_000,
      connectTimeoutMs: 10_000,
      applicationName: 'columns test'
    })
    database.acquire()
    try {
      const table = { source: 'database', database: 'db', table: 'pg_class', databaseKey: 'oid' }
      const found = await columns(table, [], () => database)
      assert.ok(found.includes('relname') && !found.includes('oid'))
      const query =
        'SELECT device_id, 1 AS "Floor no." FROM (VALUES (\'a\')) t(device_id) WHERE device_id = ANY($1)'
      const asked = { source: 'database', database: 'db', lookup: 'query', query }
      assert.deepEqual(await columns(asked, [], () => database), ['["Floor no."]'])
      await assert.rejects(
        columns({ ...table, table: 'no_such_table' }, [], () => database),
        /no_such/
      )
    } finally {
      await database.release()
    }
  })
})
