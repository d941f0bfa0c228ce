import assert from 'node:assert/strict'
import type { Locator } from 'playwright-core'
import { editor, withEditor } from './with-editor.ts'

const TOPIC = 'acme/site-01/+/+/reading'
const LONGER = 'acme-works/site-01/+/+/temperature'
const topicIs = (value: string) => ({ field: 'msg.topic', operator: 'topic_matches', value })
const above = { field: 'value', operator: 'gt', value: 80 }
const functions = [{ function: 'avg', field: '', parameter: '', as: '' }]
const FLOW = [
  { id: 'tab', type: 'tab', label: 'moments' },
  {
    ...{ id: 'rule', type: 'millrace-route', z: 'tab', x: 200, y: 60, outputs: 2, otherwise: true },
    ...{ rules: [{ match: 'all', conditions: [above], time: { lasts: '20 s' } }], send: 'first' },
    wires: [[], []]
  },
  { id: 'alarm', type: 'millrace-alarm', z: 'tab', x: 200, y: 120, limit: 80, wires: [[], []] },
  {
    ...{ id: 'windows', type: 'millrace-aggregate', z: 'tab', x: 200, y: 180, functions },
    ...{ length: '20 s', lateness: '0 s', wires: [[], [], []] }
  },
  {
    ...{ id: 'topics', type: 'millrace-route', z: 'tab', x: 200, y: 240, outputs: 1 },
    ...{ rules: [{ match: 'any', conditions: [topicIs(TOPIC), topicIs(LONGER)] }], wires: [[]] }
  }
]

/** Seven readings of a line, each ten seconds after the one before. */
const PASTED = [70, 85, 90, 88, 60, 95, 65].map((value, index) => ({
  ...{ device_id: 'oven', metric: 'temperature_c', value },
  ts_utc: `2026-03-01T10:0${Math.floor(index / 6)}:${(index % 6) * 10 || '00'}Z`
}))

/** For each node, at which of these seconds something would have fired, and what. */
const MOMENTS: readonly (readonly [
  id: string,
  moments: readonly (readonly [at: string, what: RegExp])[]
])[] = [
  ['rule', [['10:00:30', /value > 80/]]],
  [
    'alarm',
    [
      ['10:00:10', /raised/],
      ['10:00:40', /returned/],
      ['10:00:50', /raised/],
      ['10:01:00', /returned/]
    ]
  ],
  [
    'windows',
    [
      ['10:00:20', /temperature_c_avg 77\.5/],
      ['10:00:40', /89/],
      ['10:01:00', /77\.5/]
    ]
  ]
]

describe('the moments of a pasted list of samples, in a browser', function () {
  this.timeout(120_000)
  withEditor({ flow: FLOW, page: { width: 1440, height: 1200 } })

  const tray = () => editor.page.locator('.red-ui-tray').last()

  for (const [id, moments] of MOMENTS)
    it(`${id}: are marked on a line over time, and said in words`, async () => {
      const form = await editor.edit(id)
      await form.locator('.millrace-in').fill(JSON.stringify(PASTED))
      const figure = form.locator('.millrace-time')
      await editor.until(async () => (await figure.locator('circle').count()) === PASTED.length)
      await figure.locator('summary').click()
      await figure.scrollIntoViewIfNeeded()
      await editor.screenshot(`time-line-${id}`, tray())
      const told = await figure.locator('li').allTextContents()
      for (const [index, [at, what]] of moments.entries()) {
        assert.match(told[index] ?? '', what, told.join('\n'))
        assert.ok(told[index]!.includes(at), told.join('\n'))
      }
      assert.equal((await figure.locator('.millrace-mark').count()) >= moments.length, true)
    })

  const isCut = (input: Locator) =>
    input.evaluate((shown: HTMLInputElement) => shown.scrollWidth > shown.clientWidth)

  for (const width of [1440, 450])
    it(`a topic of five levels and a longer one are seen whole, at ${width} px`, async () => {
      const form = await editor.edit('topics')
      const look = async () => {
        const values = form.getByLabel('compare with', { exact: true })
        return Promise.all([isCut(values.first()), isCut(values.nth(1))])
      }
      const cut = width === 1440 ? await look() : await editor.atWidth(width, look)
      if (width === 1440) await editor.screenshot('topics-1440', tray())
      else await editor.atWidth(width, () => editor.screenshot('topics-450', tray()))
      assert.deepEqual(cut, [false, false])
    })
})
