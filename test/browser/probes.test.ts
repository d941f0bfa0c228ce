import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { Locator } from 'playwright-core'
import { kafkaOf } from '../kafka-topics.ts'
import { services } from '../services.ts'
import { editor, withEditor } from './with-editor.ts'

describe('Test connection and Pick, against the real services', function () {
  this.timeout(180_000)
  const mark = randomUUID().slice(0, 8)
  const topic = `picked-${mark}`
  const table = `picked_${mark}`

  withEditor()
  before(async () => {
    const running = await services('mqtt', 'kafka', 'timescale')
    const mtls = running.kafka.mtls
    assert.ok(mtls, 'this test needs the Kafka of stack/')
    await makeTopic(running.kafka.brokers, topic)
    await makeTable(running.timescale.url, table)
    await editor.importFlow([
      { id: 'tab', type: 'tab', label: 'probes' },
      { id: 'cluster', type: 'millrace-kafka-cluster', brokers: running.kafka.brokers },
      {
        id: 'tls',
        type: 'tls-config',
        name: 'new',
        ca: mtls.ca,
        cert: mtls.clientCert,
        key: mtls.clientKey,
        verifyservercert: true
      },
      { id: 'secure', type: 'millrace-kafka-cluster', brokers: mtls.brokers, tls: 'tls' },
      { id: 'broker', type: 'millrace-mqtt-broker', url: running.mqtt.url },
      { id: 'database', type: 'millrace-timescale-database', url: running.timescale.url },
      {
        id: 'producer',
        type: 'millrace-kafka-producer',
        z: 'tab',
        cluster: 'cluster',
        topic: '',
        wires: []
      },
      {
        id: 'sink',
        type: 'millrace-timescale-sink',
        z: 'tab',
        database: 'database',
        table,
        wires: []
      }
    ])
  })

  for (const [id, says] of [
    ['cluster', /Kafka|broker/i],
    ['secure', /^ Connected/],
    ['broker', /MQTT/],
    ['database', /PostgreSQL|TimescaleDB/]
  ] as const) {
    it(`the ${id} is tested before anything is deployed`, async () => {
      const form = await editor.edit(id)
      await form.getByRole('button', { name: 'Test connection' }).click()
      const answer = form.locator('.millrace-answer:is(.millrace-ok, .millrace-failed)')
      await answer.waitFor({ timeout: 20_000 })
      assert.match((await answer.textContent()) ?? '', says)
      assert.match((await answer.getAttribute('class')) ?? '', /millrace-ok/)
      await editor.screenshot(`test-${id}`, editor.page.locator('.red-ui-tray').last())
    })
  }

  const pick = async (row: Locator, item: string) => {
    await row.locator('.millrace-picker').first().click()
    await editor.page
      .locator('.millrace-item', { hasText: new RegExp(`^${item}$`) })
      .waitFor({ timeout: 20_000 })
    await editor.screenshot(`pick-${item.replace(mark, '')}`)
    await editor.page.locator('.millrace-item', { hasText: new RegExp(`^${item}$`) }).click()
  }

  it('a topic is picked from those of the cluster', async () => {
    const form = await editor.edit('producer')
    await pick(form.locator('[data-field="topic"]'), topic)
    const input = form.locator('#node-input-topic')
    assert.equal(await input.inputValue(), topic)
    await input.fill('first, ')
    await pick(form.locator('[data-field="topic"]'), topic)
    assert.equal(await input.inputValue(), `first, ${topic}`)
  })

  it('a table is picked from those of the database', async () => {
    const form = await editor.edit('sink')
    await form.locator('#node-input-table').fill('')
    await pick(form.locator('[data-field="table"]'), table)
    assert.equal(await form.locator('#node-input-table').inputValue(), table)
  })

  it('a column is picked from those of the table', async () => {
    const form = await editor.edit('sink')
    const row = form.locator('[data-field="columns"] li').first()
    await pick(row, 'measured_at')
    assert.equal(await row.locator('input').first().inputValue(), 'measured_at')
  })
})

async function makeTopic(brokers: string, topic: string): Promise<void> {
  const admin = kafkaOf(brokers).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
  await admin.disconnect()
}

async function makeTable(connectionString: string, table: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(`CREATE TABLE "${table}" (measured_at timestamptz, device text, value float8)`)
  await client.end()
}
