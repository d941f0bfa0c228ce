/**
 * npm run docs: the pictures of the README, from the running pipeline on the test services, light,
 * two pixels a point.
 */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from '../../build.ts'
import { leaveServices } from '../../stack/lifecycle.ts'
import { pipeline } from '../../stack/node-red/flows.ts'
import { topics } from '../../stack/services.ts'
import { ensureTable } from '../../stack/table.ts'
import { makeTopics } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services, testHome } from '../services.ts'
import { until } from '../until.ts'
import { Editor, launchBrowser } from './editor.ts'

const FOLDER = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'docs', 'pictures')
/** Until the rates in the status texts have settled. */
const RUN_MS = 15_000

const TABS = ['ingest', 'process', 'persist', 'monitor'] as const

await build()
mkdirSync(FOLDER, { recursive: true })
const { mqtt, kafka, timescale } = await services('mqtt', 'kafka', 'timescale')
await ensureTable(timescale.url)
await makeTopics(
  kafka.brokers,
  Object.fromEntries(Object.values(topics).map(topic => [topic, 4]))
).catch(() => undefined)
const nodeRed = new NodeRedProcess({
  flow: pipeline({ withSimulator: true }) as FlowEntry[],
  environment: { MQTT_URL: mqtt.url, KAFKA_BROKERS: kafka.brokers, TIMESCALE_URL: timescale.url }
})
const browser = await launchBrowser()
try {
  await nodeRed.start()
  const stored = async () =>
    (await nodeRed.metrics()).nodes.find(({ id }) => id === 'persist-store')?.counts.stored ?? 0
  await until('rows', async () => (await stored()) > 100, 60_000)
  await wait(RUN_MS)
  const editor = await Editor.open(browser, nodeRed.url, { scale: 2, width: 1260, height: 560 })
  // The canvas alone, so that its texts can be read in the README.
  await editor.page.evaluate(() => {
    const { RED } = window as unknown as { RED: { actions: { invoke(action: string): void } } }
    RED.actions.invoke('core:toggle-sidebar')
  })
  for (const tab of TABS) {
    await editor.page.evaluate(id => {
      const { RED } = window as unknown as { RED: { workspaces: { show(id: string): void } } }
      RED.workspaces.show(id)
    }, tab)
    await wait(1_500)
    await editor.page.screenshot({ path: join(FOLDER, `${tab}.png`) })
  }
  // High enough for the preview at the end of a dialog.
  await editor.page.setViewportSize({ width: 1280, height: 1360 })
  // Node-RED lays its parts out anew.
  await wait(1_500)
  await editor.edit('persist-store')
  const rows = editor.page.locator('.millrace-rows').first()
  await rows.waitFor()
  await editor.page.screenshot({ path: join(FOLDER, 'timescale-sink.png') })
  await editor.cancel()
  const enrich = await editor.edit('process-enrich')
  await enrich.locator('.millrace-added').first().waitFor()
  await editor.atWidth(760, async () => {
    // One record of what was seen, which is read at a glance.
    const given = enrich.locator('.millrace-in')
    const [one] = [JSON.parse(await given.inputValue())].flat() as object[]
    await given.fill(JSON.stringify(one, undefined, 2))
    await enrich.getByText('enriched (1)').first().waitFor()
    const boxes = '.millrace-in, .millrace-out { height: 170px !important; }'
    await editor.page.addStyleTag({ content: boxes })
    await enrich.locator('.millrace-preview').scrollIntoViewIfNeeded()
    await wait(500)
    const bar = (await enrich.locator('.millrace-bar').boundingBox())!
    const pane = (await enrich.locator('.millrace-preview').boundingBox())!
    const clip = { ...bar, width: bar.width + 2, height: pane.y + pane.height + 4 - bar.y }
    await editor.page.screenshot({ path: join(FOLDER, 'preview.png'), clip })
  })
} finally {
  await browser.close()
  await nodeRed.remove()
  await leaveServices(testHome)
}
process.exit()
