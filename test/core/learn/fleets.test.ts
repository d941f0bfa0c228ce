import assert from 'node:assert/strict'
import type { Learned } from '../../../core/learn/learned.ts'
import mqttBroker from '../../../nodes/mqtt-broker/runtime.ts'
import mqttIngest from '../../../nodes/mqtt-ingest/runtime.ts'
import normalize from '../../../nodes/normalize/runtime.ts'
import reshape from '../../../nodes/reshape/runtime.ts'
import timescaleDatabase from '../../../nodes/timescale-database/runtime.ts'
import timescaleSink from '../../../nodes/timescale-sink/runtime.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'

type Behind = Learned & { readonly type: string }
interface Answer extends Partial<Learned> {
  readonly ok: boolean
  readonly message?: string
  readonly behind?: readonly Behind[]
  readonly outputs?: readonly { readonly records: readonly { readonly record: unknown }[] }[]
}
type Row = Readonly<Record<string, unknown>>

interface Fleet {
  readonly name: string
  /** As a person subscribes to it. */
  readonly topic: string
  readonly messages: readonly (readonly [topic: string, payload: string])[]
  /** What a person is asked, and says. */
  readonly answers?: Readonly<Record<string, string>>
  /** Of the first message that has rows. */
  readonly rows: readonly Row[]
}

const TIME = '2026-11-20T10:00:00.000Z'
const MS = Date.parse(TIME)
const ZONE = { 'millrace-normalize.zone': 'Europe/Berlin' }
const ARRIVAL = { 'millrace-reshape.time': 'arrival' }

const fleets: readonly Fleet[] = [
  {
    name: 'epoch milliseconds',
    topic: 'plant/+/reading',
    messages: [
      ['plant/d1/reading', `{"metric":"t","value":1.5,"ts":${MS}}`],
      ['plant/d2/reading', `{"metric":"t","value":2.5,"ts":${MS}}`]
    ],
    rows: [{ time: TIME, device_id: 'd1', metric: 't', value: 1.5 }]
  },
  {
    name: 'epoch seconds',
    topic: 'plant/+/reading',
    messages: [['plant/d1/reading', `{"temperature":1.5,"humidity":40,"timestamp":${MS / 1000}}`]],
    rows: [
      { time: TIME, device_id: 'd1', metric: 'temperature', value: 1.5 },
      { time: TIME, device_id: 'd1', metric: 'humidity', value: 40 }
    ]
  },
  {
    name: 'local time',
    topic: 'plant/+/reading',
    messages: [['plant/d1/reading', '{"temperature":1.5,"time":"2026-11-20 11:00:00"}']],
    answers: ZONE,
    rows: [{ time: TIME, device_id: 'd1', metric: 'temperature', value: 1.5 }]
  },
  {
    name: 'a list of records',
    topic: 'plant/+/batch',
    messages: [
      [
        'plant/d1/batch',
        `[{"metric":"t","value":1.5,"ts":${MS}},{"metric":"h","value":40,"ts":${MS}}]`
      ]
    ],
    rows: [
      { time: TIME, device_id: 'd1', metric: 't', value: 1.5 },
      { time: TIME, device_id: 'd1', metric: 'h', value: 40 }
    ]
  },
  {
    name: 'a line of CSV',
    topic: 'plant/+/csv',
    messages: [['plant/d1/csv', 'time,temperature,humidity\n2026-11-20T10:00:00Z,1.5,40\n']],
    rows: [
      { time: TIME, device_id: 'd1', metric: 'temperature', value: 1.5 },
      { time: TIME, device_id: 'd1', metric: 'humidity', value: 40 }
    ]
  },
  {
    name: 'a logger: lines without a header, local time, decimal commas',
    topic: 'logger/+',
    messages: [
      ['logger/hall-1', '20.11.2026 11:00:00;1,5;1.234\n20.11.2026 11:01:00;2;1.235,5\n'],
      ['logger/hall-2', '20.11.2026 11:00:00;1;1.000']
    ],
    answers: ZONE,
    rows: [
      { time: TIME, device_id: 'hall-1', metric: 'value_1', value: 1.5 },
      { time: TIME, device_id: 'hall-1', metric: 'value_2', value: 1234 },
      { time: '2026-11-20T10:01:00.000Z', device_id: 'hall-1', metric: 'value_1', value: 2 },
      { time: '2026-11-20T10:01:00.000Z', device_id: 'hall-1', metric: 'value_2', value: 1235.5 }
    ]
  },
  {
    name: 'a logger that names its columns in German',
    topic: 'logger/+',
    messages: [['logger/hall-1', 'Zeit;Temperatur\n20.11.2026 11:00:00;1,5\n']],
    answers: ZONE,
    rows: [{ time: TIME, device_id: 'hall-1', metric: 'Temperatur', value: 1.5 }]
  },
  {
    name: 'every value a text, between a word and an empty message',
    topic: 'plant/+/all',
    messages: [
      ['plant/d1/all', `{"time":"${TIME}","temp":"1.5","rh":"40","sn":"00123","state":"idle"}`],
      ['plant/d2/all', 'offline'],
      ['plant/d3/all', ''],
      ['plant/d2/all', `{"time":"${TIME}","temp":"2","rh":"41","sn":"00124","state":"busy"}`]
    ],
    rows: [
      { time: TIME, device_id: 'd1', metric: 'temp', value: 1.5 },
      { time: TIME, device_id: 'd1', metric: 'rh', value: 40 }
    ]
  },
  {
    name: 'messages of several shapes on topics of seven levels, after a word',
    topic: 'acme/#',
    messages: [
      ['acme/eu/plant-1/hall-2/line-3/pump-7/state', 'online'],
      ['acme/eu/plant-1/hall-2/line-3/pump-7/state', `{"ts":${MS},"rpm":1480}`],
      ['acme/eu/plant-1/hall-2/line-4/pump-8/state', `{"ts":${MS},"oil":{"temp_c":61.5}}`]
    ],
    rows: [{ time: TIME, device_id: 'pump-7', metric: 'rpm', value: 1480 }]
  },
  {
    name: 'numbers in a list',
    topic: 'plant/+/phases',
    messages: [['plant/d1/phases', `{"ts":${MS},"current":[1.5,40]}`]],
    rows: [
      { time: TIME, device_id: 'd1', metric: 'current.0', value: 1.5 },
      { time: TIME, device_id: 'd1', metric: 'current.1', value: 40 }
    ]
  },
  {
    name: 'InfluxDB line protocol',
    topic: 'plant/influx',
    messages: [['plant/influx', `weather,host=d1 temperature=1.5,humidity=40 ${MS}000000`]],
    rows: [
      { time: TIME, device_id: 'd1', metric: 'temperature', value: 1.5 },
      { time: TIME, device_id: 'd1', metric: 'humidity', value: 40 }
    ]
  },
  {
    name: 'Shelly Gen 2',
    topic: '+/events/rpc',
    messages: [
      [
        'shellyplusht-1/events/rpc',
        `{"src":"shellyplusht-1","dst":"shellyplusht-1/events","method":"NotifyFullStatus","params":{"ts":${MS / 1000},"temperature:0":{"id":0,"tC":21.5,"tF":70.7},"humidity:0":{"id":0,"rh":40}}}`
      ]
    ],
    rows: [
      { time: TIME, device_id: 'shellyplusht-1', metric: 'temperature:0.tC', value: 21.5 },
      { time: TIME, device_id: 'shellyplusht-1', metric: 'temperature:0.tF', value: 70.7 },
      { time: TIME, device_id: 'shellyplusht-1', metric: 'humidity:0.rh', value: 40 }
    ]
  },
  {
    name: 'Zigbee2MQTT, which sends no time',
    topic: 'zigbee2mqtt/+',
    messages: [
      ['zigbee2mqtt/kitchen', '{"battery":91,"humidity":40.5,"linkquality":120,"temperature":21.5}']
    ],
    answers: ARRIVAL,
    rows: [
      { device_id: 'kitchen', metric: 'battery', value: 91 },
      { device_id: 'kitchen', metric: 'humidity', value: 40.5 },
      { device_id: 'kitchen', metric: 'linkquality', value: 120 },
      { device_id: 'kitchen', metric: 'temperature', value: 21.5 }
    ]
  }
]

