import { checks } from '../../core/conformance/checks.ts'
import { conformanceNodes } from '../../core/conformance/nodes.ts'
import type { Subject } from '../../core/conformance/run.ts'
import type { Database } from '../../core/postgres/pool.ts'
import deviceRegistry from '../../nodes/device-registry/runtime.ts'
import timescaleDatabase from '../../nodes/timescale-database/runtime.ts'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import { type RunningNodeRed, startNodeRed } from '../node-red.ts'
import { services } from '../services.ts'

const TABLE = `conformance_devices_${process.pid}`

/** Devices that are known and were heard later than any record here: nothing happens to them. */
const DEVICES = `
  CREATE TABLE ${TABLE} (device_id text PRIMARY KEY, first_seen timestamptz, last_seen timestamptz);
  INSERT INTO ${TABLE} SELECT 'd' || n, '2020-01-01Z', now() FROM generate_series(0, 6) n`

describe('conformance of the device registry', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let database: Database
  const subject: { now?: Subject } = {}

  before(async function () {
    this.timeout(120_000)
    const { url } = (await services('postgres')).postgres
    database = databaseAt(url)
    await database.query(DEVICES)
    nodeRed = await startNodeRed({ nodes: [conformanceNodes, timescaleDatabase, deviceRegistry] })
    subject.now = {
      type: 'millrace-device-registry',
      outputs: ['records', 'events', 'rejected'],
      idField: 'n',
      around: [{ id: 'database', type: 'millrace-timescale-database', url }],
      config: { database: 'database', table: TABLE, silence: '' },
      record: n => ({
        n,
        device_id: `d${n % 7}`,
        metric: 't',
        value: n / 2,
        ts_utc: new Date(1_772_359_200_000 + n).toISOString()
      })
    }
  })
  after(async () => {
    await nodeRed?.stop()
    await database?.close()
  })

  for (const check of checks) it(check.name, () => check.run(nodeRed, subject.now!))
})
