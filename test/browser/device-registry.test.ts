// Mostly waits.
import assert from 'node:assert/strict'
import type { Database } from '../../core/postgres/pool.ts'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import { editor, withEditor } from './with-editor.ts'

const TABLE = `browser_devices_${process.pid}`

/** Two that are new, as their records would have made them. */
const DEVICES = `INSERT INTO ${TABLE} (device_id, type, status, presence)
  VALUES ('pump-1', 'pump', 'new', 'online'), ('pump-2', 'pump', 'new', 'silent')`

describe('the list of devices, in the dialog', function () {
  this.timeout(120_000)
  let database: Database

  withEditor({
    async prepare(nodeRed) {
      const { url } = (await services('postgres')).postgres
      database = databaseAt(url)
      await nodeRed.deploy([
        { id: 'database', type: 'millrace-timescale-database', url },
        { id: 'tab', type: 'tab', label: 'devices' },
        {
          id: 'list',
          type: 'millrace-device-registry',
          z: 'tab',
          x: 300,
          y: 100,
          database: 'database',
          table: TABLE,
          wires: [[], [], []]
        }
      ])
      await until(
        'the table',
        async () => (await database.query(`SELECT to_regclass('${TABLE}') AS is`)).rows[0]?.is
      )
      await database.query(DEVICES)
    }
  })
  after(() => database?.close())

  const statuses = async () =>
    (await database.query(`SELECT device_id, name, status FROM ${TABLE} ORDER BY 1`)).rows.map(
      row => Object.values(row).join(' ')
    )

  it('is seen, and a click approves, names, or brings in a list', async () => {
    const form = await editor.edit('list')
    const list = form.locator('.millrace-devices')
    await list.getByText('pump-1', { exact: true }).scrollIntoViewIfNeeded()
    await list.getByRole('button', { name: 'Approve pump-1' }).click()
    await list.getByRole('button', { name: 'Name pump-2' }).click()
    await list.getByLabel('name', { exact: true }).fill('Feed pump')
    await list.getByRole('button', { name: 'Save' }).click()
    await list.getByText('Feed pump · pump-2').waitFor()
    await list.locator('summary').click()
    await list.getByLabel('List of devices').fill('device_id,name\npump-3,Drain\n')
    await list.getByRole('button', { name: 'Preview' }).click()
    await list.getByText('CSV: 1 device').waitFor()
    await list.getByRole('button', { name: 'Import' }).click()
    await list.getByText('Drain · pump-3').waitFor()
    assert.deepEqual(await statuses(), [
      'pump-1  approved',
      'pump-2 Feed pump new',
      'pump-3 Drain approved'
    ])
  })
})
