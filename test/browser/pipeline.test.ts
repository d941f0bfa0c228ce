import assert from 'node:assert/strict'
import pg from 'pg'
import type { Locator } from 'playwright-core'
import { topics } from '../../stack/services.ts'
import { makeTopics } from '../kafka-topics.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import { editor, withEditor } from './with-editor.ts'

/** Or the broker would keep the readings of other tests for a pipeline that never comes back. */
async function forgetSessions(form: Locator): Promise<void> {
  await form.locator('.millrace-fold').click()
  await editor.type(form.locator('#node-config-input-sessionExpiryS'), '1')
}

describe('the whole pipeline, imported and deployed in a browser', function () {
  this.timeout(240_000)
  let addresses: Record<string, string>

  before(async () => {
    const { mqtt, kafka, timescale } = await services('mqtt', 'kafka', 'timescale')
    addresses = {
      'mqtt-broker': mqtt.url,
      'kafka-cluster': kafka.brokers,
      'timescale-database': timescale.url
    }
    await makeTopics(
      kafka.brokers,
      Object.fromEntries(Object.values(topics).map(topic => [topic, 4]))
    ).catch(() => undefined)
  })
  withEditor({ page: { height: 1000 } })

  it('is imported from Import, Examples', async () => {
    await editor.importExample('20-whole-pipeline')
    await editor.until(async () =>
      (await editor.typesOnCanvas()).includes('millrace-timescale-sink')
    )
    await editor.page.locator('#red-ui-workspace-tabs').getByText('The whole pipeline').click()
  })

  it('takes the addresses of the services, tested in their dialogs', async () => {
    for (const [type, address] of Object.entries(addresses)) {
      const id = await editor.idOf(`millrace-${type}`)
      const form = await editor.edit(id)
      await editor.type(
        form.locator(`#node-config-input-${type === 'kafka-cluster' ? 'brokers' : 'url'}`),
        address
      )
      if (type === 'mqtt-broker') await forgetSessions(form)
      await form.getByRole('button', { name: 'Test connection' }).click()
      await form.locator('.millrace-answer .fa-check').waitFor({ timeout: 20_000 })
      await editor.done()
    }
  })

  it('is deployed, and its rows arrive', async () => {
    const client = new pg.Client({ connectionString: addresses['timescale-database']! })
    await client.connect()
    const startedAt = new Date(Date.now() - 1000)
    await editor.deploy()
    const rows = async () => {
      const { rows: found } = await client.query(
        'SELECT count(*)::int AS rows FROM telemetry WHERE time > $1',
        [startedAt]
      )
      return (found[0] as { rows: number }).rows > 20
    }
    await until('rows in the table', rows, 90_000, 500).finally(() => client.end())
    await editor.screenshot('whole-pipeline')
    await editor.page
      .locator('.red-ui-flow-node-status-label', { hasText: '/s' })
      .first()
      .waitFor({ state: 'attached', timeout: 20_000 })
    assert.deepEqual(editor.errors, [])
  })
})
