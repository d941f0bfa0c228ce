import assert from 'node:assert/strict'
import { readRooms } from '../../build/rooms.ts'
import { applies } from '../../core/node/spec.ts'
import { ROOT } from '../house/sources.ts'
import type { FlowEntry } from '../node-red.ts'
import { readsWell } from './accessible.ts'
import { editor, withEditor } from './with-editor.ts'

const { rooms } = await readRooms(ROOT)
const MAX_WIDTH_PX = 450
const PAGE = { width: 1300, height: 1000 }

const TAB: FlowEntry = { id: 'tab', type: 'tab', label: 'every node' }
const nodes = rooms.map(({ spec }, index) => ({
  id: `a-${spec.type}`,
  type: spec.type,
  ...(spec.category === 'config'
    ? {}
    : { z: 'tab', x: 160 + (index % 3) * 260, y: 80 + Math.floor(index / 3) * 80, wires: [] })
}))

describe('the dialogs in a browser', function () {
  this.timeout(240_000)
  withEditor({ flow: [TAB, ...nodes], page: PAGE })
  before(() => editor.screenshot('canvas'))

  it('the palette has every node, in one category', async () => {
    const shown = await editor.page
      .locator('#red-ui-palette-container-telemetry .red-ui-palette-node')
      .evaluateAll(found => found.map(node => node.getAttribute('data-palette-type')))
    const wanted = rooms
      .filter(({ spec }) => spec.category === 'telemetry')
      .map(({ spec }) => spec.type)
    assert.deepEqual([...shown].sort(), [...wanted].sort())
  })

  it('the category is found without scrolling, below the common nodes', async () => {
    const categories = editor.page.locator('.red-ui-palette-category:visible')
    const ids = await categories.evaluateAll(found => found.map(({ id }) => id))
    assert.deepEqual(
      ids.slice(0, 2),
      ['common', 'telemetry'].map(name => `red-ui-palette-container-${name}`)
    )
  })

  it('every node has an icon of its own', async () => {
    const icons = await editor.page.evaluate(
      types => {
        const { RED } = window as unknown as {
          RED: { nodes: { getType(type: string): { icon: string } } }
        }
        return types.map(type => RED.nodes.getType(type).icon)
      },
      rooms.map(({ spec }) => spec.type)
    )
    assert.deepEqual(
      icons,
      rooms.map(({ name }) => `${name}.svg`)
    )
  })

  it('no name is broken in the palette', async () => {
    const labels = await editor.page
      .locator('#red-ui-palette-container-telemetry .red-ui-palette-node')
      .evaluateAll(found =>
        found.map(node => {
          const label = node.querySelector<HTMLElement>('.red-ui-palette-label')!
          return {
            text: label.innerText.replaceAll(/\s+/g, ' ').trim(),
            wide: label.scrollWidth > label.clientWidth
          }
        })
      )
    const names = rooms
      .filter(({ spec }) => spec.category !== 'config')
      .map(({ spec }) => spec.label)
    assert.deepEqual(labels.map(({ text }) => text).sort(), names.sort())
    assert.deepEqual(
      labels.filter(({ wide }) => wide),
      []
    )
  })

  for (const { name, spec } of rooms) {
    it(`${name}: fits ${MAX_WIDTH_PX} px, can be read by all, and saves what it showed`, async () => {
      const form = await editor.edit(`a-${spec.type}`)
      const wide = await editor.atWidth(MAX_WIDTH_PX, () =>
        form.evaluate(shown =>
          Array.from(shown.querySelectorAll<HTMLElement>('.form-row'))
            .filter(row => row.scrollWidth > row.clientWidth)
            .map(row => row.dataset.field)
        )
      )
      assert.deepEqual(wide, [])
      const fold = form.locator('.millrace-fold')
      if (await fold.isVisible()) await fold.click()
      await editor.screenshot(`dialog-${name}`, editor.page.locator('.red-ui-tray').last())
      // Node-RED 5 has the same forms; its colours are looked at in the dark (dark.ts).
      if (process.env.MILLRACE_NODE_RED === undefined) {
        await readsWell(form)
        await editor.page.setViewportSize(PAGE)
      }
      const before = await editor.values(`a-${spec.type}`)
      await editor.done()
      const after = await editor.values(`a-${spec.type}`)
      const usual = Object.fromEntries(
        Object.entries(spec.fields).map(([field, { default: value }]) => [field, value])
      )
      for (const [field, given] of Object.entries(spec.fields)) {
        if (given.kind === 'secret') continue
        const isNeeded = given.kind === 'ref' && given.optional !== true
        // There is one configuration node of each type.
        const initial = isNeeded && applies(given.when, usual) ? `a-${given.type}` : given.default
        assert.deepEqual(
          String(JSON.stringify(after[field])).replaceAll('"', ''),
          String(JSON.stringify(before[field] || initial)).replaceAll('"', ''),
          field
        )
      }
    })
  }
})
