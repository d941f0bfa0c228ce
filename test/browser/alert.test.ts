// Mostly waits.
import assert from 'node:assert/strict'
import { connectAsync, type MqttClient } from 'mqtt'
import type { Browser } from 'playwright-core'
import { build } from '../../build.ts'
import { pipeline } from '../../stack/node-red/flows.ts'
import type { FlowEntry, RunningNodeRed } from '../node-red.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import { Editor, launchBrowser, startEditor } from './editor.ts'
import { Person } from './person.ts'

const MOST_CLICKS = 25
const HOT_S = 30

const NO_FAULTS = { malformedPct: 0, invalidPct: 0, secondsPct: 0, zonelessPct: 0 }

interface Alert {
  readonly topic: string
  readonly record: Readonly<Record<string, unknown>>
}

/** Its own readings of this test: others publish to acme at the same time. */
const ORG = `acme-${process.pid}`

describe('an alert, in a browser, of the fleet that npm start simulates', function () {
  this.timeout(240_000)
  const alerts: Alert[] = []
  let screen: MqttClient
  let nodeRed: RunningNodeRed
  let browser: Browser
  let editor: Editor

  before(async () => {
    const { mqtt } = await services('mqtt')
    screen = await connectAsync(mqtt.url)
    screen.on('message', (topic, payload) => {
      alerts.push({ topic, record: JSON.parse(payload.toString()) as Alert['record'] })
    })
    await screen.subscribeAsync(`${ORG}/+/+/alert`)
    await build()
    nodeRed = await startEditor()
    const shipped = pipeline({ withSimulator: true }) as FlowEntry[]
    const fleet = shipped.find(({ type }) => type === 'millrace-device-simulator')!
    const broker = shipped.find(({ type }) => type === 'millrace-mqtt-broker')!
    await nodeRed.deploy([
      { id: 'tab', type: 'tab', label: 'alerts' },
      { id: 'ingest', type: 'tab', label: 'ingest' },
      { ...broker, url: mqtt.url },
      // A time that is of two forms would have to be asked for.
      {
        ...fleet,
        ...NO_FAULTS,
        topic: `${ORG}/{site}/{device_type}/{device_id}/reading`,
        wires: [[], []]
      }
    ])
    browser = await launchBrowser()
    editor = await Editor.open(browser, nodeRed.url)
  })
  after(async () => {
    await browser?.close()
    await nodeRed?.stop()
    await screen?.endAsync()
  })

  it('above 30 °C at site-01 for 30 s, at most once in 10 minutes, in at most 25 clicks', async () => {
    const { page } = editor
    const person = new Person(editor)
    const ingest = await person.drop('millrace-mqtt-ingest', { x: 340, y: 160 })
    const source = await person.open(ingest)
    await person.type(
      source.locator('#node-input-topic'),
      `${ORG}/site-01/temperature/{device_id}/reading`
    )
    await person.click(source.locator('.millrace-learn'))
    const learned = source.locator('.millrace-learned')
    await learned.getByText('normalize').waitFor({ timeout: 20_000 })
    await editor.screenshot('alert-learned', page)
    await person.click(learned.getByText('timescale sink'))
    await person.click(source.locator('.millrace-fill'))
    await person.done()

    const normalize = await editor.idOf('millrace-normalize')
    const alarm = await person.drop('millrace-alarm', { x: 500, y: 320 })
    await person.wire(normalize, alarm)
    const watch = await person.open(alarm)
    await person.type(watch.locator('#node-input-limit'), '30')
    await person.type(watch.locator('#node-input-onDelay'), `${HOT_S} s`)
    await person.type(watch.locator('#node-input-pause'), '10 min')
    await editor.screenshot('alert-alarm', page)
    await person.done()

    const publish = await person.drop('millrace-mqtt-publish', { x: 500, y: 440 })
    await person.wire(alarm, publish)
    const back = await person.open(publish)
    await person.type(back.locator('#node-input-topic'), `${ORG}/site-01/{device_id}/alert`)
    await person.done()
    await editor.screenshot('alert-flow', page)
    await person.click(page.locator('#red-ui-header-button-deploy'))

    const raised = () => alerts.filter(({ record }) => record.event === 'raised')
    await until('an alert', () => raised().length > 0, 90_000, 500)
    const [first] = raised()
    assert.ok(Number(first!.record.value) > 30, JSON.stringify(first))
    assert.equal(first!.topic, `${ORG}/site-01/${first!.record.device_id}/alert`)
    assert.ok(person.clicks <= MOST_CLICKS, `${person.clicks} clicks`)
    const timeline = await editor.edit(alarm)
    await timeline.locator('.millrace-time svg polyline').first().waitFor({ state: 'attached' })
    await editor.screenshot('alert-timeline', page)
    assert.deepEqual(editor.errors.splice(0), [], 'errors in the JavaScript of the editor')
  })
})
