import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { connectAsync, type MqttClient } from 'mqtt'
import pg from 'pg'
import { services } from '../services.ts'
import { until } from '../until.ts'
import { Person } from './person.ts'
import { editor, withEditor } from './with-editor.ts'

const ZONE = 'Europe/Berlin'
const MOST_CLICKS = 15

/** As firmware writes it: the local time, without a zone. */
function localTime(ms: number): string {
  const parts = new Intl.DateTimeFormat('sv', {
    timeZone: ZONE,
    dateStyle: 'short',
    timeStyle: 'medium'
  })
  return parts.format(ms).replace(' ', 'T')
}

describe('the first device, in a browser', function () {
  this.timeout(180_000)
  const mark = randomUUID().slice(0, 8)
  const devices = [`plug-1-${mark}`, `plug-2-${mark}`] as const
  const prefix = `house-${mark}`
  const sentMs = Math.floor(Date.now() / 1000) * 1000
  let mqttUrl: string
  let timescaleUrl: string
  let device: MqttClient
  let sending: NodeJS.Timeout

  let hadTable: unknown

  const query = async (text: string, values: unknown[] = [devices]) => {
    const client = new pg.Client({ connectionString: timescaleUrl })
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(text, values)).rows
    } finally {
      await client.end()
    }
  }

  before(async () => {
    const { mqtt, timescale } = await services('mqtt', 'timescale')
    mqttUrl = mqtt.url
    timescaleUrl = timescale.url
    const [table] = await query("SELECT to_regclass('telemetry') IS NOT NULL AS had", [])
    hadTable = table!.had
    device = await connectAsync(mqttUrl)
    sending = setInterval(() => {
      const Time = localTime(sentMs)
      const payload = { Time, AM2301: { Temperature: 24.6, Humidity: 58.2 }, TempUnit: 'C' }
      for (const id of devices)
        device.publish(`${prefix}/tele/${id}/SENSOR`, JSON.stringify(payload), { qos: 1 })
    }, 300)
  })
  withEditor({
    prepare: nodeRed =>
      nodeRed.deploy([
        { id: 'tab', type: 'tab', label: 'my plant' },
        { id: 'broker', type: 'millrace-mqtt-broker', name: 'plant broker', url: mqttUrl },
        {
          id: 'database',
          type: 'millrace-timescale-database',
          name: 'plant database',
          url: timescaleUrl
        }
      ])
  })
  after(async () => {
    clearInterval(sending)
    await device?.endAsync()
    // The table has the columns that this device needs: another flow makes its own.
    await (hadTable === true
      ? query('DELETE FROM telemetry WHERE device_id = ANY($1)')
      : query('DROP TABLE IF EXISTS telemetry', []))
  })

  const canvas = (type: string) =>
    editor.page.locator(`.red-ui-flow-node-group[id="${type}"] .red-ui-flow-node`)

  it('Tasmota with a local time: from an empty tab to rows, nothing typed but the topic', async () => {
    const { page } = editor
    const person = new Person(editor)
    await person.drag(
      page.locator('.red-ui-palette-node[data-palette-type="millrace-mqtt-ingest"]'),
      { x: 340, y: 200 }
    )
    const ingest = await editor.idOf('millrace-mqtt-ingest')
    await person.doubleClick(canvas(ingest))
    const form = page.locator('.red-ui-tray .millrace-form').last()
    await form.waitFor()
    await editor.settled()
    await person.choose(form.locator('#node-input-broker'), 'broker')
    await person.click(form.locator('#node-input-topic'))
    await page.keyboard.press('Control+a')
    await page.keyboard.type(`${prefix}/tele/+/SENSOR`)
    await person.click(form.locator('.millrace-learn'))
    const learned = form.locator('.millrace-learned')
    await learned.getByText('The messages are of Tasmota').waitFor({ timeout: 20_000 })
    await learned.getByText('It says no zone').waitFor()
    assert.ok(await form.locator('.millrace-fill').isDisabled(), 'a zone is never guessed')
    await learned.getByText('Choose what the messages do not tell first.').waitFor()
    await editor.screenshot('learn-tasmota-asks', page)
    await person.choose(learned.locator('[data-question="millrace-normalize.zone"]'), ZONE)
    await learned.getByText('timescale sink').waitFor({ timeout: 20_000 })
    await editor.screenshot('learn-tasmota', page)
    await person.click(form.locator('.millrace-fill'))
    assert.equal(
      await form.locator('#node-input-topic').inputValue(),
      `${prefix}/tele/{device_id}/SENSOR`
    )
    await form.locator('.millrace-out').getByText('"device_id": "plug-').first().waitFor()
    await person.click(page.locator('#node-dialog-ok'))
    await editor.settled()
    const sink = await editor.idOf('millrace-timescale-sink')
    await editor.screenshot('learn-tasmota-flow', page)
    const { edges, unwired } = await page.evaluate(() => {
      interface Shown {
        readonly id: string
        readonly type: string
        readonly x: number
        readonly w: number
        readonly outputs: number
      }
      const { nodes } = (
        window as unknown as {
          RED: {
            nodes: {
              eachNode(visit: (node: Shown) => void): void
              filterLinks(filter: object): { readonly sourcePort: number }[]
            }
          }
        }
      ).RED
      const shown: Shown[] = []
      nodes.eachNode(node => {
        if (node.type.startsWith('millrace-')) shown.push(node)
      })
      return {
        edges: shown
          .map(({ x, w }) => [x - w / 2, x + w / 2] as const)
          .sort(([one], [other]) => one - other),
        unwired: shown
          .filter(
            source => !nodes.filterLinks({ source }).some(({ sourcePort }) => sourcePort === 1)
          )
          .map(({ type }) => type)
      }
    })
    for (const [at, [left]] of edges.slice(1).entries())
      assert.ok(left > edges[at]![1] + 20, `wires run to the right: ${JSON.stringify(edges)}`)
    assert.deepEqual(unwired, [], 'what is rejected is seen')

    await person.doubleClick(canvas(sink))
    const rows = page.locator('.millrace-rows').first()
    await rows.getByText('AM2301.Temperature').first().waitFor({ timeout: 20_000 })
    await rows.getByText(new Date(sentMs).toISOString()).first().scrollIntoViewIfNeeded()
    await editor.settled()
    await editor.screenshot('preview-rows', page)
    await person.click(page.locator('#node-dialog-ok'))
    await editor.settled()
    await person.click(page.locator('#red-ui-header-button-deploy'))

    const found = async () =>
      query('SELECT * FROM telemetry WHERE device_id = ANY($1) ORDER BY device_id, metric').catch(
        () => []
      )
    await until('rows', async () => (await found()).length === 4, 30_000)
    const short = (await found()).map(({ time, device_id, metric, value }) => [
      (time as Date).getTime(),
      device_id,
      metric,
      value
    ])
    assert.deepEqual(short, [
      [sentMs, devices[0], 'AM2301.Humidity', 58.2],
      [sentMs, devices[0], 'AM2301.Temperature', 24.6],
      [sentMs, devices[1], 'AM2301.Humidity', 58.2],
      [sentMs, devices[1], 'AM2301.Temperature', 24.6]
    ])
    assert.ok(person.clicks <= MOST_CLICKS, `${person.clicks} clicks`)
    assert.deepEqual(editor.errors.splice(0), [], 'errors in the JavaScript of the editor')
  })
})
