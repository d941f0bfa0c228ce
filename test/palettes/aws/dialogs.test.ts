import assert from 'node:assert/strict'
import { editor, withEditor } from '../../browser/with-editor.ts'
import { Client, KEYS, REGION } from './rig.ts'
import { AwsServers } from './servers.ts'

describe('the dialogs of AWS, in a browser', function () {
  this.timeout(180_000)
  const servers = new AwsServers()
  let client: Client
  let stream: string

  withEditor({ companion: 'aws' })
  before(async () => {
    const endpoint = await servers.start()
    client = new Client(endpoint)
    stream = await client.stream(1)
    await client.put(stream, [
      { key: 'd1', data: { device_id: 'd1', metric: 'temperature_c', value: 21.5 } },
      { key: 'd2', data: { device_id: 'd2', metric: 'temperature_c', value: 22 } }
    ])
    const place = { z: 'tab', x: 200, access: 'access' }
    await editor.importFlow([
      { id: 'tab', type: 'tab', label: 'aws' },
      { id: 'access', type: 'millrace-aws-access', region: REGION, endpoint },
      { id: 'read', type: 'millrace-kinesis-consumer', ...place, y: 100, wires: [[], []] },
      { id: 'write', type: 'millrace-kinesis-producer', ...place, y: 200, wires: [[], []] }
    ])
  })
  after(async () => {
    client?.close()
    await servers.end()
  })
  const tray = () => editor.page.locator('.red-ui-tray').last()

  it('the keys are tested before anything is deployed', async () => {
    const form = await editor.edit('access')
    for (const [key, value] of Object.entries(KEYS))
      await form.locator(`#node-config-input-${key}`).fill(value)
    await form.getByRole('button', { name: 'Test connection' }).click()
    const answer = form.locator('.millrace-answer:is(.millrace-ok, .millrace-failed)')
    await answer.waitFor({ timeout: 20_000 })
    assert.match(
      (await answer.textContent()) ?? '',
      /Connected to Kinesis \(eu-central-1.*one stream/
    )
    await editor.screenshot('aws-access', tray())
    await editor.done()
  })

  it('a stream is picked from those that are there, and what came last is heard', async () => {
    const form = await editor.edit('read')
    await form.locator('#node-input-stream').fill('')
    await form.locator('[data-field="stream"] .millrace-picker').first().click()
    const item = editor.page.locator('.millrace-item', { hasText: new RegExp(`^${stream}$`) })
    await item.waitFor({ timeout: 20_000 })
    await item.click()
    assert.equal(await form.locator('#node-input-stream').inputValue(), stream)
    await form
      .getByRole('button', { name: /listen/i })
      .first()
      .click()
    await editor.until(async () => /temperature_c/.test((await tray().textContent()) ?? ''), 20_000)
    await editor.screenshot('kinesis-consumer', tray())
  })

  it('the canvas shows where the nodes read and write', async () => {
    await editor.edit('write')
    await editor.screenshot('kinesis-producer', tray())
    await editor.closeDialogs()
    await editor.screenshot('aws-canvas')
    const labels = await editor.page.locator('.red-ui-flow-node-label').allTextContents()
    assert.ok(
      labels.some(text => text.includes('→ readings')),
      labels.join()
    )
  })
})
