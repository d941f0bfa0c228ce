import assert from 'node:assert/strict'
import { editor, withEditor } from '../../browser/with-editor.ts'
import { services } from '../../services.ts'
import { amqpUrl, Client, unique } from './rig.ts'

describe('the dialogs of AMQP, in a browser', function () {
  this.timeout(180_000)
  const queue = unique('queue')
  let client: Client

  withEditor({ companion: 'amqp' })
  before(async () => {
    const url = amqpUrl((await services('mqtt')).mqtt.url)
    client = await Client.open(url)
    await client.send(queue, [
      { body: '{"device_id":"d1","metric":"temperature_c","value":21.5}' },
      { body: '{"device_id":"d2","metric":"temperature_c","value":22}' }
    ])
    await editor.importFlow([
      { id: 'tab', type: 'tab', label: 'amqp' },
      { id: 'server', type: 'millrace-amqp-server', url },
      {
        id: 'ingest',
        type: 'millrace-amqp-ingest',
        z: 'tab',
        server: 'server',
        address: queue,
        x: 200,
        y: 100,
        wires: [[], []]
      },
      {
        id: 'publish',
        type: 'millrace-amqp-publish',
        z: 'tab',
        server: 'server',
        x: 200,
        y: 200,
        wires: [[], []]
      }
    ])
  })
  after(() => client?.close())
  const tray = () => editor.page.locator('.red-ui-tray').last()

  it('the server is tested before anything is deployed', async () => {
    const form = await editor.edit('server')
    await form.getByRole('button', { name: 'Test connection' }).click()
    const answer = form.locator('.millrace-answer:is(.millrace-ok, .millrace-failed)')
    await answer.waitFor({ timeout: 20_000 })
    assert.match((await answer.textContent()) ?? '', /Connected to amqp:.*anonymously.*artemis/)
    await editor.screenshot('amqp-server', tray())
  })

  it('a queue is picked from those of the server', async () => {
    const form = await editor.edit('publish')
    await form.locator('#node-input-address').fill('')
    await form.locator('[data-field="address"] .millrace-picker').first().click()
    const item = editor.page.locator('.millrace-item', { hasText: new RegExp(`^${queue}$`) })
    await item.waitFor({ timeout: 20_000 })
    await item.click()
    assert.equal(await form.locator('#node-input-address').inputValue(), queue)
    await editor.screenshot('amqp-publish', tray())
  })

  it('messages are heard before anything is deployed, and shown as records', async () => {
    const form = await editor.edit('ingest')
    await form
      .getByRole('button', { name: /listen/i })
      .first()
      .click()
    await editor.until(async () => /temperature_c/.test((await tray().textContent()) ?? ''), 20_000)
    await editor.screenshot('amqp-ingest', tray())
  })

  it('the help has the lesson of its own package', async () => {
    await editor.help('millrace-amqp-publish')
    await editor.page.locator('a.millrace-lesson:visible').first().click()
    await editor.until(async () => (await editor.typesOnCanvas()).includes('millrace-amqp-publish'))
    await editor.page.keyboard.press('Escape')
    await editor.until(
      async () =>
        (await editor.typesOnCanvas()).filter(type => type === 'millrace-amqp-ingest').length > 1
    )
  })

  it('the canvas shows where the nodes read and write', async () => {
    await editor.screenshot('amqp-canvas')
    const labels = await editor.page.locator('.red-ui-flow-node-label').allTextContents()
    assert.ok(
      labels.some(text => text.includes(queue.slice(0, 10))),
      labels.join()
    )
  })
})
