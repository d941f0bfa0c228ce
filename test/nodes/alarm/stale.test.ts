/** The statement of the help for stale alarms, on a table with the events of the node. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parseOptions } from '../../../core/node/spec.ts'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import { alarm } from '../../../nodes/alarm/logic.ts'
import { spec } from '../../../nodes/alarm/spec.ts'
import { databaseAt } from '../../core/postgres/table-under-test.ts'
import { runMemory } from '../../core/state/run-memory.ts'
import { services } from '../../services.ts'

const help = readFileSync(new URL('../../../nodes/alarm/help.md', import.meta.url), 'utf8')
const HOUR_MS = 3_600_000

describe('alarm: stale alarms', () => {
  it('are those that were raised a day ago and more, and have not returned', async () => {
    const [, statement = ''] = /`(SELECT alarm_id FROM alarms [^`]+)`/.exec(help) ?? []
    const nowMs = Date.now()
    const at = (device_id: string, hoursAgo: number, more: object): TelemetryRecord => ({
      device_id,
      metric: 't',
      ts_utc: new Date(nowMs - hoursAgo * HOUR_MS).toISOString(),
      ...more
    })
    const hot = { value: 90 }
    const cool = { value: 20 }
    const given = [
      at('stale', 30, hot),
      at('cooled', 30, hot),
      at('acknowledged', 30, hot),
      at('acknowledged', 29, { command: 'acknowledge' }),
      at('again', 50, hot),
      at('again', 49, cool),
      at('again', 25, hot),
      at('cooled', 2, cool),
      at('unacknowledged', 40, hot),
      at('unacknowledged', 26, cool),
      at('new', 1, hot)
    ]
    const { memory, clock, bounds } = alarm(parseOptions(spec, { limit: 80, alarm: 'hot' }))
    const [events = []] = runMemory(memory, given, { clock, bounds }).outputs
    const { postgres } = await services('postgres')
    const database = databaseAt(postgres.url)
    const schema = `stale_${process.pid}`
    try {
      await database.query(`CREATE SCHEMA ${schema}`, [])
      const table = `${schema}.alarms`
      await database.query(
        `CREATE TABLE ${table} (time timestamptz, alarm_id text, event text, state text)`,
        []
      )
      for (const { ts_utc, alarm_id, event, state } of events)
        await database.query(`INSERT INTO ${table} VALUES ($1, $2, $3, $4)`, [
          ...[ts_utc, alarm_id, event, state].map(String)
        ])
      const { rows } = await database.query(statement.replace('FROM alarms', `FROM ${table}`), [])
      assert.deepEqual(rows.map(({ alarm_id }) => String(alarm_id).split('/')[1]).sort(), [
        'acknowledged',
        'again',
        'stale'
      ])
    } finally {
      await database.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`, [])
      await database.close()
    }
  })
})
