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
 * What the process holds, its garbage left out, at the end against a minute after the start: by
 * then all is cached and compiled that will be. What is resident is no measure of that: the heap
 * keeps what it once had, so it grows until it has met its peak.
 */
const MAX_GROWTH = 1.15
const COLLECT_EVERY_S = 20
const WARM_MS = 60_000
const MAX_RESIDENT_MB = LONG ? 600 : 700

interface Memory {
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
}

interface Beat extends Partial<Memory> {
  readonly atMs: number
  readonly blockedMs?: number
  readonly lateMs?: number
  /** Once garbage was collected. */
  readonly left?: Memory
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
        ...(LONG ? { MILLRACE_COLLECT_EVERY_S: String(COLLECT_EVERY_S) } : {}),
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

  const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20)
  const medianOf = (values: readonly number[]) =>
    [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

  it(`no more than ${MAX_RESIDENT_MB} MB are resident`, () => {
    const resident = beats().flatMap(({ atMs, rss }) => (atMs > startedMs && rss ? [rss] : []))
    const late = medianOf(resident.slice(-Math.ceil(resident.length / 5)))
    console.log(`      ${megabytes(late)} MB, at most ${megabytes(Math.max(...resident))} MB`)
    assert.ok(megabytes(late) < MAX_RESIDENT_MB)
  })

  if (LONG) {
    it('nothing is kept that was dealt with: without garbage the heap stays as large', () => {
      const left = beats().flatMap(({ atMs, left: memory }) =>
        memory && atMs > startedMs + WARM_MS ? [memory] : []
      )
      const third = Math.floor(left.length / 3)
      const heapOf = (part: readonly Memory[]) => medianOf(part.map(({ heapUsed }) => heapUsed))
      const [early, late] = [heapOf(left.slice(0, third)), heapOf(left.slice(-third))]
      console.log(`      heap: ${left.map(({ heapUsed }) => megabytes(heapUsed)).join(', ')} MB`)
      assert.ok(third >= 2, `garbage was collected ${left.length} times`)
      assert.ok(late <= early * MAX_GROWTH, `${megabytes(early)} → ${megabytes(late)} MB`)
    })
  }
})
