/**
 * Lane "store-and-forward": how fast what has waited leaves the disk, and how long new records take
 * meanwhile, in a Node-RED with this node before a sink that answers after some milliseconds.
 *
 *     npm run bench -- store-and-forward [--records=1000000] [--write-docs]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red'
import { conformanceNodes, FEED, feedOf } from '../core/conformance/nodes.ts'
import { trackerOf } from '../core/delivery/tracker.ts'
import { nodeMetrics } from '../core/node/metrics.ts'
import storeAndForward from '../nodes/store-and-forward/runtime.ts'
import { startNodeRed } from '../test/node-red.ts'
import { until } from '../test/until.ts'
import { writeBetween } from './docs.ts'
import { payloadOf, usualShape } from './fleet.ts'
import { machine } from './machine.ts'

const LIST = 500
const LISTS_ON_THEIR_WAY = 8
/** New records: so many of them in a list, each so many milliseconds. */
const LIVE = { records: 10, everyMs: 10 }
const ANSWER_MS = [0, 20]
/** What it has to reach; what does not is told. */
const GOAL = { perSecond: 50_000, p99Ms: 200 }

interface Measured {
  readonly answerMs: number
  readonly intake: number
  /** From the deploy until the queue is opened and read through. */
  readonly openMs: number
  readonly drain: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly live: number
  readonly peakMb: number
}

interface Reading {
  readonly sentMs?: number
}

/** Answers when it is told to, and looks at when new records were sent. */
class Sink {
  isHeld = true
  answerMs = 0
  latencies: number[] = []
  records = 0

  register(RED: NodeAPI): void {
    const sink = this
    RED.nodes.registerType('bench-sink', function (this: Node, config: NodeDef) {
      RED.nodes.createNode(this, config)
      this.on('input', (message: NodeMessage, _send, done) => {
        if (sink.isHeld) return
        const records = message.payload as readonly Reading[]
        JSON.stringify(records)
        const nowMs = performance.now()
        for (const { sentMs } of records)
          if (sentMs !== undefined) sink.latencies.push(nowMs - sentMs)
        sink.records += records.length
        setTimeout(() => {
          trackerOf(RED).confirm(message, { stored: records.length })
          done()
        }, sink.answerMs)
      })
    })
  }
}

const sink = new Sink()
const flowOf = (id: string) => [
  { id: 'tab', type: 'tab' },
  { id: 'feed', z: 'tab', type: FEED, mode: 'stored', wires: [[id]] },
  {
    id,
    z: 'tab',
    type: 'millrace-store-and-forward',
    maxMb: 4_000,
    wires: [['sink'], [], []]
  },
  { id: 'sink', z: 'tab', type: 'bench-sink', wires: [] }
]

const listFrom = (first: number) =>
  Array.from({ length: LIST }, (_, index) =>
    JSON.parse(payloadOf(first + index, 1_772_359_200_000 + first, usualShape))
  ) as object[]

/** Records a second that are taken onto the disk, with some lists of them on their way. */
async function fill(records: number): Promise<number> {
  const beganMs = performance.now()
  const open = new Set<Promise<void>>()
  for (let first = 0; first < records; first += LIST) {
    const sent = feedOf('feed').send(LIST, () => listFrom(first)).acknowledged
    open.add(sent)
    void sent.then(() => open.delete(sent))
    if (open.size >= LISTS_ON_THEIR_WAY) await Promise.race(open)
  }
  await Promise.all(open)
  return (records / (performance.now() - beganMs)) * 1000
}

const sortedAt = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

