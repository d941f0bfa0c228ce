import assert from 'node:assert/strict'
import { editor, isRed, reasonOf, withEditor } from './with-editor.ts'

const FLOW = [
  { id: 'tab', type: 'tab', label: 'wrong values' },
  { id: 'broker', type: 'millrace-mqtt-broker' },
  { id: 'cluster', type: 'millrace-kafka-cluster' },
  { id: 'database', type: 'millrace-timescale-database' },
  { id: 'ingest', type: 'millrace-mqtt-ingest', z: 'tab', output: 'messages', wires: [] },
  { id: 'consumer', type: 'millrace-kafka-consumer', z: 'tab', wires: [] },
  { id: 'times', type: 'millrace-normalize', z: 'tab', zoneFrom: 'fixed', wires: [] },
  { id: 'web', type: 'millrace-enrich', z: 'tab', source: 'http', wires: [] },
  { id: 'file', type: 'millrace-enrich', z: 'tab', source: 'file', wires: [] },
  { id: 'replay', type: 'millrace-dead-letter-replay', z: 'tab', wires: [] },
  { id: 'sink', type: 'millrace-timescale-sink', z: 'tab', wires: [] },
  { id: 'fleet', type: 'millrace-device-simulator', z: 'tab', wires: [] }
]

type Case = readonly [node: string, field: string, wrong: string, reason: RegExp, right: string]
const CASES: readonly Case[] = [
  ['times', 'zone', 'Berlin', /Time zone: there is no time zone "Berlin"/, 'Europe/Berlin'],
  ['times', 'field', 'a..b', /Time is in field: "a..b" is not the path of a field/, 'ts'],
  ['times', 'target', 'ts', /UTC time goes to: must be another field than ts/, 'ts_utc'],
  [
    'broker',
    'url',
    'broker.example',
    /Address: "broker.example" is no URL: it must begin with mqtt:/,
    'mqtt://broker.example'
  ],
  [
    'cluster',
    'brokers',
    'kafka:http',
    /Brokers: "kafka:http" is not of the form host:port/,
    'kafka:9092'
  ],
  [
    'database',
    'url',
    'db.example/iot',
    /URL: "db.example\/iot" is no URL: it must begin with postgres:/,
    'postgres://db.example/iot'
  ],
  [
    'ingest',
    'topic',
    'acme/{site',
    /Topics: the level "{site" must be text or one field/,
    'acme/{site}/{device_id}'
  ],
  [
    'ingest',
    'keyField',
    'serial',
    /Kafka key from: the topics have no level {serial}/,
    'device_id'
  ],
  ['consumer', 'topics', 'iot/raw', /Topics: "iot\/raw" is no name of a topic/, 'iot-raw'],
  [
    'web',
    'url',
    'registry.example/{key}',
    /URL: "registry.example\/key" is no URL/,
    'https://registry.example/{key}'
  ],
  ['file', 'file', 'devices.csv', /File: must be a full path/, '/data/devices.csv'],
  ['replay', 'since', 'yesterday', /Since: "yesterday" is not a time/, '2026-01-31T00:00:00Z'],
  ['replay', 'until', '2025-01-31T00:00:00Z', /Until: must be after Since/, '2026-02-28T00:00:00Z'],
  ['sink', 'table', 'my table', /Table: "my table" is not a table's name/, 'telemetry'],
  ['fleet', 'topic', 'acme/{plant}', /Topic: there is no {plant}/, 'acme/{site}']
]

describe('wrong values in a browser', function () {
  this.timeout(120_000)
  withEditor({ flow: FLOW })

  for (const [node, field, wrong, why, right] of CASES) {
    it(`${node}: ${field} "${wrong}" is red and says why, "${right}" is not`, async () => {
      const form = await editor.edit(node)
      const input = form.locator(`#node-input-${field}, #node-config-input-${field}`)
      if (!(await input.isVisible())) await form.locator('.millrace-fold').click()
      await editor.type(input, wrong)
      await editor.until(() => isRed(input))
      assert.match(await reasonOf(input), why)
      await editor.type(input, right)
      await editor.until(async () => !(await isRed(input)))
      if (node === 'times' && field === 'zone')
        await editor.screenshot('wrong-zone', editor.page.locator('.red-ui-tray').last())
      await editor.done()
    })
  }

  it('a cell of a list is red where its value is wrong', async () => {
    const form = await editor.edit('web')
    const cell = form.locator('[data-field="copy"] li input[type="text"]').first()
    await editor.type(cell, 'a..b')
    await editor.until(() => isRed(cell))
    await editor.type(cell, 'location')
    await editor.until(async () => !(await isRed(cell)))
  })

  it('a cell of a list shows its placeholder', async () => {
    const form = await editor.edit('web')
    const cells = form.locator('[data-field="copy"] li input[type="text"]')
    assert.deepEqual(
      await cells.evaluateAll(found => found.map(cell => (cell as HTMLInputElement).placeholder)),
      ['location', 'the same']
    )
  })
})
