/**
 * Kafka → alarm → table, while Node-RED is killed in the middle: the history of every alarm is the
 * one of an undisturbed run, event by event.
 */
import assert from 'node:assert/strict'
import { parseOptions } from '../../core/node/spec.ts'
import { alarm } from '../../nodes/alarm/logic.ts'
import { spec } from '../../nodes/alarm/spec.ts'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import { runMemory } from '../core/state/run-memory.ts'
import { committedBy, forgetMembers } from '../kafka-groups.ts'
import { endOf, kafkaOf, makeTopics } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'
const SEEDS = IS_LONG ? [1, 2, 3] : [1]
const DEVICES = 20
const RECORDS = 6_000
const KILLS = IS_LONG ? 2 : 1
/** What is written at once; a while may pass before the next. */
const PART = RECORDS / (KILLS + 1) / 2
/** At the end of every other nothing is about to happen, or that while would be a silence. */
const CALM = 3 * DEVICES
const T0 = Date.parse('2026-03-01T10:00:00Z')
const OPTIONS = { limit: 80, deadband: 2, onDelay: '6 s', offDelay: '3 s' }

interface Given {
  readonly device_id: string
  readonly [field: string]: unknown
}

/** Values that wander around the limit, and now and then somebody who acknowledges. */
function recordsOf(seed: number): Given[] {
  let random = seed * 7_919
  const next = () => {
    random = (random * 48_271) % 2_147_483_647
    return random / 2_147_483_647
  }
  const values = Array.from({ length: DEVICES }, () => 75)
  return Array.from({ length: RECORDS }, (_, index): Given => {
    const device = index % DEVICES
    const told = {
      device_id: `d${device}`,
      metric: 'temperature_c',
      ts_utc: new Date(T0 + index * 100).toISOString()
    }
    if (Math.floor(index / PART) % 2 === 0 && PART - (index % PART) <= CALM) {
      values[device] = 60
      return { ...told, value: 60 }
    }
    if (next() < 0.04) return { ...told, command: 'acknowledge', by: 'shift 2' }
    const pull = (78 - values[device]!) * 0.5
    values[device] = Math.round((values[device]! + pull + (next() - 0.5) * 30) * 10) / 10
    return { ...told, value: values[device] }
  })
}

const column = (name: string, from: string, type: string, role: string) => ({
  column: name,
  from,
  type,
  role
})

const flowOf = (name: string): FlowEntry[] => [
  { id: 'tab', type: 'tab', label: 'alarms' },
  { id: 'cluster', type: 'millrace-kafka-cluster', brokers: '${KAFKA_BROKERS}' },
  { id: 'database', type: 'millrace-timescale-database', url: '${TIMESCALE_URL}' },
  {
    id: 'read',
    type: 'millrace-kafka-consumer',
    z: 'tab',
    cluster: 'cluster',
    topics: name,
    groupId: name,
    wires: [['watch'], []]
  },
  { ...OPTIONS, id: 'watch', type: spec.type, z: 'tab', wires: [['store'], []] },
  {
    id: 'store',
    type: 'millrace-timescale-sink',
    z: 'tab',
    database: 'database',
    table: name,
    columns: [
      column('time', 'ts_utc', 'timestamptz', 'key'),
      column('alarm_id', 'alarm_id', 'text', 'key'),
      column('event', 'event', 'text', 'key'),
      column('state', 'state', 'text', 'required'),
      column('peak', 'peak', 'double precision', 'optional')
    ],
    wires: [[], []]
  }
]

async function write(brokers: string, topic: string, some: readonly Given[]): Promise<void> {
  const producer = kafkaOf(brokers).producer()
  await producer.connect()
  const messages = some.map(each => ({ key: each.device_id, value: JSON.stringify(each) }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

describe('crashes: the history of every alarm is unbroken', function () {
  this.timeout(180_000)

  for (const seed of SEEDS)
    it(`kill -9 of Node-RED, Kafka to alarm to table, seed ${seed}`, async () => {
      const { kafka, postgres } = await services('kafka', 'postgres')
      const name = `alarms_${process.pid}_${seed}`
      await makeTopics(kafka.brokers, { [name]: 3 })
      const database = databaseAt(postgres.url)
      const nodeRed = new NodeRedProcess({
        flow: flowOf(name),
        environment: { KAFKA_BROKERS: kafka.brokers, TIMESCALE_URL: postgres.url }
      })
      const taken = async () =>
        (await nodeRed.metrics()).nodes.find(({ id }) => id === 'watch')?.counts.in ?? 0
      const records = recordsOf(seed)
      const { memory, clock, bounds } = alarm(parseOptions(spec, OPTIONS))
      const undisturbed = runMemory(memory, records, { clock, bounds })
      // What is due after the last record is not part of it.
      const endMs = T0 + RECORDS * 100 - DEVICES * 100
      const told = (undisturbed.outputs[0] ?? [])
        .map(({ ts_utc, alarm_id, event, state, peak }) => ({
          ms: Date.parse(String(ts_utc)),
          text: [alarm_id, ts_utc, event, state, peak].join(' ')
        }))
        .filter(({ ms }) => ms < endMs)
        .map(({ text }) => text)
      try {
        await nodeRed.start()
        const part = (number: number) =>
          write(kafka.brokers, name, records.slice(number * PART, (number + 1) * PART))
        await part(0)
        for (let kill = 0; kill < KILLS; kill++) {
          const before = 2 * kill * PART
          // A consumer that is killed again and again at the same offset reads one by one.
          await until('an offset', async () => (await committedBy(kafka.brokers, name)) > before)
          const half = (await taken()) + PART / 2
          await part(2 * kill + 1)
          await until('records to be taken', async () => (await taken()) > half, 60_000, 5)
          await nodeRed.end('SIGKILL')
          await part(2 * kill + 2)
          // What is about to happen does not happen only because the group is joined slowly.
          if (seed > 1) await forgetMembers(kafka.brokers, name)
          await nodeRed.start()
        }
        await part(2 * KILLS + 1)
        await until(
          'every record to be dealt with',
          async () =>
            (await committedBy(kafka.brokers, name)) === (await endOf(kafka.brokers, name)),
          90_000
        )
        const { rows } = await database.query(
          `SELECT alarm_id, time, event, state, peak FROM ${name} WHERE time < to_timestamp($1)`,
          [endMs / 1000]
        )
        const stored = rows.map(({ alarm_id, time, event, state, peak }) =>
          [alarm_id, (time as Date).toISOString(), event, state, peak].join(' ')
        )
        assert.deepEqual(stored.sort(), told.sort())
        assert.ok(told.length > 200, `${told.length} events`)
      } finally {
        await nodeRed.remove()
        await database.query(`DROP TABLE IF EXISTS ${name}`, [])
        await database.close()
      }
    })
})
