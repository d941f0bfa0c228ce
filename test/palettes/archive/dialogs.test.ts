import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { editor, withEditor } from '../../browser/with-editor.ts'
import { Folder } from './rig.ts'

describe('the dialogs of the archive, in a browser', function () {
  this.timeout(180_000)
  const folder = new Folder()

  withEditor({ companion: 'archive' })
  before(async () => {
    const place = { z: 'tab', x: 200, store: 'store' }
    await editor.importFlow([
      { id: 'tab', type: 'tab', label: 'archive' },
      { id: 'store', type: 'millrace-archive-store', folder: folder.path, make: false },
      { id: 'sink', type: 'millrace-archive-sink', ...place, y: 100, wires: [[], []] },
      { id: 'source', type: 'millrace-archive-source', ...place, y: 200, wires: [[], [], []] }
    ])
  })
  after(() => folder.remove())
  const tray = () => editor.page.locator('.red-ui-tray').last()

  it('a store is tested before anything is deployed, and what is wrong stands there', async () => {
    const form = await editor.edit('store')
    const answer = form.locator('.millrace-answer:is(.millrace-ok, .millrace-failed)')
    const test = form.getByRole('button', { name: 'Test connection' })
    await test.click()
    await answer.waitFor({ timeout: 20_000 })
    assert.match((await answer.textContent()) ?? '', /can be written, read and listed\./)
    await editor.screenshot('archive-store', tray())
    await form.locator('#node-config-input-folder').fill(`${folder.path}/none`)
    await test.click()
    await form.locator('.millrace-failed').waitFor({ timeout: 20_000 })
    assert.match((await answer.textContent()) ?? '', /none is not there\. Make it, or mount/)
  })

  it('the sink shows where each record goes and as what, and why another is rejected', async () => {
    const form = await editor.edit('sink')
    await form
      .locator('.millrace-in')
      .fill(
        '[{"site":"halle","device_id":"d1","metric":"t","value":5,"ts_utc":"2026-03-01T07:00:00Z"},{"site":"halle","ts_utc":"yesterday"}]'
      )
    const out = form.locator('.millrace-out')
    await out.getByText('site=halle/date=2026-03-01/hour=07/').first().waitFor()
    await out.getByText('ARCHIVE_PATH_INVALID').first().waitFor()
    await editor.screenshot('archive-sink', tray())
    await form.locator('#node-input-path').fill('{device_id}/')
    await out.getByText('d1/', { exact: true }).first().waitFor()
    await form.locator('[data-field="timeField"] .millrace-picker').click()
    await editor.screenshot('archive-sink-pick')
    const item = editor.page.locator('.millrace-item', { hasText: /device_id/ })
    await item.first().waitFor()
    await editor.page.keyboard.press('Escape')
  })

  it('the source is given a path by what is in the store', async () => {
    const place = join(folder.path, 'site=halle/date=2026-03-01/hour=07')
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, 'x.jsonl'), '{}')
    const form = await editor.edit('source')
    await form.locator('[data-field="path"] .millrace-picker').click()
    const item = editor.page.locator('.millrace-item', { hasText: /^site=halle/ })
    await item.waitFor({ timeout: 20_000 })
    await editor.screenshot('archive-source-pick')
    await item.click()
    const path = 'site=halle/date={date}/hour={hour}/'
    assert.equal(await form.locator('#node-input-path').inputValue(), path)
    await editor.screenshot('archive-source', tray())
    await editor.closeDialogs()
    await editor.screenshot('archive-canvas')
  })
})
