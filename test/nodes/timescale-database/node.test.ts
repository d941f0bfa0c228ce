import assert from 'node:assert/strict'
import type { NodeAPI } from 'node-red'
import { providedBy } from '../../../core/node/define-node.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import timescaleDatabase from '../../../nodes/timescale-database/runtime.ts'
import { databaseAt } from '../../core/postgres/table-under-test.ts'
import { startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'

describe('timescale-database in Node-RED', function () {
  this.timeout(60_000)

  it('says once in the log which server it met', async () => {
    const { url } = (await services('postgres')).postgres
    const { host } = new URL(url)
    const lines: string[] = []
    const handler = () => (entry: { msg: unknown }) => lines.push(String(entry.msg))
    const logging = { told: { level: 'info', metrics: false, audit: false, handler } }
    const nodeRed = await startNodeRed({ nodes: [timescaleDatabase], settings: { logging } })
    try {
      await nodeRed.deploy([{ id: 'database', type: 'millrace-timescale-database', url }])
      const database = providedBy<Database>(nodeRed.RED as unknown as NodeAPI, 'database')
      assert.deepEqual(
        lines.filter(line => line.includes('PostgreSQL')),
        []
      )
      const ask = () => database!.query('SELECT pg_sleep(0.05)')
      await Promise.all([ask(), ask(), ask()])
      const told = lines.filter(line => line.startsWith('PostgreSQL'))
      assert.equal(told.length, 1)
      assert.match(told[0]!, /^PostgreSQL \d[\d.]*, (TimescaleDB \d\S+|no TimescaleDB .*), at /)
      assert.ok(told[0]!.includes(`at ${host}/`))
    } finally {
      await nodeRed.stop()
    }
  })

  it('answers a dialog how a table stands, and in words where it cannot', async () => {
    const { url } = (await services('postgres')).postgres
    const nodeRed = await startNodeRed({ nodes: [timescaleDatabase] })
    const ask = async (query: object, more: object = {}) => {
      const action = 'millrace-timescale-database:state'
      const values = { connection: 'url', url, maxConnections: 1, ...more }
      const answer = await fetch(`${nodeRed.url}/millrace/probe/millrace-timescale-database`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ action, id: 'new', values, query })
      })
      return (await answer.json()) as { ok: boolean; message?: string; state?: unknown }
    }
    const database = databaseAt(url)
    const table = `shown_${process.pid}`
    try {
      await database.query(`CREATE TABLE ${table} (a int)`)
      assert.deepEqual(await ask({ table }), {
        ok: true,
        state: [
          ['Size', '0.0 kB'],
          ['Hypertable', 'no, TimescaleDB is not installed']
        ]
      })
      assert.deepEqual(await ask({ table: 'nowhere' }), {
        ok: false,
        message: 'There is no table nowhere yet.'
      })
      const dead = await ask({ table }, { url: 'postgres://a@127.0.0.1:9/b' })
      assert.match(dead.message ?? '', /^Nothing answers at 127\.0\.0\.1:9\./)
    } finally {
      await database.query(`DROP TABLE ${table}`)
      await database.close()
      await nodeRed.stop()
    }
  })

  it('reads no file for a test that is not as deployed', async () => {
    const nodeRed = await startNodeRed({ nodes: [timescaleDatabase] })
    const values = { connection: 'url', url: 'postgres://a@127.0.0.1:9/b', passwordFrom: 'file' }
    const ask = async (passwordFile: string, more: object = {}) => {
      const body = { action: 'test', id: 'database', values: { ...values, passwordFile, ...more } }
      const answer = await fetch(`${nodeRed.url}/millrace/probe/millrace-timescale-database`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body)
      })
      return ((await answer.json()) as { message: string }).message
    }
    const passwordFile = '/nowhere/password'
    try {
      const type = 'millrace-timescale-database'
      await nodeRed.deploy([{ id: 'database', type, ...values, passwordFile }])
      assert.match(
        await ask('/etc/passwd'),
        /Password file: it is read here only as it is deployed/
      )
      const elsewhere = await ask(passwordFile, { url: 'postgres://a@127.0.0.1:10/b' })
      assert.match(elsewhere, /Password file: it is read here only as it is deployed/)
      assert.match(await ask(passwordFile), /\/nowhere\/password .* cannot be read: ENOENT/)
    } finally {
      await nodeRed.stop()
    }
  })
})