async function measure(
  nodeRed: Awaited<ReturnType<typeof startNodeRed>>,
  answerMs: number,
  records: number
): Promise<Measured> {
  const id = `keep-${answerMs}`
  let peakBytes = 0
  const look = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
  }, 50)
  sink.isHeld = true
  sink.answerMs = answerMs
  await nodeRed.deploy(flowOf(id))
  const intake = await fill(records)
  // Everything has waited, and nothing of it is on its way.
  sink.isHeld = false
  sink.latencies = []
  sink.records = 0
  nodeMetrics(id)?.gauges.delete('waiting')
  await nodeRed.deploy(flowOf(id))
  const deployedMs = performance.now()
  await until('the queue', () => (nodeMetrics(id)?.gauges.get('waiting') ?? 0) > 0, 60_000, 5)
  const openMs = performance.now() - deployedMs
  const beganMs = performance.now()
  const sent = await live(() => sink.records - sink.latencies.length >= records)
  const drain = (records / (performance.now() - beganMs)) * 1000
  await until('the last new ones', () => sink.latencies.length >= sent, 30_000)
  clearInterval(look)
  const sorted = sink.latencies.sort((a, b) => a - b)
  return {
    answerMs,
    intake,
    openMs,
    drain,
    p50Ms: sortedAt(sorted, 0.5),
    p99Ms: sortedAt(sorted, 0.99),
    live: sorted.length,
    peakMb: peakBytes / (1 << 20)
  }
}

/** Sends new records until it is over; gives how many. */
async function live(isOver: () => boolean): Promise<number> {
  let sent = 0
  let nextMs = performance.now()
  while (!isOver()) {
    const sentMs = performance.now()
    const payload = Array.from({ length: LIVE.records }, (_, index) => ({
      device_id: `live-${index}`,
      value: sent + index,
      sentMs
    }))
    feedOf('feed').send(LIVE.records, () => payload)
    sent += LIVE.records
    nextMs += LIVE.everyMs
    await wait(Math.max(0, nextMs - performance.now()))
  }
  return sent
}

function tableOf(all: readonly Measured[]): string {
  const rows = all.map(each =>
    [
      `${each.answerMs} ms`,
      ...[each.intake, each.drain].map(rate => Math.round(rate).toLocaleString('en')),
      ...[each.p50Ms, each.p99Ms, each.openMs, each.peakMb].map(value => String(Math.round(value)))
    ].join(' | ')
  )
  return [
    '| the sink answers after | taken, records/s | sent of what waited, records/s | new ones p50 ms | p99 ms | opened in ms | MB |',
    '|---|---:|---:|---:|---:|---:|---:|',
    ...rows.map(row => `| ${row} |`)
  ].join('\n')
}

export async function benchStoreAndForward(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      records: { type: 'string', default: '1000000' },
      'write-docs': { type: 'boolean', default: false }
    }
  })
  const records = Number(values.records)
  const userDir = mkdtempSync(join(tmpdir(), 'millrace-bench-queue-'))
  const nodes = [conformanceNodes, storeAndForward, (RED: NodeAPI) => sink.register(RED)]
  const nodeRed = await startNodeRed({ userDir, nodes })
  const all: Measured[] = []
  try {
    for (const answerMs of ANSWER_MS) all.push(await measure(nodeRed, answerMs, records))
  } finally {
    await nodeRed.stop()
    rmSync(userDir, { recursive: true, force: true })
  }
  const { cpu, cores, node } = machine(process.execPath)
  const date = new Date().toISOString().slice(0, 10)
  const each = `${((LIVE.records * 1000) / LIVE.everyMs).toLocaleString('en')} new records a second`
  const said = `${tableOf(all)}\n\nMeasured on ${date}, ${cores} cores of ${cpu}, Node ${node}: ${records.toLocaleString('en')} records of about 110 bytes that have waited, beside ${each}. The memory is that of the whole process.`
  console.log(said)
  for (const { drain, p99Ms } of all)
    if (drain < GOAL.perSecond || p99Ms > GOAL.p99Ms)
      console.log(`Not reached: ${GOAL.perSecond} records/s, and ${GOAL.p99Ms} ms for new ones.`)
  if (values['write-docs']) writeBetween('store-and-forward', `\n${said}\n`)
}
