import assert from 'node:assert/strict'
import { type Batch, PROVENANCE, Provenance, type Taken } from '../../../core/record/record.ts'
import { topicOf } from '../../../core/record/topic-of.ts'

const KAFKA: Taken['origin'] = {
  kind: 'kafka',
  topic: 'raw',
  partition: 0,
  offset: '0',
  timestamp: '0'
}
const MQTT: Taken['origin'] = { kind: 'mqtt', topic: 'acme/d1', qos: 1, retained: false }

const cases: [name: string, taken: Partial<Taken> | undefined, topic: unknown, expected: string][] =
  [
    ['a record of unknown origin', undefined, 'from/msg', 'from/msg'],
    ['nothing to go by', undefined, 7, ''],
    ['a record from MQTT', { origin: MQTT }, 'from/msg', 'acme/d1'],
    ['a record from Kafka', { origin: KAFKA, headers: {} }, 'from/msg', 'raw'],
    [
      'a record from MQTT that came through Kafka',
      { origin: KAFKA, headers: { 'mqtt.topic': Buffer.from('acme/d1') } },
      'from/msg',
      'acme/d1'
    ],
    [
      'a record with several such topics',
      { origin: KAFKA, headers: { 'mqtt.topic': ['acme/d0', 'acme/d1'] } },
      'from/msg',
      'acme/d1'
    ]
  ]

describe('core/record/topic-of', () => {
  for (const [name, taken, topic, expected] of cases) {
    it(`${name}: "${expected}"`, () => {
      const batch: Batch = {
        at: () => ({ key: null, headers: {}, raw: null, origin: MQTT, ...taken })
      }
      const record = taken ? { [PROVENANCE]: new Provenance(batch, 0) } : {}
      assert.equal(topicOf(record, { topic }), expected)
    })
  }
})
