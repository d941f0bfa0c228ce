import assert from 'node:assert/strict'
import { editor, withEditor } from './with-editor.ts'

const FLOW = [
  { id: 'tab', type: 'tab', label: 'writing' },
  { id: 'broker', type: 'millrace-mqtt-broker', url: 'mqtt://broker.example:1884' },
  { id: 'times', type: 'millrace-normalize', z: 'tab', zoneFrom: 'fixed', wires: [] },
  { id: 'replay', type: 'millrace-dead-letter-replay', z: 'tab', wires: [] }
]

describe('what helps to write a field, in a browser', function () {
  this.timeout(120_000)
  withEditor({ flow: FLOW })

  const panel = () => editor.page.locator('.millrace-pick:visible')

  it('a time zone is found by a part of its name, by keys alone', async () => {
    const form = await editor.edit('times')
    await form.locator('[data-field="zone"] .millrace-picker').focus()
    await editor.page.keyboard.press('Enter')
    await panel().waitFor()
    await editor.page.keyboard.type('new york')
    await editor.screenshot('writing-zone')
    await editor.page.keyboard.press('Enter')
    await editor.done()
    assert.equal((await editor.values('times')).zone, 'America/New_York')
  })

  it('codes are ticked beside their sentences', async () => {
    const form = await editor.edit('replay')
    await form.locator('#node-input-codes').fill('TS_FUTURE')
    await form.locator('[data-field="codes"] .millrace-picker').click()
    assert.equal(await panel().getByLabel('TS_FUTURE').isChecked(), true)
    await panel().getByLabel('UNKNOWN_DEVICE').check()
    await editor.screenshot('writing-codes')
    await editor.page.keyboard.press('Escape')
    assert.equal(await form.locator('#node-input-codes').inputValue(), 'TS_FUTURE, UNKNOWN_DEVICE')
  })

  it('a time is picked, in UTC or the zone of the browser', async () => {
    const form = await editor.edit('replay')
    await form.locator('[data-field="since"] .millrace-picker').click()
    await panel().getByLabel('Date and time').fill('2026-01-31T12:30:00')
    await panel().getByLabel('Time zone').selectOption({ label: 'UTC' })
    await panel().getByRole('button', { name: 'Set' }).click()
    assert.equal(await form.locator('#node-input-since').inputValue(), '2026-01-31T12:30:00Z')
  })

  it('an address is one URL of scheme, host and port, and any other text stays as it is', async () => {
    const form = await editor.edit('broker')
    const url = form.locator('#node-config-input-url')
    const parts = form.locator('.millrace-address')
    const [host, port] = [parts.getByLabel('host'), parts.getByLabel('port')]
    assert.deepEqual([await host.inputValue(), await port.inputValue()], ['broker.example', '1884'])
    await parts.getByLabel('scheme').selectOption('mqtts')
    await port.fill('')
    assert.equal(await url.inputValue(), 'mqtts://broker.example')
    await url.fill('${MQTT_URL}')
    await editor.until(async () => !(await parts.isVisible()))
    await url.fill('ws://other.example:9001/mqtt')
    await editor.until(() => parts.isVisible())
    await port.fill('9002')
    assert.equal(await url.inputValue(), 'ws://other.example:9002/mqtt')
    await editor.screenshot('writing-address', editor.page.locator('.red-ui-tray').last())
  })
})
