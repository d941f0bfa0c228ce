/**
 * The cases through the sources themselves: the same bytes by MQTT and by Kafka, read as the dialog
 * of the source says, and through the nodes behind it.
 */
import assert from 'node:assert/strict'
import { report } from '../../core/node/metrics.ts'
import type { Rejection } from '../../core/record/record.ts'
import kafkaCluster from '../../nodes/kafka-cluster/runtime.ts'
import kafkaConsumer from '../../nodes/kafka-consumer/runtime.ts'
import mqttBroker from '../../nodes/mqtt-broker/runtime.ts'
import mqttIngest from '../../nodes/mqtt-ingest/runtime.ts'
import normalize from '../../nodes/normalize/runtime.ts'
import { PRESETS } from '../../nodes/reshape/presets.ts'
import reshape from '../../nodes/reshape/runtime.ts'
import validate from '../../nodes/validate/runtime.ts'
import { collectorOf, registerCollect } from '../collector.ts'
import { unique } from '../core/mqtt/rig.ts'
import { kafkaOf, makeTopics } from '../kafka-topics.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../node-red.ts'
import { publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import { RAW, SHAPES } from './shapes.ts'

/** As a column of the database has it. */
const micros = (time: string) =>
  time
    .replace(/(\.\d{6})\d+Z$/, '$1Z')
    .replace(/(\.\d*?)0+Z$/, '$1Z')
    .replace('.Z', 'Z')

type Fields = Readonly<Record<string, unknown>>

/** One way through the nodes, and what comes out of it, in order: fields of a record, or a code. */
interface Way {
  readonly name: string
  readonly topic: string
  readonly payloads: readonly (string | Buffer)[]
  readonly source?: Fields
  readonly reshape?: Fields
  readonly validate?: Fields
  readonly normalize?: Fields
  readonly records: readonly Fields[]
  readonly codes?: readonly string[]
}

const READING = '"metric":"t","value":1,"ts":1708700000'
const AT = '2024-02-23T14:53:20.000Z'
const field = (as: string) => ({ fields: [{ from: 'value', to: '', as }] })
const schema = (properties: object, more: object = {}) => ({
  schema: JSON.stringify({ type: 'object', properties, ...more })
})
const buffer = Buffer.alloc(160)
buffer.write(`{"device_id":"d",${READING}}`)

const shapes: readonly Way[] = SHAPES.map(
  ({ name, topic, payload, decode, preset, reshape: more, normalize: time, rows }) => ({
    name,
    topic,
    payloads: [payload],
    source: decode ?? {},
    reshape: { ...(preset === undefined ? {} : PRESETS[preset].settings), ...more },
    normalize: { ...time, ...(rows[0]![0] === RAW ? { missing: 'arrival' } : {}) },
    records: rows.map(([ts_utc, device_id, metric, value]) => ({
      ...(ts_utc === RAW ? {} : { ts_utc }),
      device_id,
      metric,
      value
    })),
    codes: name.includes('rejected alone') ? ['NOT_A_RECORD'] : []
  })
)

const others: readonly Way[] = [
  {
    name: 'id-64-bit-number, clean-topic-64-bit, key-named-constructor, trailing-nul, end-of-day-24, epoch-text-exponent',
    topic: 'plain',
    payloads: [
      `{"device_id":2882429806056571124,${READING}}`,
      `{"device_id":"car-7","metric":"lap_s","value":81.2,"ts":1708700000,"constructor":"team-x"}`,
      buffer,
      '{"metric":"t","value":1,"ts":"2024-02-23T24:00:00Z"}',
      '{"metric":"t","value":1,"ts":"1.663830962276e+12"}',
      `{"device_id":"d",${READING},"serial":1724442618569203714}`
    ],
    records: [
      { device_id: 'car-7', constructor: 'team-x', value: 81.2 },
      { device_id: 'd', value: 1, ts_utc: AT },
      { ts_utc: '2024-02-24T00:00:00.000Z' },
      { ts_utc: '2022-09-22T07:16:02.276Z' }
    ],
    codes: ['NUMBER_INEXACT', 'NUMBER_INEXACT']
  },
  {
    name: 'id-64-bit-number, clean-topic-64-bit, exact-decimal-column, with exact numbers',
    topic: 'exact',
    source: { exact: true },
    payloads: [
      `{"device_id":2882429806056571124,${READING}}`,
      `{"device_id":2882429806056571125,${READING}}`,
      `{"device_id":"d",${READING},"serial":1724442618569203714,"exact":12345678901234567890.123}`
    ],
    records: [
      { device_id: 2882429806056571124n },
      { device_id: 2882429806056571125n },
      { serial: 1724442618569203714n, exact: '12345678901234567890.123' }
    ]
  },
  {
    name: 'decimal-comma-both, decimal-comma-grouping',
    topic: 'comma',
    payloads: ['"1.234,5"', '"1.234"', '"21.5"'].map(
      value => `{"device_id":"meter","value":${value},"ts":1708700000}`
    ),
    normalize: field('decimal-comma'),
    records: [{ value: 1234.5 }, { value: 1234 }],
    codes: ['NOT_A_NUMBER']
  },
  {
    name: 'convert-20-digits',
    topic: 'digits',
    payloads: ['{"value":"12345678901234567890","ts":1708700000}', '{"value":"1","ts":1708700000}'],
    normalize: field('number'),
    records: [{ value: 1 }],
    codes: ['NOT_A_NUMBER']
  },
  {
    name: 'key-pm25',
    topic: 'tele/dev1/SENSOR',
    payloads: ['{"Time":"2023-12-02T14:20:52Z","VINDRIKTNING":{"PM2.5":5}}'],
    normalize: {
      field: 'Time',
      fields: [{ from: 'VINDRIKTNING["PM2.5"]', to: 'value', as: 'keep' }]
    },
    records: [{ value: 5, ts_utc: '2023-12-02T14:20:52.000Z' }]
  },
  {
    name: 'required-constructor, property-to-string, coerce-infinity, format-date-time',
    topic: 'valid',
    payloads: [
      `{"a":1,"ts":1708700000}`,
      `{"constructor":"x","ts":1708700000}`,
      `{"constructor":"x","value":"1e400","ts":1708700000}`,
      `{"constructor":"x","at":"1985-04-12T23:60:00+00:01","ts":1708700000}`
    ],
    validate: {
      coerce: true,
      ...schema(
        {
          toString: { type: 'string' },
          value: { type: 'number' },
          at: { type: 'string', format: 'date-time' }
        },
        { required: ['constructor'] }
      )
    },
    records: [{ constructor: 'x', ts_utc: AT }],
    codes: ['FIELD_MISSING', 'FIELD_TYPE', 'FIELD_VALUE']
  }
]

const WAYS = [...shapes, ...others]

describe('cases: through the sources themselves', function () {
  this.timeout(120_000)
  const name = unique('ways')
  const rawOf = (index: number) => `${name}-${index}`
  let nodeRed: RunningNodeRed

  before(async () => {
    const { mqtt, kafka } = await services('mqtt', 'kafka')
    await makeTopics(
      kafka.brokers,
      Object.fromEntries(WAYS.map((_, index) => [rawOf(index), 1] as const))
    )
    await feed(kafka.brokers)
    nodeRed = await startNodeRed({
      nodes: [
        kafkaCluster,
        kafkaConsumer,
        mqttBroker,
        mqttIngest,
        normalize,
        reshape,
        validate,
        registerCollect
      ]
    })
    await nodeRed.deploy([
      { id: 'broker', type: 'millrace-mqtt-broker', url: mqtt.url, clientId: name },
      { id: 'cluster', type: 'millrace-kafka-cluster', brokers: kafka.brokers },
      { id: 'tab', type: 'tab' },
      ...WAYS.flatMap((way, index) => [
        ...chain(way, `mqtt-${index}`, 'mqtt-ingest', {
          broker: 'broker',
          topic: `${name}/${index}/#`,
          keyField: ''
        }),
        ...chain(way, `kafka-${index}`, 'kafka-consumer', {
          cluster: 'cluster',
          topics: rawOf(index),
          groupId: rawOf(index)
        })
      ])
    ])
    await until('all subscriptions', () =>
      WAYS.every((_, index) => /in flight/.test(statusOf(`mqtt-${index}`) ?? ''))
    )
    await publish(
      mqtt.url,
      WAYS.flatMap(({ topic, payloads }, index) =>
        payloads.map(payload => ({ topic: `${name}/${index}/${topic}`, payload }))
      ),
      { window: 1 }
    )
  })
  after(() => nodeRed?.stop())

  async function feed(brokers: string): Promise<void> {
    const producer = kafkaOf(brokers).producer()
    await producer.connect()
    await producer.sendBatch({
      topicMessages: WAYS.map(({ topic, payloads }, index) => ({
        topic: rawOf(index),
        messages: payloads.map(value => ({
          value,
          headers: { 'mqtt.topic': `${name}/${index}/${topic}` }
        }))
      }))
    })
    await producer.disconnect()
  }

  const statusOf = (id: string) => report().nodes.find(node => node.id === id)?.status?.text

  /** The source, the nodes that the case asks for, and what gathers their ends. */
  function chain(way: Way, id: string, type: string, source: Fields): FlowEntry[] {
    const index = id.split('-')[1]!
    const topic = way.reshape?.topic
    // The template begins behind what keeps this run apart.
    const own = typeof topic === 'string' && topic !== '' ? `${name}/${index}/${topic}` : ''
    const steps: (readonly [type: string, settings: Fields])[] = [
      [type, { output: 'decoded', ...source, ...way.source }],
      ...(way.reshape ? [['reshape', { ...way.reshape, topic: own }] as const] : []),
      ...(way.validate ? [['validate', way.validate] as const] : []),
      ['normalize', { pastDays: 0, ...way.normalize }]
    ]
    const idOf = (step: number) => (step === 0 ? id : `${id}-${step}`)
    return [
      ...steps.map(([kind, settings], step) => ({
        id: idOf(step),
        type: `millrace-${kind}`,
        z: 'tab',
        ...settings,
        wires: [[step + 1 === steps.length ? `${id}-good` : idOf(step + 1)], [`${id}-bad`]]
      })),
      { id: `${id}-good`, type: 'collect', z: 'tab', wires: [] },
      { id: `${id}-bad`, type: 'collect', z: 'tab', wires: [] }
    ]
  }

  /** Of a record those fields that the case names. */
  const named = (record: Fields, fields: Fields) =>
    Object.fromEntries(
      Object.keys(fields).map(key => {
        const value = record[key]
        const isWritten = typeof value === 'object' && value !== null
        return [key, key === 'ts_utc' ? micros(String(value)) : isWritten ? String(value) : value]
      })
    )
  const order = (fields: Fields) =>
    JSON.stringify(fields, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))
  const sorted = (all: readonly Fields[]) => all.map(order).sort()

  for (const [index, { name: what, payloads, records, codes = [] }] of WAYS.entries()) {
    for (const system of ['mqtt', 'kafka']) {
      it(`${what}, by ${system}`, async () => {
        const [good, bad] = ['good', 'bad'].map(end => collectorOf(`${system}-${index}-${end}`))
        await until(
          'all of it',
          () => good!.records.length >= records.length && bad!.records.length >= codes.length,
          20_000
        )
        const rejected = bad!.records as Rejection[]
        assert.deepEqual(rejected.map(({ reason }) => reason.code).sort(), [...codes].sort())
        const isOneForm = records.every(
          each => String(Object.keys(each)) === String(Object.keys(records[0]!))
        )
        const found = good!.records as Fields[]
        assert.equal(found.length, records.length)
        const expected = records.map(each => named(each, each))
        if (isOneForm)
          assert.deepEqual(
            sorted(found.map(record => named(record, records[0]!))),
            sorted(expected)
          )
        else
          assert.deepEqual(
            found.map((record, at) => named(record, records[at]!)),
            expected
          )
        for (const { raw } of rejected)
          assert.ok(payloads.some(payload => raw?.equals(Buffer.from(payload))))
      })
    }
  }
})