describe('what Learn proposes for a fleet is right to the row', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed

  before(async () => {
    nodeRed = await startNodeRed({
      nodes: [mqttBroker, mqttIngest, reshape, normalize, timescaleDatabase, timescaleSink]
    })
  })
  after(() => nodeRed.stop())

  async function ask(type: string, body: object): Promise<Answer> {
    const response = await fetch(`${nodeRed.url}/millrace/preview/${type}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'new', ...body })
    })
    return (await response.json()) as Answer
  }

  const settingsOf = ({ findings = [] }: Partial<Learned>): object =>
    Object.assign({}, ...findings.map(({ settings }) => settings)) as object

  /** What leaves the first output of the last node. */
  async function through(
    chain: readonly { readonly type: string; readonly settings: object }[],
    given: { readonly topic: string; readonly text: string }
  ): Promise<readonly unknown[]> {
    let passed: object = given
    let left: readonly unknown[] = []
    for (const { type, settings } of chain) {
      const shown = await ask(type, { action: 'preview', values: settings, given: passed })
      assert.ok(shown.ok, shown.message)
      left = shown.outputs![0]!.records.map(({ record }) => record)
      passed = { topic: given.topic, payload: left }
    }
    return left
  }

  for (const { name, topic, messages, answers = {}, rows } of fleets) {
    it(name, async () => {
      const given = messages.map(([to, text]) => ({ topic: to, text }))
      const values = { topic, broker: '-' }
      const type = 'millrace-mqtt-ingest'
      const learned = await ask(type, { action: 'learn', values, given, answers })
      assert.ok(learned.ok, learned.message)
      const asked = [learned, ...learned.behind!].flatMap(({ questions = [] }) => questions)
      assert.deepEqual(
        asked.filter(({ answer }) => answer === '').map(({ name: open }) => open),
        [],
        'nothing more is asked'
      )
      const chain = [
        { type, settings: { ...values, ...settingsOf(learned) } },
        ...learned.behind!.map(each => ({ type: each.type, settings: settingsOf(each) }))
      ]
      assert.equal(chain.at(-1)!.type, 'millrace-timescale-sink')
      let left: readonly unknown[] = []
      for (const message of given) {
        if (left.length === 0) left = await through(chain, message)
      }
      const found = left.map(each => (each as { $row: Row }).$row)
      assert.deepEqual(
        found.map(row => Object.fromEntries(Object.keys(rows[0]!).map(key => [key, row[key]]))),
        rows
      )
    })
  }
})
