import assert from 'node:assert/strict'
import type { Locator } from 'playwright-core'
import { editor, withEditor } from './with-editor.ts'

const FLOW = [
  { id: 'tab', type: 'tab', label: 'previews' },
  { id: 'check', type: 'millrace-validate', z: 'tab', x: 200, y: 80, wires: [['time'], []] },
  {
    id: 'time',
    type: 'millrace-normalize',
    z: 'tab',
    x: 400,
    y: 80,
    pastDays: 0,
    futureS: 0,
    wires: [[], []]
  },
  { id: 'watch', type: 'millrace-alarm', z: 'tab', x: 200, y: 160, limit: 80, wires: [[], []] }
]
const SEEN = { device_id: 'seen-1', metric: 'temperature_c', value: 21.5, ts: 1708700000 }

describe('the preview in a browser', function () {
  this.timeout(120_000)
  withEditor({
    async prepare(nodeRed) {
      await nodeRed.deploy(FLOW)
      nodeRed
        .node<{ receive(message: object): void }>('check')
        .receive({ topic: 'acme/seen-1', payload: SEEN })
      const watch = nodeRed.node<{ receive(message: object): void }>('watch')
      for (const [minute, value] of [70, 85, 90, 60].entries()) {
        const ts_utc = `2026-03-01T10:0${minute}:00Z`
        watch.receive({ payload: { device_id: 'oven', metric: 'temperature_c', value, ts_utc } })
      }
    }
  })

  const says = (form: Locator, text: string | RegExp) =>
    form.locator('.millrace-out').getByText(text).first().waitFor()

  it('shows what the node has seen, and what it makes of it', async () => {
    const form = await editor.edit('check')
    await says(form, 'valid (1)')
    assert.match(await form.locator('.millrace-in').inputValue(), /seen-1/)
    assert.match(
      (await form.locator('.millrace-sample option').first().textContent())!,
      /^seen here.*acme\/seen-1$/
    )
  })

  it('says why a pasted record is rejected, and follows what is typed', async () => {
    const form = await editor.edit('check')
    await says(form, 'valid (1)')
    await form
      .locator('.millrace-in')
      .fill('{"device_id": "d1", "metric": "t", "value": "warm", "ts": 1}')
    await says(form, 'rejected (1)')
    await says(form, 'FIELD_TYPE')
    await editor.screenshot('preview-validate', editor.page.locator('.red-ui-tray').last())
    await form
      .locator('.millrace-in')
      .fill('{"device_id": "d1", "metric": "t", "value": 5, "ts": 1}')
    await says(form, 'valid (1)')
  })

  it('marks what changed, and follows a setting that is not saved', async () => {
    const form = await editor.edit('time')
    await says(form, 'normalized (1)')
    assert.match(
      (await form.locator('.millrace-sample option').first().textContent())!,
      /^seen here/
    )
    const added = form.locator('.millrace-line.millrace-added')
    assert.match((await added.first().textContent())!, /^\+.*"ts_utc": "2024-02-23T14:53:20/)
    await form.locator('#node-input-target').fill('when')
    await added.getByText('"when"').waitFor()
    await editor.screenshot('preview-normalize', editor.page.locator('.red-ui-tray').last())
    await form.locator('#node-input-unit').selectOption('ms')
    await form.locator('#node-input-pastDays').fill('1')
    await says(form, 'TS_PAST')
  })

  it('draws values over time, with marks where an alarm is raised and returns, and says it in words', async () => {
    const form = await editor.edit('watch')
    await form.locator('.millrace-sample').getByText('all that were seen · 4 records').waitFor({
      state: 'attached'
    })
    const figure = form.locator('.millrace-time')
    await figure.getByText('returned', { exact: true }).waitFor()
    assert.equal(await figure.locator('circle').count(), 4)
    assert.equal(await figure.locator('.millrace-mark').count(), 2)
    await figure.scrollIntoViewIfNeeded()
    await editor.screenshot('preview-alarm', editor.page.locator('.red-ui-tray').last())
    await form.locator('#node-input-limit').fill('87')
    await form.locator('#node-input-limit').blur()
    await figure.locator('summary').focus()
    await editor.page.keyboard.press('Enter')
    await figure.locator('li', { hasText: 'raised' }).getByText('oven · temperature_c').waitFor()
    assert.equal(await figure.locator('li').count(), 2)
  })

  it('learns from what was seen: says what it found, and fills in what a person agrees to', async () => {
    const form = await editor.edit('check')
    await says(form, 'valid (1)')
    await form.locator('.millrace-learn').click()
    const learned = form.locator('.millrace-learned')
    await learned.getByText('A schema of 4 fields, 4 of them always there').waitFor()
    await learned.getByText('1 of 1 records').waitFor()
    await editor.screenshot('learn-validate', editor.page.locator('.red-ui-tray').last())
    await learned.locator('.millrace-question').selectOption('strict')
    const schemaBefore = (await editor.values('check')).schema
    await form.locator('.millrace-fill').click()
    await learned.waitFor({ state: 'hidden' })
    await says(form, 'valid (1)')
    assert.equal((await editor.values('check')).schema, schemaBefore)
    await editor.done()
    assert.match(String((await editor.values('check')).schema), /"additionalProperties": false/)
  })

  it('a field is picked from the message by a click, its path written as it must be', async () => {
    const form = await editor.edit('time')
    await says(form, 'normalized (1)')
    await form.locator('.millrace-in').fill('{"meta":{"PM2.5":1708700000,"list":[{"at":1}]}}')
    const row = form.locator('[data-field="field"]')
    await row.locator('.millrace-picker').click()
    const items = editor.page.locator('.millrace-field')
    assert.deepEqual(await items.locator('span').allTextContents(), [
      'meta',
      'PM2.5',
      'list',
      '0',
      'at'
    ])
    await editor.screenshot('pick-field')
    await items.getByText('PM2.5').click()
    assert.equal(await form.locator('#node-input-field').inputValue(), 'meta["PM2.5"]')
    await says(form, 'normalized (1)')
  })

  it('a picker keeps the keyboard: arrows, search, and Escape closes it and not the dialog', async () => {
    const form = await editor.edit('time')
    await says(form, 'normalized (1)')
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`field_${at}`, at]))
    await form.locator('.millrace-in').fill(JSON.stringify({ ...many, PM10: 1708700000 }))
    const opener = form.locator('[data-field="field"] .millrace-picker')
    const { keyboard } = editor.page
    const panel = editor.page.locator('.millrace-pick')
    const isOpener = () => opener.evaluate(button => button === document.activeElement)
    await opener.focus()
    await keyboard.press('Enter')
    await panel.waitFor()
    assert.equal(await opener.getAttribute('aria-expanded'), 'true')
    await keyboard.type('pm')
    assert.deepEqual(await panel.locator('button span').allTextContents(), ['PM10'])
    for (const key of ['ArrowDown', 'Tab', 'Shift+Tab']) await keyboard.press(key)
    assert.equal(await panel.locator('button:focus').count(), 1)
    await keyboard.press('Escape')
    await panel.waitFor({ state: 'detached' })
    assert.equal(await form.isVisible(), true)
    assert.ok(await isOpener(), 'the focus goes back to the button')
    assert.equal(await opener.getAttribute('aria-expanded'), 'false')
    await form.locator('.millrace-in').fill('')
    await opener.focus()
    await keyboard.press('Enter')
    await panel.getByText('has no fields').waitFor()
    await keyboard.press('Escape')
    await panel.waitFor({ state: 'detached' })
    assert.ok(await isOpener(), 'also where there was nothing to choose')
  })

  it('what leaves is told at the edge of the dialog, and a click leads to it', async () => {
    const form = await editor.edit('time')
    await says(form, 'normalized (1)')
    const bar = form.locator('.millrace-bar')
    const isSeen = () =>
      bar.evaluate(shown => {
        const { bottom } = shown.closest('.red-ui-tray-body-wrapper')!.getBoundingClientRect()
        return shown.getBoundingClientRect().bottom <= bottom + 1
      })
    await form.evaluate(shown => shown.scrollIntoView())
    assert.ok(await isSeen())
    assert.match(await bar.innerText(), /normalized \(1\)/)
    await form.locator('#node-input-field').fill('nowhere')
    await bar.getByText('rejected (1): TS_MISSING').waitFor()
    await bar.getByRole('button', { name: 'Preview' }).click()
    assert.ok(
      await form.locator('.millrace-out').evaluate(shown => {
        const { top } = shown.getBoundingClientRect()
        return top > 0 && top < window.innerHeight
      })
    )
  })

  it('is used by keys alone, fits a narrow dialog, and each control has a name', async () => {
    const form = await editor.edit('check')
    await says(form, 'valid (1)')
    await form.locator('.millrace-sample').focus()
    for (const wanted of [
      'millrace-sample',
      'red-ui-button',
      'red-ui-button',
      'topic',
      'millrace-in',
      'millrace-out'
    ]) {
      const focused = await editor.page.evaluate(() => {
        const { className, placeholder = '' } = document.activeElement as HTMLInputElement
        return `${className} ${placeholder.toLowerCase()} ${document.activeElement?.getAttribute('aria-label')}`
      })
      assert.ok(focused.includes(wanted), `${wanted} is not where the key leads: ${focused}`)
      assert.ok(!/ null$/.test(focused), `${wanted} has no name`)
      await editor.page.keyboard.press('Tab')
    }
    const wide = await editor.atWidth(450, () =>
      form.locator('.millrace-preview').evaluate(pane => pane.scrollWidth > pane.clientWidth)
    )
    assert.equal(wide, false)
  })
})
