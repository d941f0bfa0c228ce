import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureTable } from '../../stack/table.ts'
import { endOf, makeTopics, readTopic } from '../kafka-topics.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { countRows, rowsOf } from '../pipeline/account.ts'
import { endSession, namesFor, pipeline } from '../pipeline/tabs.ts'
import { publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import type { HostileMessage } from './fates.ts'
import { hostileMessages, KINDS } from './messages.ts'
import { SCHEMA } from './schema.ts'
import { tally } from './tally.ts'

const LONG = process.env.MILLRACE_CRASH === 'long'
const PER_SECOND = 150
const COUNT = LONG ? 300 * PER_SECOND : 16 * PER_SECOND
/** What a person notices in the editor, and a device at its acknowledgement. */
const MAX_BLOCKED_MS = 200
/**
 * Memory of the end against that after the first tenth: what is cached and compiled is there by
 * then.
 */
const MAX_GROWTH = 1.25

interface Beat {
  readonly atMs: number
  readonly blockedMs?: number
  readonly lateMs?: number
  readonly rss?: number
  readonly heapUsed?: number
}

describe(`${COUNT} messages, each third of them hostile, through MQTT and the whole pipeline`, function () {
  this.timeout(LONG ? 900_000 : 180_000)

  const names = namesFor(`hostile-${process.pid}`)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-hostile-'))
  const beatFile = join(folder, 'event-loop')
  const seed = Number(process.env.MILLRACE_SEED ?? 1)
  let nodeRed: NodeRedProcess
  let mqttUrl: string
  let sent: HostileMessage[]
  let rows: Awaited<ReturnType<typeof rowsOf>>
  let letters: Awaited<ReturnType<typeof readTopic>>
  const beats = () =>
    readFileSync(beatFile, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Beat)
  let startedMs = 0
  let filteredCount = 0
  const filtered = async () =>
    (await nodeRed.metrics()).nodes.find(({ id }) => id === 'ingest-take')!.counts.filtered

  before(async () => {
    const { mqtt, kafka, postgres } = await services('mqtt', 'kafka', 'postgres')
    mqttUrl = mqtt.url
    await makeTopics(kafka.brokers, { [names.raw]: 4, [names.clean]: 4, [names.deadLetter]: 2 })
    await ensureTable(postgres.url)
    nodeRed = new NodeRedProcess({
      flow: pipeline(['ingest', 'process', 'persist'], names, {
        'process-validate': { schema: JSON.stringify(SCHEMA) },
        'process-enrich': { unknown: 'reject' }
      }),
      environment: {
        MQTT_URL: mqtt.url,
        KAFKA_BROKERS: kafka.brokers,
        TIMESCALE_URL: postgres.url,
        MILLRACE_EVENT_LOOP: beatFile,
        NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'event-loop.mjs'))}`
      }
    })
    await nodeRed.start()
    for (const type of ['millrace-mqtt-ingest', 'millrace-kafka-consumer'])
      await nodeRed.healthy(type)
    startedMs = Date.now()
    sent = hostileMessages(COUNT, seed, Date.now())
    await publish(mqtt.url, sent, { perSecond: PER_SECOND, window: 100 })
    const ended = async () =>
      (await countRows(postgres.url, names.table)) +
      (await endOf(kafka.brokers, names.deadLetter)) +
      (await filtered())
    await until('an end for each message', async () => (await ended()) >= COUNT, 60_000, 500).catch(
      () => undefined
    )
    const idle = async () =>
      (await nodeRed.metrics()).nodes.every(({ counts }) => counts.inFlight === 0)
    await until('nothing in flight', idle, 60_000, 200)
    filteredCount = await filtered()
    rows = await rowsOf(postgres.url, names.table)
    letters = await readTopic(kafka.brokers, names.deadLetter)
  })
  after(async () => {
    await nodeRed?.remove()
    if (mqttUrl) await endSession(mqttUrl, names)
    rmSync(folder, { recursive: true, force: true })
  })

  it('meets every kind', () => {
    assert.deepEqual(
      new Set(sent.map(({ kind }) => kind)),
      new Set(['good', ...Object.keys(KINDS)])
    )
  })

  it('each comes to one end: a row as it was sent, or a dead letter with a code', () => {
    const { wrong, strange, codes, ...counts } = tally(sent, rows, letters)
    console.log(
      `      ${counts.stored} rows, ${counts.letters} dead letters, ${counts.filtered} filtered: ${JSON.stringify(codes)}`
    )
    assert.deepEqual(
      { wrong: wrong.slice(0, 20), strange: strange.slice(0, 5) },
      { wrong: [], strange: [] }
    )
    assert.equal(counts.filtered, filteredCount)
    assert.equal(counts.stored + counts.letters + counts.filtered, COUNT)
  })

  it(`nothing stands still for more than ${MAX_BLOCKED_MS} ms`, () => {
    const blocked = beats().filter(
      ({ atMs, blockedMs }) => atMs > startedMs && blockedMs !== undefined
    )
    const longest = blocked.sort((a, b) => b.blockedMs! - a.blockedMs!).slice(0, 5)
    console.log(
      `      longest: ${longest.map(({ blockedMs, lateMs }) => `${blockedMs} (${lateMs})`).join(', ')} ms`
    )
    assert.ok((longest[0]?.blockedMs ?? 0) <= MAX_BLOCKED_MS, JSON.stringify(longest))
  })

  it('memory is bounded, and in five minutes does not grow', () => {
    const samples = beats().filter(({ atMs, rss }) => atMs > startedMs && rss !== undefined)
    const medianOf = (part: readonly Beat[], field: 'rss' | 'heapUsed') =>
      part.map(beat => beat[field]!).sort((a, b) => a - b)[part.length >> 1]! / 2 ** 20
    const tenth = Math.floor(samples.length / 10)
    const [early, late] = [samples.slice(tenth, 3 * tenth), samples.slice(-2 * tenth)]
    const shown = [early, late].map(
      part =>
        `${Math.round(medianOf(part, 'rss'))} MB (heap ${Math.round(medianOf(part, 'heapUsed'))})`
    )
    console.log(`      ${shown.join(' → ')}`)
    assert.ok(medianOf(late, 'rss') < 700, shown.join(' → '))
    if (LONG)
      assert.ok(medianOf(late, 'rss') <= medianOf(early, 'rss') * MAX_GROWTH, shown.join(' → '))
  })
})
