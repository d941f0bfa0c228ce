import assert from 'node:assert/strict'
import type { Answers, Learned } from '../../../core/learn/learned.ts'
import { learn } from '../../../nodes/reshape/learn.ts'
import { PRESETS, type PresetName } from '../../../nodes/reshape/presets.ts'
import { samples } from './preset-samples.ts'
import { ARRIVAL_MS, KAFKA_MS, rowsOf, throughKafka } from './reshape-of.ts'

const learnedFrom = async (payload: unknown, topic = '', answers: Answers = {}) =>
  learn([{ topic, payload }], {}, answers)

const settingsOf = ({ findings }: Learned): Record<string, unknown> =>
  Object.assign({}, ...findings.map(({ settings }) => settings))

const asks = ({ questions }: Learned) => questions.map(({ name, answer }) => `${name}:${answer}`)

describe('nodes/reshape, learn', () => {
  for (const [preset, { topic, payload, rows }] of Object.entries(samples)) {
    const { label } = PRESETS[preset as PresetName]
    it(`${label}: is recognised, and its rows are those of the document`, async () => {
      const learned = await learnedFrom(payload, topic)
      assert.equal(settingsOf(learned).preset, preset)
      assert.match(learned.findings[0]!.says, new RegExp(label.replace(/[()]/g, '\\$&')))
      const made = await rowsOf(settingsOf(learned), payload, topic)
      const timeless = (all: readonly unknown[]) => all.map(row => (row as unknown[]).slice(1))
      const isOpen = asks(learned).includes('time:')
      assert.deepEqual(isOpen ? timeless(made) : made, isOpen ? timeless(rows) : rows)
    })
  }

  const shapes: readonly {
    readonly name: string
    readonly topic?: string
    readonly payload: unknown
    readonly answers?: Answers
    readonly rows: readonly unknown[]
  }[] = [
    {
      name: 'a flat object of many measurements, its device in the topic, no time',
      topic: 'plant/line-1/pump7/data',
      payload: { temp_c: 21.5, rpm: 1480, running: true, state: 'ON' },
      answers: { time: 'arrival' },
      rows: [
        [ARRIVAL_MS, 'pump7', 'temp_c', 21.5],
        [ARRIVAL_MS, 'pump7', 'rpm', 1480]
      ]
    },
    {
      name: 'booleans and words where a person wants them',
      topic: 'plant/line-1/pump7/data',
      payload: { ts: 1708700000, running: true, state: 'ON' },
      answers: { booleans: 'yes', words: 'yes' },
      rows: [
        [1708700000, 'pump7', 'running', true],
        [1708700000, 'pump7', 'state', 1]
      ]
    },
    {
      name: 'a list inside an object, its device in each element',
      topic: 'N/portal/system/0/Batteries',
      payload: throughKafka({
        value: [
          { id: 'com.example.can1', soc: 74, voltage: 49.81 },
          { id: 'com.example.can2', soc: 70, voltage: 49.7 }
        ]
      }),
      rows: [
        [KAFKA_MS, 'com.example.can1', 'soc', 74],
        [KAFKA_MS, 'com.example.can1', 'voltage', 49.81],
        [KAFKA_MS, 'com.example.can2', 'soc', 70],
        [KAFKA_MS, 'com.example.can2', 'voltage', 49.7]
      ]
    },
    {
      name: 'elements of one time, device and metric are kept apart by their place',
      topic: 'hall/h1/data',
      payload: {
        ts: 1708700000,
        sensors: [
          { name: 'a', t: 1 },
          { name: 'b', t: 2 }
        ]
      },
      rows: [
        [1708700000, 'h1', 'sensors.0.t', 1],
        [1708700000, 'h1', 'sensors.1.t', 2]
      ]
    },
    {
      name: 'elements of one time, device and metric, kept apart by the field that a person says',
      topic: 'hall/h1/data',
      payload: {
        ts: 1708700000,
        sensors: [
          { name: 'a', t: 1 },
          { name: 'b', t: 2 }
        ]
      },
      answers: { apart: 'name' },
      rows: [
        [1708700000, 'a', 't', 1],
        [1708700000, 'b', 't', 2]
      ]
    },
    {
      name: 'values without a name of their metric, by the number of their channel',
      topic: 'hall/h1/data',
      payload: {
        ts: 1708700000,
        sensors: [
          { channel: 1, value: 5 },
          { channel: 2, value: 6 }
        ]
      },
      answers: { apart: 'channel' },
      rows: [
        [1708700000, 'h1', 1, 5],
        [1708700000, 'h1', 2, 6]
      ]
    },
    {
      name: 'lists inside a list',
      topic: 'hall/h1/data',
      payload: {
        ts: 1708700000,
        rooms: [
          { name: 'a', sensors: [{ t: 1 }, { t: 2 }] },
          { name: 'b', sensors: [{ t: 3 }] }
        ]
      },
      rows: [
        [1708700000, 'h1', 'rooms.0.sensors.0.t', 1],
        [1708700000, 'h1', 'rooms.0.sensors.1.t', 2],
        [1708700000, 'h1', 'rooms.1.sensors.0.t', 3]
      ]
    },
    {
      name: 'objects of value and time by other names',
      topic: 'cell/robot9/values',
      payload: {
        torque: { v: 4.5, t: 1708700000, u: 'Nm' },
        'PM2.5': { v: 7, t: 1708700001 }
      },
      rows: [
        [1708700000, 'robot9', 'torque', 4.5],
        [1708700001, 'robot9', 'PM2.5', 7]
      ]
    },
    {
      name: 'a bare value',
      topic: 'home/kitchen/sensor/temperature/state',
      payload: '23.5',
      answers: { time: 'arrival' },
      rows: [[ARRIVAL_MS, 'kitchen', 'temperature', 23.5]]
    },
    {
      name: 'parts of the topic behind Kafka',
      payload: throughKafka(
        { value: 21.5, ts: 1708700000 },
        { topic: 'sensors/hall/d7/temperature' }
      ),
      rows: [[1708700000, 'd7', 'temperature', 21.5]]
    }
  ]
  for (const { name, topic, payload, answers, rows } of shapes) {
    it(`${name}`, async () => {
      const learned = await learnedFrom(payload, topic, answers)
      assert.equal(settingsOf(learned).preset, 'own')
      assert.deepEqual(await rowsOf(settingsOf(learned), payload, topic), rows)
    })
  }

  it('asks for the time where a message has none, and never guesses it', async () => {
    const payload = { temperature: 8.77, linkquality: 94 }
    const topic = 'zigbee2mqtt/kitchen/lamp'
    const learned = await learnedFrom(payload, topic)
    assert.deepEqual(asks(learned), ['time:'])
    const answered = await learnedFrom(payload, topic, { time: 'arrival' })
    assert.deepEqual(await rowsOf(settingsOf(answered), payload, topic), [
      [ARRIVAL_MS, 'kitchen/lamp', 'temperature', 8.77],
      [ARRIVAL_MS, 'kitchen/lamp', 'linkquality', 94]
    ])
  })

  it('finds a make under a prefix of its own', async () => {
    const payload = { Time: '2023-08-20T11:09:47', BME280: { Temperature: 27.8 } }
    const learned = await learn(
      ['dev1', 'dev2'].map(name => ({ topic: `house/tele/${name}/SENSOR`, payload })),
      {},
      {}
    )
    assert.equal(settingsOf(learned).topic, 'house/tele/{device_id}/SENSOR')
  })

  it('says that nothing need be done where records are as they should be', async () => {
    const record = { device_id: 'a', metric: 't', value: 1, ts: 1708700000 }
    assert.equal((await learnedFrom([record, record])).isNeeded, false)
  })

  it('looks at the first fields of a record of 100,000, and says so', async () => {
    const record = {
      device_id: 'd1',
      ts: 1708700000,
      ...Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`m${n}`, n]))
    }
    const { findings } = await learnedFrom(record)
    const says = findings.map(each => each.says)
    assert.ok(says.includes('Measurements: m0, m1, m2, m3 and 494 more'), says.join('\n'))
    assert.match(says.at(-1)!, /the first 500 were looked at/)
  })
})
