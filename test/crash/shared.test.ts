/**
 * Kafka → aggregate → table in two Node-REDs that share the consumer group, of which one is killed
 * in the middle of windows, and in the long form the other one after it: each window is in the
 * table once, with every reading in it once.
 */
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { forgetMembers } from '../kafka-groups.ts'
import { makeTopics } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import {
  BEGIN_MS,
  closing,
  fromKafka,
  MINUTE_MS,
  nodeIn,
  rowsOf,
  WindowsTable,
  windowsFlow,
  writeReadings
} from './windows-in-table.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'
const SEEDS = IS_LONG ? [1, 2, 3] : [1]
const DEVICES = 40
const READINGS = 8_000
const MINUTES = 20
const END_MS = BEGIN_MS + MINUTES * MINUTE_MS
const PARTITIONS = 4

/** Puts messages together, of whatever partitions: what is made of them is of several. */
const JOINING: FlowEntry[] = [
  {
    id: 'between',
    type: 'join',
    z: 'tab',
    mode: 'custom',
    build: 'array',
    property: 'payload',
    propertyType: 'msg',
    timeout: '0.2',
    count: '3',
    wires: [['flat']]
  },
  {
    id: 'flat',
    type: 'function',
    z: 'tab',
    func: 'msg.payload = msg.payload.flat()\nreturn msg',
    outputs: 1,
    wires: [['windows']]
  }
]

const WAYS: Readonly<Record<string, readonly FlowEntry[]>> = {
  'messages of one partition': [],
  ...(IS_LONG ? { 'messages made of several partitions': JOINING } : {})
}

const flowOf = (name: string, between: readonly FlowEntry[]) =>
  windowsFlow(
    name,
    fromKafka(name, { batchSize: 50, perPartition: 4 }),
    {
      keepIn: 'kafka',
      cluster: 'cluster',
      stateTopic: `${name}-state`,
      functions: rowsOf('count', 'sum')
    },
    between
  )

const readings = Array.from({ length: READINGS }, (_, index) => ({
  device: `d${index % DEVICES}`,
  value: index % 97,
  timeMs: BEGIN_MS + Math.floor((index * MINUTES * MINUTE_MS) / READINGS)
}))

function expected(): Map<string, number> {
  const found = new Map<string, number>()
  const add = (name: string, more: number) => found.set(name, (found.get(name) ?? 0) + more)
  for (const { device, value, timeMs } of readings) {
    const start = timeMs - (timeMs % MINUTE_MS)
    add(`${device} ${start} level_count`, 1)
    add(`${device} ${start} level_sum`, value)
  }
  return found
}

const countedBy = async (nodeRed: NodeRedProcess) =>
  (await nodeIn(nodeRed, 'windows'))?.counts.in ?? 0

let runs = 0

describe('two Node-REDs that share a consumer group and what they remember', function () {
  this.timeout(300_000)

  async function windowsOf(between: readonly FlowEntry[], seed: number) {
    const { kafka, postgres } = await services('kafka', 'postgres')
    const name = `shared_${process.pid}_${++runs}`
    await makeTopics(kafka.brokers, { [name]: PARTITIONS })
    const table = new WindowsTable(postgres.url, name)
    const environment = { KAFKA_BROKERS: kafka.brokers, TIMESCALE_URL: postgres.url }
    const flow = flowOf(name, between)
    const both = [1, 2].map(() => new NodeRedProcess({ flow, environment }))
    const [one, other] = both as [NodeRedProcess, NodeRedProcess]
    const write = (from: number, to: number) =>
      writeReadings(kafka.brokers, name, readings.slice(from, to))
    const kill = async (which: NodeRedProcess) => {
      await wait((seed * 137) % 400)
      await which.end('SIGKILL')
      // The brokers do so by themselves after 15 s.
      if (!IS_LONG) await forgetMembers(kafka.brokers, name)
    }
    const counts = (which: NodeRedProcess, more: number) =>
      until('it to count', async () => (await countedBy(which)) > more, 60_000)
    try {
      // The first has all partitions; the second takes some of them over.
      await one.start()
      await write(0, 2_000)
      await counts(one, 500)
      await other.start()
      await other.healthy('millrace-kafka-consumer')
      await write(2_000, 4_000)
      await counts(other, 200)
      await kill(one)
      await write(4_000, 6_000)
      if (IS_LONG) {
        await one.start()
        await one.healthy('millrace-kafka-consumer')
        await write(6_000, 7_000)
        await counts(one, 100)
        await kill(other)
      }
      await write(IS_LONG ? 7_000 : 6_000, READINGS)
      await writeReadings(kafka.brokers, name, closing(DEVICES, END_MS + MINUTE_MS))
      return await table.untilThere(expected().size, END_MS, IS_LONG ? one : other, 120_000)
    } finally {
      for (const each of both) await each.remove()
      await table.remove()
    }
  }

  for (const [way, between] of Object.entries(WAYS))
    for (const seed of SEEDS)
      it(`kill -9 in the middle of windows, ${way}, seed ${seed}`, async () => {
        const found = await windowsOf(between, seed)
        assert.deepEqual([...found].sort(), [...expected()].sort())
      })
})
