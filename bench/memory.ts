/**
 * `node --import tsx bench/memory.ts [contestant] [--minutes=30] [--rate=5000] [--mosquitto]
 * [--write-docs]`: heap and resident memory of the whole pipeline (lane E) at a fixed rate, and
 * whether they keep growing.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { writeBetween } from './docs.ts'
import { benchHome } from './field.ts'
import { firstTime, job, probeUntilReady, Start } from './lanes/lane.ts'
import { writePlot } from './plot.ts'
import { Publisher } from './publisher/publisher.ts'
import { median } from './regression/compare.ts'
import { contestantOf, inSession, program, type Session } from './session.ts'

const STEP_SECONDS = 30
/** The last third may need so much more than the third before; the first third is warm-up. */
const MOST_GROWTH = 1.1
const SETTLE_LIMIT_MS = 60_000

interface Sample {
  readonly minute: number
  readonly heapMb: number
  readonly rssMb: number
}

const MB = 1024 * 1024

function samplesOf(file: string): Sample[] {
  const rows = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => line.split(' ').map(Number))
  const firstMs = rows[0]?.[0] ?? 0
  return rows.map(([atMs = 0, heap = 0, rss = 0]) => ({
    minute: (atMs - firstMs) / 60_000,
    heapMb: heap / MB,
    rssMb: rss / MB
  }))
}

/** Median of the last third as a multiple of the median of the middle third. */
export function growth(values: readonly number[]): number {
  const third = Math.floor(values.length / 3)
  return median(values.slice(2 * third)) / median(values.slice(third, 2 * third))
}

/** Publishes in steps, the next one encoded while the one before is on its way. */
async function publish(
  start: Start,
  seconds: number,
  perSecond: number,
  session: Session
): Promise<number> {
  const count = STEP_SECONDS * perSecond
  const steps = Math.ceil(seconds / STEP_SECONDS)
  const prepare = (step: number) => {
    const from = step * count
    return Publisher.prepare(
      job(start, {
        from,
        count,
        firstMs: firstTime() - from,
        perSecond,
        stampTime: true,
        clientId: `${start.environment.CLIENT_ID}-publisher-${step}`
      })
    )
  }
  let next = prepare(0)
  for (let step = 0; step < steps; step++) {
    const { finished } = (await next).go()
    session.progress.show(
      `${Math.round((step * STEP_SECONDS) / 6) / 10} of ${seconds / 60} minutes`
    )
    if (step + 1 < steps) next = prepare(step + 1)
    await finished
  }
  return steps * count
}

async function run(
  session: Session,
  name: string,
  minutes: number,
  perSecond: number
): Promise<Sample[]> {
  const file = join(benchHome, 'heap.txt')
  rmSync(file, { force: true })
  process.env.HEAP_FILE = file
  const setting = {
    ...session.setting,
    nodeFlags: ['--require', join(import.meta.dirname, 'heap-recorder.cjs')]
  }
  const start = new Start(setting, contestantOf(name), 'E')
  const table = session.field.table(start.environment.TABLE)
  const short = [
    { name: 'retention.ms', value: '60000' },
    { name: 'segment.ms', value: '60000' }
  ]
  for (const topic of [start.environment.RAW_TOPIC, start.environment.CLEAN_TOPIC])
    await session.field.topics.create(topic, setting.partitions, short)
  await table.create(setting.shape)
  try {
    await probeUntilReady(start, start.start(), () => table.roughCount())
    const sent = await publish(start, minutes * 60, perSecond, session)
    const limit = performance.now() + SETTLE_LIMIT_MS
    while ((await table.count(0, sent)).missing > 0 && performance.now() < limit) await wait(1_000)
    const { missing } = await table.count(0, sent)
    if (missing > 0) throw new Error(`${missing} of ${sent} records are not in the table.`)
    return samplesOf(file)
  } finally {
    await start.clear()
  }
}

await program(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string', default: '30' },
      rate: { type: 'string', default: '5000' },
      mosquitto: { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false }
    }
  })
  const [minutes, rate] = [Number(values.minutes), Number(values.rate)]
  if (!(minutes > 0) || !(rate > 0))
    throw new Error('--minutes and --rate must be numbers above 0.')
  const name = positionals[0] ?? 'millrace'
  const samples = await inSession({ mosquitto: values.mosquitto }, session =>
    run(session, name, minutes, rate)
  )
  const points = samples.flatMap(({ minute, heapMb, rssMb }) => [
    { x: minute, y: heapMb, line: 'heap' },
    { x: minute, y: rssMb, line: 'resident' }
  ])
  const grown = {
    heap: growth(samples.map(sample => sample.heapMb)),
    rss: growth(samples.map(sample => sample.rssMb))
  }
  const peakMb = Math.max(...samples.map(sample => sample.rssMb))
  const times = `heap ${grown.heap.toFixed(2)} times, resident memory ${grown.rss.toFixed(2)} times`
  const sentence = `${name}, ${minutes} minutes at ${rate.toLocaleString('en')} records/s: from the second third to the last ${times}; peak ${Math.round(peakMb)} MB.`
  console.log(sentence)
  if (values['write-docs']) {
    writePlot('memory', { points, x: 'minutes', y: 'MB', marked: false })
    writeBetween('memory', `${sentence}\n\n![Heap and resident memory](performance/memory.svg)`)
  }
  writeFileSync(
    join(benchHome, 'memory.json'),
    `${JSON.stringify({ atMs: Date.now(), name, minutes, rate, grown, peakMb, samples }, null, 2)}\n`
  )
  if (grown.heap > MOST_GROWTH || grown.rss > MOST_GROWTH) process.exitCode = 1
})
