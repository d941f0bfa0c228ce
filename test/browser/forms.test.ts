import assert from 'node:assert/strict'
import type { Locator } from 'playwright-core'
import { spec as ingestSpec } from '../../nodes/mqtt-ingest/spec.ts'
import { editor, isRed, reasonOf, row, withEditor } from './with-editor.ts'

const FLOW = [
  { id: 'tab', type: 'tab', label: 'forms' },
  { id: 'cluster', type: 'millrace-kafka-cluster', brokers: '127.0.0.1:1', clientId: 'test' },
  { id: 'check', type: 'millrace-validate', z: 'tab', wires: [] },
  { id: 'producer', type: 'millrace-kafka-producer', z: 'tab', topic: '', wires: [] },
  { id: 'ingest', type: 'millrace-mqtt-ingest', z: 'tab', wires: [] },
  { id: 'times', type: 'millrace-normalize', z: 'tab', wires: [] },
  { id: 'shapes', type: 'millrace-reshape', z: 'tab', wires: [] }
]

interface Definition {
  readonly label: () => string
  readonly defaults: {
    readonly schema: { readonly validate: (value: unknown, options: object) => unknown }
  }
}

describe('the forms in a browser', function () {
  this.timeout(120_000)
  withEditor({ flow: FLOW })

  const asText = (form: Locator, field: string) =>
    row(form, field).getByRole('button', { name: 'Text', exact: true }).click()

  it('a required field that is empty is red, and says why', async () => {
    const form = await editor.edit('producer')
    const topic = form.locator('#node-input-topic')
    assert.equal(await isRed(topic), true)
    assert.match(await reasonOf(topic), /Topic: is required/)
    await editor.type(topic, 'some-topic')
    await editor.until(async () => !(await isRed(topic)))
  })

  it('the only configuration node is chosen; without one the field says what is wrong', async () => {
    const form = await editor.edit('producer')
    const cluster = form.locator('#node-input-cluster')
    assert.equal(await cluster.inputValue(), 'cluster')
    assert.equal(await isRed(cluster), false)
    await cluster.selectOption('_ADD_')
    assert.match(await reasonOf(cluster), /Cluster: choose or add one/)
    await cluster.selectOption('cluster')
    await editor.until(async () => !(await isRed(cluster)))
  })

  it('a number out of its range is red; a variable of the environment is not', async () => {
    const form = await editor.edit('ingest')
    await form.locator('.millrace-fold').click()
    const size = form.locator('#node-input-batchSize')
    await editor.type(size, '0')
    assert.match(await reasonOf(size), /Batch size: must be at least 1/)
    await editor.type(size, '${BATCH}')
    await editor.until(async () => !(await isRed(size)))
  })

  it('a preset fills the other fields, lists too, which may be changed afterwards', async () => {
    const form = await editor.edit('shapes')
    await form.locator('#node-input-preset').selectOption('shelly2')
    const cells = (field: string) =>
      row(form, field)
        .locator('.millrace-list input')
        .evaluateAll(all => all.map(input => (input as HTMLInputElement).value))
    assert.equal(await form.locator('#node-input-at').inputValue(), 'params')
    assert.deepEqual(await cells('keep'), ['src', 'device_id', 'params.ts', 'ts'])
    assert.deepEqual(await cells('names'), ['*.id', '', '*.*.minute_ts', ''])
    await editor.type(row(form, 'names').locator('.millrace-list input').first(), 'id')
    assert.deepEqual(await cells('names'), ['id', '', '*.*.minute_ts', ''])
    await form.locator('#node-input-preset').selectOption('tasmota')
    assert.equal(await form.locator('#node-input-topic').inputValue(), 'tele/{device_id}/SENSOR')
    assert.equal(await form.locator('#node-input-lists').isChecked(), true)
    assert.equal(await form.locator('#node-input-at').inputValue(), '')
  })

  it('settings that an earlier release has saved are those of this one as soon as a flow is loaded', async () => {
    await editor.importFlow([
      {
        id: 'earlier',
        type: 'millrace-mqtt-ingest',
        z: 'tab',
        x: 200,
        y: 600,
        wires: [],
        specVersion: 3,
        own: 'wide',
        topic: 'a/{device_id}'
      }
    ])
    const { own, specVersion, topic } = await editor.values('earlier')
    assert.deepEqual([own, specVersion, topic], ['loops', 4, 'a/{device_id}'])
  })

  it('fields that do not apply are hidden, and then not checked', async () => {
    const form = await editor.edit('check')
    assert.deepEqual(
      [await row(form, 'schema').isVisible(), await row(form, 'schemas').isVisible()],
      [true, false]
    )
    await form.locator('#node-input-choose').selectOption('field')
    assert.deepEqual(
      [await row(form, 'schema').isVisible(), await row(form, 'schemas').isVisible()],
      [false, true]
    )
    await editor.type(form.locator('#node-input-field'), '')
    await form.locator('#node-input-choose').selectOption('one')
    await editor.done()
    assert.equal(await editor.isValid('check'), true)
  })

  it('advanced fields are folded, unless one of them is wrong', async () => {
    await editor.importFlow([
      {
        id: 'wrong',
        type: 'millrace-mqtt-ingest',
        specVersion: ingestSpec.version,
        z: 'tab',
        batchSize: '0',
        wires: []
      }
    ])
    const form = await editor.edit('ingest')
    assert.equal(await row(form, 'batchSize').isVisible(), false)
    await form.locator('.millrace-fold').click()
    assert.equal(await row(form, 'batchSize').isVisible(), true)
    await editor.cancel()
    const open = await editor.edit('wrong')
    assert.equal(await row(open, 'batchSize').isVisible(), true)
    assert.match((await open.locator('.millrace-fold').textContent()) ?? '', /1 changed/)
  })

  it('code with a mistake is red, with the place of the mistake', async () => {
    const form = await editor.edit('check')
    const place = row(form, 'schema').locator('.millrace-place')
    await asText(form, 'schema')
    await place.locator('.monaco-editor').waitFor()
    await place.locator('.view-line').first().click()
    await editor.page.keyboard.press('Control+A')
    await editor.page.keyboard.insertText('tru')
    await editor.until(() => isRed(place))
    await editor.page.keyboard.press('Control+A')
    await editor.page.keyboard.insertText('true')
    await editor.until(async () => !(await isRed(place)))
    await editor.done()
    assert.equal((await editor.values('check')).schema, 'true')
  })

  it('code can be edited in a larger window', async () => {
    const form = await editor.edit('check')
    await asText(form, 'schema')
    await row(form, 'schema').locator('.millrace-larger').click()
    const larger = editor.page.locator('.red-ui-tray', { hasText: 'JSON editor' })
    await larger.locator('.view-line').first().click()
    await editor.page.keyboard.press('Control+A')
    await editor.page.keyboard.insertText('false')
    await editor.done()
    await row(form, 'schema').getByText('false').waitFor()
    await editor.done()
    assert.equal((await editor.values('check')).schema, 'false')
  })

  it('rows are added to a list, checked and saved', async () => {
    const form = await editor.edit('times')
    const list = row(form, 'fields')
    await list.locator('.red-ui-editableList-addButton').click()
    const [from, to] = [
      list.locator('li input[type="text"]').nth(0),
      list.locator('li input[type="text"]').nth(1)
    ]
    assert.equal(await isRed(from), true)
    await editor.type(from, 'data.temp')
    await editor.type(to, 'value')
    await list.locator('li select').selectOption('number')
    await editor.screenshot('list', editor.page.locator('.red-ui-tray').last())
    await editor.done()
    assert.deepEqual((await editor.values('times')).fields, [
      { from: 'data.temp', to: 'value', as: 'number' }
    ])
    assert.equal(await editor.isValid('times'), true)
  })

  it('nodes stand before the shared script is there, as when they are installed into a running Node-RED', async () => {
    const [label, valid] = await editor.page.evaluate(() => {
      const page = window as unknown as {
        RED: { nodes: { getType(type: string): Definition } }
        millrace: unknown
      }
      const { label: labelOf, defaults } = page.RED.nodes.getType('millrace-validate')
      const shared = page.millrace
      page.millrace = undefined
      const found = [labelOf.call({}), defaults.schema.validate.call({}, '', {})]
      page.millrace = shared
      return found
    })
    assert.deepEqual([label, valid], ['validate', true])
  })

  it('what a field is for stands below it, by a click on its mark and by the keyboard', async () => {
    const form = await editor.edit('ingest')
    const help = row(form, 'qos').locator('.millrace-help')
    assert.equal(await help.isVisible(), false)
    const mark = form.getByRole('button', { name: 'Help: QoS' })
    await mark.click()
    assert.match((await help.textContent()) ?? '', /^What the server is asked for\./)
    assert.equal(await help.isVisible(), true)
    await editor.page.keyboard.press('Enter')
    assert.equal(await help.isVisible(), false)
  })

  it('a field that must be filled in is marked before it is wrong', async () => {
    const form = await editor.edit('ingest')
    const topic = form.locator('#node-input-topic')
    assert.equal(await row(form, 'topic').locator('.millrace-required').isVisible(), true)
    assert.equal(await row(form, 'group').locator('.millrace-required').count(), 0)
    assert.equal(await topic.getAttribute('aria-required'), 'true')
    assert.equal(await topic.getAttribute('aria-invalid'), 'false')
  })

  it('what is wrong stands below the field, and is told to screen readers', async () => {
    const form = await editor.edit('ingest')
    const topic = form.locator('#node-input-topic')
    await editor.type(topic, '')
    const problem = row(form, 'topic').locator('.millrace-problem')
    await editor.until(() => problem.isVisible())
    assert.equal(await problem.textContent(), 'is required')
    assert.equal(await topic.getAttribute('aria-invalid'), 'true')
    const described = (await topic.getAttribute('aria-describedby')) ?? ''
    assert.ok(described.split(' ').includes((await problem.getAttribute('id')) ?? '-'))
    await editor.type(topic, 'a/{device_id}')
    await editor.until(async () => !(await problem.isVisible()))
    assert.equal(await topic.getAttribute('aria-invalid'), 'false')
  })

  it('Pick says what must be chosen first', async () => {
    const form = await editor.edit('producer')
    await form.locator('#node-input-cluster').selectOption('_ADD_')
    await row(form, 'topic').locator('.millrace-picker').click()
    const panel = editor.page.locator('.millrace-pick')
    assert.match((await panel.textContent()) ?? '', /Choose this first: Cluster\./)
    await editor.page.keyboard.press('Escape')
  })

  it('a test of the connection that fails says why in a sentence', async () => {
    const form = await editor.edit('cluster')
    await form.getByRole('button', { name: 'Test connection' }).click()
    const answer = form.locator('.millrace-answer.millrace-failed')
    await answer.waitFor({ timeout: 15_000 })
    assert.match((await answer.textContent()) ?? '', /Nothing listens at 127\.0\.0\.1:1\b/)
    await editor.screenshot('test-failed', editor.page.locator('.red-ui-tray').last())
  })

  it('the help stands in the sidebar, with the link that imports the lesson', async () => {
    await editor.help('millrace-validate')
    const help = editor.page.locator('.red-ui-help:visible').last()
    await help.getByText('Checks records against a JSON Schema').waitFor()
    await editor.screenshot('help')
    await help.locator('a.millrace-lesson').click()
    await editor.until(
      async () =>
        (await editor.typesOnCanvas()).filter(type => type === 'millrace-validate').length > 1
    )
  })
})
