import assert from 'node:assert/strict'
import { editor, withEditor } from './with-editor.ts'

const hot = { match: 'all', conditions: [{ field: 'value', operator: 'gt', value: 80 }] }
const FULL = [
  {
    match: 'all',
    conditions: [
      { field: 'msg.topic', operator: 'topic_matches', value: 'acme/site-01/+/+/reading' },
      { field: 'value', operator: 'on_above', value: { field: 'limit_c' }, value2: 75 },
      {
        match: 'any',
        conditions: [
          { field: 'value', operator: 'rises', value: 2, value2: '1 min' },
          { field: 'status', operator: 'changed' },
          { field: 'value', operator: 'changed_percent', value: 10 }
        ]
      },
      {
        field: 'ts_utc',
        operator: 'in_hours',
        value: 'Mon-Fri 06:00-22:00',
        value2: 'Europe/Berlin'
      }
    ],
    time: { lasts: '30 s', begins: true, times: 3, within: '10 min', pause: '10 min' }
  },
  {
    name: 'silent',
    match: 'all',
    conditions: [{ field: 'device_id', operator: 'missing_for', value: '5 min' }]
  }
]
const out = (id: string) => ({ id, type: 'debug', z: 'tab', x: 600, y: 40, wires: [] })
const FLOW = [
  { id: 'tab', type: 'tab', label: 'rules' },
  {
    ...{ id: 'made', type: 'millrace-route', z: 'tab', x: 200, y: 60, outputs: 2, rules: [hot] },
    ...{ send: 'first', otherwise: true, wires: [['one'], ['rest']] }
  },
  {
    ...{ id: 'full', type: 'millrace-route', z: 'tab', x: 200, y: 160, outputs: 4, rules: FULL },
    ...{ send: 'first', otherwise: true, wires: [[], [], [], []] }
  },
  out('one'),
  out('rest')
]
const at = (second: number, value: number) => ({
  device_id: 'a',
  metric: 't',
  value,
  ts_utc: `2026-03-01T10:00:${String(second).padStart(2, '0')}Z`
})

interface Saved {
  readonly rules: unknown
  readonly label: string
  readonly wires: Record<string, string>
  readonly labels: string[]
}
const savedScript = (id: string) => `(() => {
  const node = RED.nodes.node('${id}')
  const labels = Array.from({ length: node.outputs }, (_, index) => node._def.outputLabels.call(node, index))
  const wires = Object.fromEntries(RED.nodes.filterLinks({ source: node }).map(link => [labels[link.sourcePort], link.target.id]))
  return { rules: node.rules, label: node._def.label.call(node), labels, wires }
})()`

describe('the rules of route over time, in a browser', function () {
  this.timeout(120_000)
  const saved = (id: string) => editor.page.evaluate<Saved>(savedScript(id))
  const tray = () => editor.page.locator('.red-ui-tray').last()

  withEditor({ flow: FLOW, page: { width: 1300, height: 1500 } })

  it('a rule becomes one over time: what that needs appears, and wires stay', async () => {
    const form = await editor.edit('made')
    const key = form.locator('[data-field="key"]')
    assert.equal(await key.isVisible(), false)
    await form.getByLabel('over time').selectOption('lasts')
    assert.equal(await key.isVisible(), true)
    await editor.type(form.getByLabel('for at least'), '20 s')
    const payload = [at(0, 81), at(10, 82), at(20, 83), at(30, 84), at(40, 70)]
    await form.locator('.millrace-in').fill(JSON.stringify(payload))
    const output = form.locator('.millrace-out')
    await editor.until(async () => /value > 80 for 20 s.*2/.test(await output.innerText()))
    await editor.screenshot('route-over-time', tray())
    await editor.done()
    const { label, labels, wires } = await saved('made')
    assert.equal(label, 'value > 80 for 20 s → 1')
    assert.deepEqual(labels, ['value > 80 for 20 s', 'otherwise', 'rejected'])
    assert.deepEqual(wires, { 'value > 80 for 20 s': 'one', otherwise: 'rest' })
  })

  it('and back: the output for what is rejected goes', async () => {
    const form = await editor.edit('made')
    await form.getByRole('button', { name: 'Remove this row', exact: true }).first().click()
    await editor.done()
    const { rules, wires } = await saved('made')
    assert.deepEqual(rules, [hot])
    assert.deepEqual(wires, { 'value > 80': 'one', otherwise: 'rest' })
  })

  it('rows of each kind stay as they were', async () => {
    const form = await editor.edit('full')
    const topic = form.getByLabel('compare with', { exact: true }).first()
    await editor.screenshot('route-every-kind', tray())
    const isCut = await topic.evaluate(
      (input: HTMLInputElement) => input.scrollWidth > input.clientWidth
    )
    assert.equal(isCut, false, 'a topic of five levels is seen whole')
    assert.deepEqual(await form.locator('.input-error').count(), 0)
    await editor.done()
    assert.deepEqual((await saved('full')).rules, FULL)
  })

  it('are added by hand: a group, another field, hours', async () => {
    const form = await editor.edit('made')
    await form.getByRole('button', { name: /group/ }).click()
    const group = form.getByRole('group', { name: 'group', exact: true })
    await group.getByLabel('field', { exact: true }).first().fill('status')
    await group.getByLabel('operator').first().selectOption('is_true')
    await group.getByLabel('field', { exact: true }).nth(1).fill('ts_utc')
    await group.getByLabel('operator').nth(1).selectOption('in_hours')
    await editor.type(group.getByLabel('time zone'), 'Europe/Berlin')
    await editor.done()
    const { rules, label } = await saved('made')
    const added = {
      match: 'any',
      conditions: [
        { field: 'status', operator: 'is_true' },
        {
          field: 'ts_utc',
          operator: 'in_hours',
          value: 'Mon-Fri 06:00-22:00',
          value2: 'Europe/Berlin'
        }
      ]
    }
    assert.deepEqual(rules, [{ ...hot, conditions: [...hot.conditions, added] }])
    assert.match(label, /^value > 80 and \(status is true or/)
  })
})
