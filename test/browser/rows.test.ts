import assert from 'node:assert/strict'
import type { Locator } from 'playwright-core'
import { editor, row, withEditor } from './with-editor.ts'

const FLOW = [
  { id: 'tab', type: 'tab', label: 'rows' },
  { id: 'cluster', type: 'millrace-kafka-cluster', brokers: 'a:9092, b' },
  { id: 'check', type: 'millrace-validate', z: 'tab', wires: [] },
  { id: 'devices', type: 'millrace-enrich', z: 'tab', wires: [] },
  { id: 'rules', type: 'millrace-route', z: 'tab', wires: [[], []] },
  { id: 'ingest', type: 'millrace-mqtt-ingest', z: 'tab', topic: 'plant/+/reading', wires: [] },
  { id: 'shapes', type: 'millrace-reshape', z: 'tab', at: 'values', each: 'object', wires: [] }
]

describe('rows in front of a text, in a browser', function () {
  this.timeout(120_000)
  withEditor({ flow: FLOW })

  const paste = (form: Locator, text: string) => form.locator('.millrace-in').fill(text)

  it('JSON Schema: a row a field, and the text says the same', async () => {
    const form = await editor.edit('check')
    const schema = row(form, 'schema')
    const lines = schema.locator('tbody tr')
    assert.equal(await lines.count(), 4)
    await lines.nth(2).getByLabel('At most').fill('85')
    await schema.getByRole('button', { name: 'add' }).click()
    await editor.page.keyboard.type('state')
    await lines.nth(4).getByLabel('One of').fill('on, off')
    await lines.nth(4).getByLabel('Field').fill('ts')
    const problem = schema.locator('.millrace-problem')
    await editor.until(() => problem.isVisible())
    assert.match((await problem.textContent()) ?? '', /"ts" stands twice/)
    await lines.nth(4).getByLabel('Field').fill('state')
    await editor.until(async () => !(await problem.isVisible()))
    await editor.screenshot('rows-schema', editor.page.locator('.red-ui-tray').last())
    await schema.getByRole('button', { name: 'Text', exact: true }).click()
    await schema.locator('.monaco-editor').waitFor()
    await editor.done()
    const saved = JSON.parse(String((await editor.values('check')).schema))
    assert.deepEqual(saved.properties.value, { type: 'number', maximum: 85 })
    assert.deepEqual(saved.properties.state, { enum: ['on', 'off'] })
    assert.deepEqual(saved.properties.device_id, { type: 'string', minLength: 1 })
    assert.deepEqual(saved.required, ['device_id', 'metric', 'value', 'ts'])
  })

  it('JSON Schema: what is inside an object and a list has rows below it', async () => {
    const form = await editor.edit('check')
    const schema = row(form, 'schema')
    const lines = schema.locator('tbody tr')
    const before = await lines.count()
    await schema.getByRole('button', { name: /^\W*add$/ }).click()
    await editor.page.keyboard.type('readings')
    await lines.nth(before).getByLabel('Type').selectOption('array')
    const inside = () => lines.nth(before).getByRole('button', { name: 'Add what is inside' })
    await inside().click()
    await lines
      .nth(before + 1)
      .getByText('each of them')
      .waitFor()
    await inside().click()
    await editor.page.keyboard.type('unit')
    await lines
      .nth(before + 2)
      .getByLabel('Required')
      .check()
    await editor.done()
    const { properties } = JSON.parse(String((await editor.values('check')).schema))
    assert.deepEqual(properties.readings, {
      type: 'array',
      items: { type: 'object', properties: { unit: {} }, required: ['unit'] }
    })
  })

  it('a text that rows cannot show stays a text', async () => {
    const form = await editor.edit('check')
    const schema = row(form, 'schema')
    await schema.getByRole('button', { name: 'Text', exact: true }).click()
    await schema.locator('.view-line').first().click()
    await editor.page.keyboard.press('Control+A')
    await editor.page.keyboard.insertText('true')
    await schema.getByRole('button', { name: 'Rows', exact: true }).click()
    assert.equal(await schema.locator('.monaco-editor').isVisible(), true)
    await editor.cancel()
  })

  it('devices: typed in, pasted from a spreadsheet, by the keyboard', async () => {
    const form = await editor.edit('devices')
    const table = row(form, 'devices')
    await table.getByRole('button', { name: /^\W*row$/ }).click()
    assert.equal(await table.locator('tbody tr').count(), 3)
    await table.locator('[data-row="3"][data-column="0"]').evaluate((cell, text) => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', text)
      cell.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
      )
    }, 'sensor-003\thall 3\nsensor-004\thall, 4\n')
    assert.equal(await table.locator('tbody tr').count(), 4)
    await table.locator('[data-row="1"][data-column="1"]').focus()
    await editor.page.keyboard.press('ArrowDown')
    await editor.page.keyboard.press('End')
    await editor.page.keyboard.type(' west')
    await editor.screenshot('rows-devices', editor.page.locator('.red-ui-tray').last())
    await editor.done()
    assert.equal(
      (await editor.values('devices')).devices,
      'device_id,location\nsensor-001,hall 1\nsensor-002,hall 2 west\nsensor-003,hall 3\nsensor-004,"hall, 4"\n'
    )
  })

  it('columns to copy: those of the table are ticked', async () => {
    const form = await editor.edit('devices')
    const header = row(form, 'devices').locator('[data-row="0"]')
    await row(form, 'devices')
      .getByRole('button', { name: /column/ })
      .click()
    await header.nth(2).fill('floor')
    const copy = row(form, 'copy')
    await copy.getByText('tick columns').click()
    const panel = editor.page.locator('.millrace-pick')
    assert.equal(await panel.getByLabel('location').isChecked(), true)
    await panel.getByLabel('floor').check()
    await panel.getByLabel('location').uncheck()
    await editor.page.keyboard.press('Escape')
    await editor.done()
    assert.deepEqual((await editor.values('devices')).copy, [{ from: 'floor', to: '' }])
  })

  it('brokers: host and port each, and a variable stands alone', async () => {
    const form = await editor.edit('cluster')
    const brokers = row(form, 'brokers')
    const text = form.locator('#node-config-input-brokers')
    assert.equal(await brokers.locator('.millrace-address').count(), 2)
    await brokers.locator('.millrace-host').nth(1).fill('c')
    await brokers.locator('.millrace-port').nth(1).fill('9093')
    assert.equal(await text.inputValue(), 'a:9092, c:9093')
    await brokers.getByRole('button', { name: /^\W*broker$/ }).click()
    await editor.page.keyboard.type('d')
    assert.equal(await text.inputValue(), 'a:9092, c:9093, d')
    await editor.screenshot('rows-brokers', editor.page.locator('.red-ui-tray').last())
    await editor.type(text, '${KAFKA_BROKERS}')
    assert.equal(await brokers.locator('.millrace-brokers').isVisible(), false)
  })

  it('topic: a level is named in the topic seen', async () => {
    const form = await editor.edit('ingest')
    await form.locator('.millrace-half > input').fill('plant/pump-1/reading')
    await row(form, 'topic').locator('.millrace-picker').click()
    const panel = editor.page.locator('.millrace-pick')
    await panel.locator('input').nth(1).fill('{device_id}')
    await editor.screenshot('rows-topic', editor.page.locator('.red-ui-tray').last())
    assert.equal(await form.locator('#node-input-topic').inputValue(), 'plant/{device_id}/reading')
    await editor.page.keyboard.press('Escape')
  })

  it('what the objects of measurements have is picked from where they stand', async () => {
    const form = await editor.edit('shapes')
    await paste(form, '{"values":{"t":{"Val":1,"At":"2026-01-01T00:00:00Z"}}}')
    await row(form, 'valueAt').locator('.millrace-picker').click()
    await editor.page.locator('.millrace-pick').getByText('Val').click()
    assert.equal(await form.locator('#node-input-valueAt').inputValue(), 'Val')
  })

  it('route: the values of the field are offered, and codes with their sentences', async () => {
    const form = await editor.edit('rules')
    await paste(form, '[{"value":81,"state":"hot"},{"value":20,"state":"cold"}]')
    const field = form.getByLabel('field', { exact: true })
    await editor.type(field, 'state')
    await form.getByLabel('operator', { exact: true }).selectOption('in')
    const list = form.getByLabel('compare with', { exact: true })
    await list.focus()
    const offered = await form
      .locator('datalist option')
      .evaluateAll(all => all.map(option => (option as HTMLOptionElement).value))
    assert.deepEqual(offered, ['hot', 'cold'])
    await editor.type(field, 'reason.code')
    await list.locator('xpath=following-sibling::button').click()
    await editor.page.locator('.millrace-code-item', { hasText: 'UNKNOWN_DEVICE' }).first().click()
    assert.match(await list.inputValue(), /UNKNOWN_DEVICE/)
    await editor.page.keyboard.press('Escape')
  })
})
