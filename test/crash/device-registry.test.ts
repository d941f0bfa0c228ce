/**
 * Two Node-REDs that share a Kafka topic and keep one registry of devices, each killed in the
 * middle.
 */
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import { committedBy } from '../kafka-groups.ts'
import { endOf, kafkaOf, makeTopics, readTopic } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'
const DEVICES = IS_LONG ? 2_000 : 200
/** Odd: nobody is killed in the last round, since what a kill takes of *last seen* is a minute. */
const ROUNDS = IS_LONG ? 41 : 5
const SEEDS = IS_LONG ? [1, 2, 3, 4, 5] : [1]
const PARTITIONS = 4
const BEGIN_MS = Date.UTC(2026, 2, 1)
const STEP_MS = 1_000

interface Told {
  readonly event: string
  readonly device_id: string
  readonly event_id: string
  readonly after?: string
}

/** Each round every device sends once; firmware changes with every second round. */
const recordsOf = (round: number) =>
  Array.from({ length: DEVICES }, (_, n) => ({
    device_id: `d${n}`,
    metric: 't',
    value: round,
    ts_utc: new Date(BEGIN_MS + round * STEP_MS).toISOString(),
    firmware: `1.${Math.floor(round / 2)}`
  }))

function flowOf(name: string, brokers: string, url: string): FlowEntry[] {
  const z = 'tab'
  const to = (id: string, topic: string): FlowEntry => ({
    id,
    type: 'millrace-kafka-producer',
    z,
    cluster: 'cluster',
    topic,
    wires: [[], []]
  })
  return [
    { id: z, type: 'tab', label: 'devices' },
    { id: 'cluster', type: 'millrace-kafka-cluster', brokers },
    { id: 'database', type: 'millrace-timescale-database', url },
    {
      id: 'read',
      type: 'millrace-kafka-consumer',
      z,
      cluster: 'cluster',
      topics: `${name}-in`,
      groupId: name,
      wires: [['list'], []]
    },
    {
      id: 'list',
      type: 'millrace-device-registry',
      z,
      database: 'database',
      table: name.replaceAll('-', '_'),
      silence: '',
      wires: [['records'], ['events'], []]
    },
    to('records', `${name}-records`),
    to('events', `${name}-events`)
  ]
}

const valuesIn = async <T>(brokers: string, topic: string) =>
  (await readTopic(brokers, topic)).map(({ value }) => JSON.parse(String(value)) as T)

describe('device registry: two Node-REDs keep one, each killed (kill -9) in the middle', function () {
  this.timeout(IS_LONG ? 900_000 : 180_000)

  for (const seed of SEEDS)
    it(`no device, event or record is lost, seed ${seed}`, async () => {
      const name = `devices-${process.pid}-${seed}`
      const { kafka, postgres } = await services('kafka', 'postgres')
      const { brokers } = kafka
      await makeTopics(brokers, {
        [`${name}-in`]: PARTITIONS,
        [`${name}-records`]: 1,
        [`${name}-events`]: 1
      })
      const database = databaseAt(postgres.url)
      const sides = [1, 2].map(
        () => new NodeRedProcess({ flow: flowOf(name, brokers, postgres.url) })
      )
      const producer = kafkaOf(brokers).producer()
      try {
        await Promise.all(sides.map(side => side.start()))
        await producer.connect()
        for (let round = 0; round < ROUNDS; round++) {
          const messages = recordsOf(round).map(record => ({
            key: record.device_id,
            value: JSON.stringify(record)
          }))
          await producer.send({ topic: `${name}-in`, messages })
          await wait((seed * 137 + round * 211) % 400)
          if (round % 2 === 0) continue
          const side = sides[(round >> 1) % 2]!
          await side.end('SIGKILL')
          await side.start()
        }
        await until(
          'every record to be dealt with',
          async () =>
            (await committedBy(brokers, name, `${name}-in`)) ===
            (await endOf(brokers, `${name}-in`)),
          90_000,
          250
        )
        const table = name.replaceAll('-', '_')
        const open = `SELECT count(*)::int AS n FROM ${table}_events WHERE sent_at IS NULL`
        const isLast = `SELECT count(*)::int AS n FROM ${table}
          WHERE first_seen = to_timestamp($1::float8 / 1000) AND last_seen = to_timestamp($2::float8 / 1000)
            AND presence = 'online' AND status = 'new' AND firmware = $3`
        const last = ROUNDS - 1
        const wanted = [BEGIN_MS, BEGIN_MS + last * STEP_MS, `1.${Math.floor(last / 2)}`]
        const count = async (text: string, values: unknown[] = []) =>
          (await database.query<{ n: number }>(text, values)).rows[0]?.n
        // The last record of a device brings no news and is written within a minute, or at the end.
        await Promise.all(sides.map(side => side.end('SIGTERM')))
        await sides[0]!.start()
        await until('every device', async () => (await count(isLast, wanted)) === DEVICES, 60_000)
        await until('every event to be told', async () => (await count(open)) === 0, 60_000)
        assert.equal(await count(`SELECT count(*)::int AS n FROM ${table}`), DEVICES)
        const records = await valuesIn<{ device_id: string; value: number }>(
          brokers,
          `${name}-records`
        )
        const passed = new Set(records.map(({ device_id, value }) => `${device_id} ${value}`))
        assert.equal(passed.size, DEVICES * ROUNDS)
        assertEvents(await valuesIn<Told>(brokers, `${name}-events`), String(wanted[2]))
      } finally {
        await producer.disconnect()
        await Promise.all(sides.map(side => side.remove()))
        await database.close()
      }
    })
})

/** One may come twice, with the same id; a device is new once, and told with its last firmware. */
function assertEvents(told: readonly Told[], lastFirmware: string): void {
  const events = [...new Map(told.map(each => [each.event_id, each])).values()]
  const isNew = events.filter(({ event }) => event === 'new').map(({ device_id }) => device_id)
  assert.deepEqual([isNew.length, new Set(isNew).size], [DEVICES, DEVICES])
  const last = events.filter(
    ({ event, after }) => event === 'firmware changed' && after === lastFirmware
  )
  assert.deepEqual(
    [last.length, new Set(last.map(({ device_id }) => device_id)).size],
    [DEVICES, DEVICES]
  )
}
