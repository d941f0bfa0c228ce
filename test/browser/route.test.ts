import assert from 'node:assert/strict'
import type { FlowEntry } from '../node-red.ts'
import { editor, withEditor } from './with-editor.ts'

const RULES = [
  { match: 'all', conditions: [{ field: 'metric', operator: 'equals', value: 'temperature_c' }] },
  {
    name: 'alerts',
    match: 'any',
    conditions: [
      { field: 'msg.topic', operator: 'topic_matches', value: 'acme/+/alert' },
      { field: 'severity', operator: 'in', value: ['high', '3', 3] },
      { field: 'ok', operator: 'is_false' },
      { field: 'value', operator: 'between', value: 10, value2: 20 }
    ]
  }
]
/** A route with its three outputs wired; ids begin with `id`. */
const routeNamed = (id: string, y: number): FlowEntry[] => [
  {
    ...{
      id,
      type: 'millrace-route',
      z: 'tab',
      x: 200,
      y: y + 60,
      outputs: 3,
      rules: RULES,
      send: 'first',
      otherwise: true
    },
    wires: [[`${id}-one`], [`${id}-two`], [`${id}-rest`]]
  },
  ...['one', 'two', 'rest'].map((name, row) => ({
    id: `${id}-${name}`,
    type: 'debug',
    z: 'tab',
    x: 600,
    y: y + row * 60,
    wires: []
  }))
]

interface Saved {
  readonly rules: unknown
  readonly valid: boolean
  readonly label: string
  readonly labels: string[]
  readonly wires: Record<string, string>
}
const savedScript = (id: string) => `(() => {
  const node = RED.nodes.node('${id}')
  const labels = Array.from({ length: node.outputs }, (_, index) => node._def.outputLabels.call(node, index))
  const wires = Object.fromEntries(RED.nodes.filterLinks({ source: node }).map(link => [labels[link.sourcePort], link.target.id]))
  return { rules: node.rules, valid: node.valid, label: node._def.label.call(node), labels, wires }
})()`

describe('the rules of route in a browser', function () {
  this.timeout(120_000)
  const saved = (id: string) => editor.page.evaluate<Saved>(savedScript(id))
  withEditor({
    flow: [
      { id: 'tab', type: 'tab', label: 'rules' },
      ...routeNamed('kept', 40),
      ...routeNamed('changed', 260),
      ...routeNamed('broken', 480)
    ],
    page: { width: 1300, height: 1000 }
  })

  it('are sentences on the canvas and at the outputs, and stay as they were when nothing is changed', async () => {
    await editor.edit('kept')
    await editor.done()
    const { rules, label, labels } = await saved('kept')
    assert.deepEqual(rules, RULES)
    assert.equal(label, 'metric = temperature_c → 1, 1 more')
    assert.deepEqual(labels, ['metric = temperature_c', 'alerts', 'otherwise'])
  })

  it('can be added and removed, and wires stay with their rule', async () => {
    const form = await editor.edit('changed')
    const items = form.locator('[data-field="rules"] ol.millrace-list > li')
    await form.locator('[data-field="rules"] .red-ui-editableList-addButton').click()
    await items.nth(2).locator('select').nth(1).selectOption('lt')
    await items.nth(0).locator('.red-ui-editableList-item-remove').click()
    await items.nth(2).waitFor({ state: 'detached' })
    await editor.done()
    const { rules, labels, wires, valid } = await saved('changed')
    assert.deepEqual(rules, [
      RULES[1],
      { match: 'all', conditions: [{ field: 'value', operator: 'lt', value: 80 }] }
    ])
    assert.deepEqual(labels, ['alerts', 'value < 80', 'otherwise'])
    assert.deepEqual(wires, { alerts: 'changed-two', otherwise: 'changed-rest' })
    assert.ok(valid)
  })

  it('are marked where something is missing', async () => {
    const form = await editor.edit('broken')
    await form
      .locator('[data-field="rules"] ol.millrace-list > li')
      .nth(0)
      .locator('select')
      .nth(1)
      .selectOption('matches')
    await form
      .locator('[data-field="rules"] ol.millrace-list > li')
      .nth(0)
      .getByLabel('compare with', { exact: true })
      .fill('(a+)\\1')
    await form.locator('.input-error').first().waitFor()
    await editor.screenshot('route-refused')
    await editor.done()
    assert.equal((await saved('broken')).valid, false)
  })
})
