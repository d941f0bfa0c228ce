import assert from 'node:assert/strict'
import { KAFKA_MS, rowsOf, type Setting, throughKafka } from './reshape-of.ts'

interface Case {
  readonly name: string
  readonly settings: Setting
  readonly topic?: string
  readonly kafka?: boolean
  readonly given: unknown
  readonly rows: readonly unknown[]
}

const tasmota = { preset: 'tasmota' }
const kep = { preset: 'kepserver', topic: 'kep/{device_id}' }
const things = { preset: 'thingsboard-time', topic: 'v1/gw/{device_id}' }
const batteries = {
  recordsAt: 'list',
  listPath: 'value',
  sources: [{ to: 'ts', from: 'kafka-time' }],
  keep: [{ from: 'id', to: 'device_id' }]
}
const scalar = {
  bare: true,
  mode: 'keep',
  topic: 'home/{device_id}/sensor/{metric}/state',
  keep: []
}
const shipped = { mode: 'keep', topic: 'sensors/{site}/{device_id}/{metric}' }

const kinds: Readonly<Record<string, readonly Case[]>> = {
  'one message with many metrics': [
    {
      name: 'sensors by name, text left out',
      settings: tasmota,
      topic: 'tele/dev1/SENSOR',
      kafka: true,
      given: {
        Time: '2023-08-20T11:09:47',
        DS18B20: { Id: '3CE100000000', Temperature: 27.9 },
        BME280: { Temperature: 27.8, Humidity: 54.5 },
        TempUnit: 'C'
      },
      rows: [
        ['2023-08-20T11:09:47', 'dev1', 'DS18B20.Temperature', 27.9],
        ['2023-08-20T11:09:47', 'dev1', 'BME280.Temperature', 27.8],
        ['2023-08-20T11:09:47', 'dev1', 'BME280.Humidity', 54.5]
      ]
    },
    {
      name: 'zero, a negative number, null, empty objects',
      settings: tasmota,
      topic: 'tele/dev2/SENSOR',
      given: { Time: 't', A: { P: 0, Q: -1, R: null }, B: {}, C: null },
      rows: [
        ['t', 'dev2', 'A.P', 0],
        ['t', 'dev2', 'A.Q', -1]
      ]
    },
    {
      name: 'phases in a list',
      settings: tasmota,
      topic: 'tele/dev3/SENSOR',
      given: { Time: 't', ENERGY: { Power: [1, 2] } },
      rows: [
        ['t', 'dev3', 'ENERGY.Power.0', 1],
        ['t', 'dev3', 'ENERGY.Power.1', 2]
      ]
    },
    {
      name: 'another topic',
      settings: tasmota,
      topic: 'stat/dev1/RESULT',
      given: { Time: 't', A: 1 },
      rows: ['TOPIC_MISMATCH']
    },
    {
      name: 'no measurement',
      settings: tasmota,
      topic: 'tele/dev1/SENSOR',
      given: { Time: 't', Name: 'x' },
      rows: []
    },
    {
      name: 'names with dots, one of them twice',
      settings: {},
      given: { device_id: 'd', ts: 1, 'PM2.5': 5, PM2: { '5': 6 }, 'a]b': 7 },
      rows: [[1, 'd', 'PM2.5', 5], [1, 'd', 'a]b', 7], 'METRIC_TWICE']
    },
    {
      name: 'only these, one with a dot and another name',
      settings: {
        which: 'only',
        names: [{ field: 'V["PM2.5"]', metric: 'pm25' }, { field: 'b.c' }, { field: 'absent' }]
      },
      given: { device_id: 'd', ts: 1, V: { 'PM2.5': 5, t: 1 }, b: { c: 'high' } },
      rows: [
        [1, 'd', 'pm25', 5],
        [1, 'd', 'b.c', 'high']
      ]
    },
    {
      name: 'all but these',
      settings: { which: 'except', names: [{ field: 'a' }, { field: '*.id' }, { field: 'c.d' }] },
      given: { device_id: 'd', ts: 1, a: 1, s: { id: 2, x: 3 }, c: { d: { e: 4 }, f: 5 }, id: 6 },
      rows: [
        [1, 'd', 's.x', 3],
        [1, 'd', 'c.f', 5],
        [1, 'd', 'id', 6]
      ]
    },
    {
      name: 'booleans and words too',
      settings: {
        booleans: true,
        texts: true,
        values: [{ metric: 'on', action: 'words', by: '' }]
      },
      given: { device_id: 'd', ts: 1, on: true, mode: 'auto' },
      rows: [
        [1, 'd', 'on', 1],
        [1, 'd', 'mode', 'auto']
      ]
    }
  ],
  'each metric has its own time': [
    {
      name: 'two tags',
      settings: { preset: 'azure' },
      topic: 'azure-iot-operations/data/thermostat',
      given: {
        temperature: { SourceTimestamp: '2024-07-29T15:02:17.1858435Z', Value: 4558 },
        'Tag 10': { SourceTimestamp: '2024-07-29T15:02:17.1858869Z', Value: 4558 }
      },
      rows: [
        ['2024-07-29T15:02:17.1858435Z', 'thermostat', 'temperature', 4558],
        ['2024-07-29T15:02:17.1858869Z', 'thermostat', 'Tag 10', 4558]
      ]
    },
    {
      name: 'one has none, and gets the time of the record',
      settings: { each: 'object', valueAt: 'v', timeAt: 't', unitAt: 'u' },
      given: {
        device_id: 'd',
        ts: 9,
        a: { v: 1, t: 5 },
        b: { v: 2 },
        c: 3,
        d: { e: { v: 0, t: 6 } }
      },
      rows: [
        [5, 'd', 'a', 1],
        [9, 'd', 'b', 2],
        [9, 'd', 'c', 3],
        [6, 'd', 'd.e', 0]
      ]
    }
  ],
  'a list of readings': [
    {
      name: 'inside an object, each with name, time and value',
      settings: kep,
      topic: 'kep/line1',
      given: {
        timestamp: 1541021024224,
        values: [
          { id: 'A.B', t: 1541021024193, v: 7 },
          { id: 'A.C', t: 1541021024193, v: 0 }
        ]
      },
      rows: [
        [1541021024193, 'line1', 'A.B', 7],
        [1541021024193, 'line1', 'A.C', 0]
      ]
    },
    {
      name: 'a bad element alone, and none',
      settings: kep,
      topic: 'kep/line1',
      given: [
        { values: [5, { id: 'A', t: 1, v: 1 }, null, [2]] },
        { values: [] },
        { values: 7 },
        {}
      ],
      rows: [
        [1, 'line1', 'A', 1],
        'NOT_A_RECORD',
        'NOT_A_RECORD',
        'NOT_A_RECORD',
        'RECORDS_MISSING',
        'RECORDS_MISSING'
      ]
    },
    {
      name: 'at the top, time beside the values',
      settings: things,
      topic: 'v1/gw/dev9',
      given: [
        { ts: 1451649600512, values: { temperature: 42.2, humidity: 70 } },
        7,
        { ts: 1451649601000, values: { temperature: 42.3, humidity: 72 } }
      ],
      rows: [
        [1451649600512, 'dev9', 'temperature', 42.2],
        [1451649600512, 'dev9', 'humidity', 70],
        [1451649601000, 'dev9', 'temperature', 42.3],
        [1451649601000, 'dev9', 'humidity', 72],
        'NOT_A_RECORD'
      ]
    },
    {
      name: 'of devices, without a time',
      settings: batteries,
      topic: 'N/portal/system/0/Batteries',
      kafka: true,
      given: {
        value: [
          { id: 'com.example.can1', soc: 74.0, voltage: 49.81 },
          { id: 'com.example.can2', soc: 70.0, voltage: 49.7 }
        ]
      },
      rows: [
        [KAFKA_MS, 'com.example.can1', 'soc', 74],
        [KAFKA_MS, 'com.example.can1', 'voltage', 49.81],
        [KAFKA_MS, 'com.example.can2', 'soc', 70],
        [KAFKA_MS, 'com.example.can2', 'voltage', 49.7]
      ]
    },
    {
      name: 'under the names of devices, lists and single ones',
      settings: {
        recordsAt: 'values',
        listPath: '',
        keep: [{ from: 'ts' }, { from: 'device_id' }]
      },
      given: {
        'Device A': [
          { ts: 1, t: 20 },
          { ts: 2, t: 21 }
        ],
        'Device B': { ts: 1, t: 22 },
        'Device C': 23
      },
      rows: [
        [1, 'Device A', 't', 20],
        [2, 'Device A', 't', 21],
        [1, 'Device B', 't', 22],
        [undefined, 'Device C', 'value', 23]
      ]
    }
  ],
  'a bare value': [
    {
      name: 'a number',
      settings: scalar,
      topic: 'home/kitchen/sensor/temperature/state',
      given: 23.5,
      rows: [[undefined, 'kitchen', 'temperature', 23.5]]
    },
    {
      name: 'a word',
      settings: { ...scalar, values: [{ metric: '*', action: 'words', by: '' }] },
      topic: 'home/kitchen/sensor/door/state',
      given: 'OPEN',
      rows: [[undefined, 'kitchen', 'door', 1]]
    },
    {
      name: 'a number as text',
      settings: { ...scalar, values: [{ metric: '*', action: 'number', by: '' }] },
      topic: 'home/kitchen/sensor/t/state',
      given: '23.5',
      rows: [[undefined, 'kitchen', 't', 23.5]]
    },
    { name: 'not asked for', settings: {}, given: 23.5, rows: ['NOT_A_RECORD'] },
    {
      name: 'null is none',
      settings: scalar,
      topic: 'home/kitchen/sensor/t/state',
      given: null,
      rows: ['NOT_A_RECORD']
    }
  ],
  'device and metric stand in the topic only': [
    {
      name: 'behind Kafka',
      settings: shipped,
      topic: 'sensors/hall/d7/temperature',
      kafka: true,
      given: { value: 21.5, ts: 1708700000 },
      rows: [[1708700000, 'd7', 'temperature', 21.5]]
    },
    {
      name: 'the payload counts',
      settings: shipped,
      topic: 'sensors/hall/d7/temperature',
      given: { value: 1, ts: 1, device_id: 'd8', metric: null },
      rows: [[1, 'd8', 'temperature', 1]]
    },
    {
      name: 'the topic counts',
      settings: { ...shipped, topicWins: 'topic' },
      topic: 'sensors/hall/d7/temperature',
      given: { value: 1, ts: 1, device_id: 'd8' },
      rows: [[1, 'd7', 'temperature', 1]]
    },
    {
      name: 'they must agree',
      settings: { ...shipped, topicWins: 'agree' },
      topic: 'sensors/hall/7/t',
      given: [
        { value: 1, ts: 1, device_id: 7 },
        { value: 1, ts: 1, device_id: 'd8' }
      ],
      rows: [[1, 7, 't', 1], 'FIELD_CONFLICT']
    }
  ],
  'the rest of a topic is one field, and no time in the message': [
    {
      name: 'a name with a slash',
      settings: { preset: 'zigbee2mqtt' },
      topic: 'zigbee2mqtt/kitchen/lamp',
      kafka: true,
      given: { temperature: 8.77, linkquality: 94, humidity: 85.15, battery: 74 },
      rows: [
        [KAFKA_MS, 'kitchen/lamp', 'temperature', 8.77],
        [KAFKA_MS, 'kitchen/lamp', 'linkquality', 94],
        [KAFKA_MS, 'kitchen/lamp', 'humidity', 85.15],
        [KAFKA_MS, 'kitchen/lamp', 'battery', 74]
      ]
    },
    {
      name: 'no rest',
      settings: { preset: 'zigbee2mqtt' },
      topic: 'zigbee2mqtt',
      given: { t: 1 },
      rows: ['TOPIC_MISMATCH']
    },
    {
      name: 'an empty rest',
      settings: { preset: 'zigbee2mqtt' },
      topic: 'zigbee2mqtt/',
      given: { t: 1 },
      rows: ['TOPIC_MISMATCH']
    }
  ]
}

describe('nodes/reshape, what fleets send', () => {
  for (const [kind, cases] of Object.entries(kinds)) {
    describe(kind, () => {
      for (const { name, settings, topic, kafka, given, rows } of cases) {
        it(name, async () => {
          const payload = kafka
            ? throughKafka(given as object, topic === undefined ? {} : { topic })
            : given
          assert.deepEqual(
            await rowsOf(settings, payload, kafka ? 'iot-telemetry-raw' : topic),
            rows
          )
        })
      }
    })
  }
})
