/** Run on Node-RED 5, which has a dark theme (node-red-5.test.ts). */
import assert from 'node:assert/strict'
import type { AxeResults } from 'axe-core'
import type { Browser, Locator } from 'playwright-core'
import { readRooms } from '../../build/rooms.ts'
import { ROOT } from '../house/sources.ts'
import type { RunningNodeRed } from '../node-red.ts'
import { AXE } from './axe.ts'
import { Editor, launchBrowser, startEditor } from './editor.ts'

const { rooms } = await readRooms(ROOT)
const nodes = rooms.map(({ spec }) => ({
  id: `d-${spec.type}`,
  type: spec.type,
  ...(spec.category === 'config' ? {} : { z: 'tab', x: 200, y: 100, wires: [] })
}))

/** As the setting `Theme: dark` does it. */
const darken = (editor: Editor) =>
  editor.page.evaluate(() => document.documentElement.classList.add('nr-theme-dark'))

const brightnessOf = async (form: Locator): Promise<number> => {
  const colour = await form.evaluate(
    shown => getComputedStyle(shown.closest('.red-ui-tray')!).backgroundColor
  )
  return Math.max(...colour.match(/\d+/g)!.slice(0, 3).map(Number))
}

describe('in the dark, each dialog can be read', function () {
  this.timeout(240_000)
  let nodeRed: RunningNodeRed
  let browser: Browser
  let editor: Editor

  before(async () => {
    nodeRed = await startEditor()
    browser = await launchBrowser()
    editor = await Editor.open(browser, nodeRed.url, { dark: true })
    await darken(editor)
    await editor.importFlow([{ id: 'tab', type: 'tab', label: 'every node' }, ...nodes])
    await editor.page.evaluate(AXE)
  })
  after(async () => {
    await browser?.close()
    await nodeRed?.stop()
  })
  afterEach(() => editor.closeDialogs())

  for (const { name, spec } of rooms) {
    it(`${name}: every text stands out from what is behind it`, async () => {
      const form = await editor.edit(`d-${spec.type}`)
      const brightness = await brightnessOf(form)
      assert.ok(brightness < 80, `${brightness}`)
      const fold = form.locator('.millrace-fold')
      if (await fold.isVisible()) await fold.click()
      await form.evaluate(shown => {
        for (const mark of shown.querySelectorAll<HTMLElement>('.millrace-ask')) mark.click()
      })
      const out = form.locator('.millrace-out')
      if ((await out.count()) > 0) await out.locator('> *').first().waitFor()
      await editor.screenshot(`dark-${name}`, editor.page.locator('.red-ui-tray').last())
      const found = await form.evaluate(async shown => {
        const { axe } = window as unknown as {
          axe: { run(on: Element, options: object): Promise<AxeResults> }
        }
        const { violations } = await axe.run(shown, { runOnly: ['color-contrast'] })
        return violations.flatMap(({ nodes: where }) =>
          where.map(({ html, any }) => `${html.slice(0, 120)} ${any[0]?.message}`)
        )
      })
      assert.deepEqual(found, [])
    })
  }

  const panels: readonly (readonly [type: string, field: string])[] = [
    ['millrace-normalize', 'field'],
    ['millrace-aggregate', 'zone'],
    ['millrace-dead-letter-replay', 'codes'],
    ['millrace-dead-letter-replay', 'since']
  ]
  for (const [type, field] of panels) {
    it(`${type}, ${field}: what is picked from stands out, and is grave to nobody`, async () => {
      const form = await editor.edit(`d-${type}`)
      if (field === 'zone') await form.locator('#node-input-window').selectOption('calendar')
      await form.locator(`[data-field="${field}"] .millrace-picker`).click()
      const panel = editor.page.locator('.millrace-pick')
      await panel.waitFor()
      await editor.screenshot(`dark-pick-${type}-${field}`)
      assert.deepEqual(await graveIn(panel), [])
      await editor.page.keyboard.press('Escape')
    })
  }
})

/** What hinders many people, and colours that are too near to each other. */
const graveIn = (shown: Locator): Promise<string[]> =>
  shown.evaluate(async panel => {
    const { axe } = window as unknown as {
      axe: { run(on: Element): Promise<AxeResults> }
    }
    const { violations } = await axe.run(panel)
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes: where }) =>
        where.map(({ html, any }) => `${id} ${html.slice(0, 120)} ${any[0]?.message}`)
      )
  })
