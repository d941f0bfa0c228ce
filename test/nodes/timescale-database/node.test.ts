import assert from 'node:assert/strict'
import type { NodeAPI } from 'node-red'
import { providedBy } from '../../../core/node/define-node.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import timescaleDatabase from '../../../nodes/timescale-database/runtime.ts'
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
})
