import assert from 'node:assert/strict'
import { editor, withEditor } from '../../browser/with-editor.ts'
import { freePort, post } from './rig.ts'

describe('the dialogs of CoAP, in a browser', function () {
  this.timeout(180_000)
  let port: number

  withEditor({ companion: 'coap' })
  before(async () => {
    port = await freePort()
    await editor.importFlow([
      { id: 'tab', type: 'tab', label: 'coap' },
      { id: 'endpoint', type: 'millrace-coap-endpoint', port },
      {
        id: 'ingest',
        type: 'millrace-coap-ingest',
        z: 'tab',
        endpoint: 'endpoint',
        urlPath: 'plant/{site}/{device_id}',
        access: 'open',
        x: 200,
        y: 100,
        wires: [[], []]
      }
    ])
  })
  const tray = () => editor.page.locator('.red-ui-tray').last()

  it('the port is tested before anything is deployed', async () => {
    const form = await editor.edit('endpoint')
    await form.getByRole('button', { name: 'Test connection' }).click()
    const answer = form.locator('.millrace-answer:is(.millrace-ok, .millrace-failed)')
    await answer.waitFor({ timeout: 20_000 })
    assert.match((await answer.textContent()) ?? '', /UDP port \d+ is free.*Only this machine/)
    await editor.screenshot('coap-endpoint', tray())
  })

  it('bodies are heard before anything is deployed, and shown as records', async () => {
    const form = await editor.edit('ingest')
    assert.match((await form.textContent()) ?? '', new RegExp(`127\\.0\\.0\\.1:${port}`))
    const body = '{"metric":"temperature_c","value":21.5}'
    const sending = setInterval(
      () => void post(port, 'plant/site-01/d1', body).catch(() => {}),
      300
    )
    try {
      await form
        .getByRole('button', { name: /listen/i })
        .first()
        .click()
      await editor.until(
        async () => /temperature_c/.test((await tray().textContent()) ?? ''),
        20_000
      )
    } finally {
      clearInterval(sending)
    }
    await editor.screenshot('coap-ingest', tray())
  })

  it('the help has the lesson of its own package', async () => {
    await editor.help('millrace-coap-ingest')
    await editor.page.locator('a.millrace-lesson:visible').first().click()
    await editor.until(async () => (await editor.typesOnCanvas()).includes('udp out'))
    await editor.page.keyboard.press('Escape')
    await editor.screenshot('coap-canvas')
  })
})
