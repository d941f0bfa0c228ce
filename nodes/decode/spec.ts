import { checksOff } from '../../core/advice/field.ts'
import { format, formatFields } from '../../core/format/fields.ts'
import { FORMATS } from '../../core/format/names.ts'
import type { NodeSpec } from '../../core/node/spec.ts'

const registered = { format: 'registered' } as const
const { exact, decompress } = formatFields

export const spec = {
  type: 'millrace-decode',
  label: 'decode',
  summary: 'Makes records of bytes, text or Kafka messages, whatever format devices send.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['records', 'rejected'],
  fields: {
    format: { ...format, choices: { ...FORMATS, registered: 'by the id of a schema registry' } },
    registry: {
      kind: 'ref',
      label: 'Schema registry',
      default: '',
      type: 'millrace-schema-registry',
      when: registered,
      help: 'The registry that has the schemas of the payloads: Avro, Protobuf or JSON behind a zero and the id of the schema.'
    },
    whenUnknown: {
      kind: 'choice',
      label: 'An id that no schema has',
      default: 'reject',
      choices: { reject: 'rejects the payload', wait: 'waits until it is registered' },
      when: registered,
      help: 'Waiting keeps everything behind it waiting as well. While the registry is away, payloads wait in any case.'
    },
    ...formatFields,
    exact: { ...exact, when: { format: [...exact.when.format, 'registered'] } },
    decompress: { ...decompress, when: { format: Object.keys(FORMATS) } },
    checksOff
  },
  examples: [
    {
      name: 'a list of readings, one of which is none',
      options: { at: 'list', path: 'readings' },
      given:
        '{"device_id":"d1","readings":[{"ts":1708700000,"value":21.5},7,{"ts":1708700060,"value":21.7}]}',
      then: [
        [
          { device_id: 'd1', ts: 1708700000, value: 21.5 },
          { device_id: 'd1', ts: 1708700060, value: 21.7 }
        ],
        {
          record: null,
          reason: {
            code: 'NOT_A_RECORD',
            message:
              'The payload is a number; a record is an object such as {"device_id": "d1", "value": 1}.',
            path: 'readings.1'
          },
          stage: 'decode',
          origin: { kind: 'flow', topic: '' },
          raw: {
            type: 'Buffer',
            data: [
              ...Buffer.from(
                '{"device_id":"d1","readings":[{"ts":1708700000,"value":21.5},7,{"ts":1708700060,"value":21.7}]}'
              )
            ]
          }
        }
      ]
    },
    {
      name: 'a bare word',
      options: { format: 'bare' },
      topic: 'home/kitchen/light/state',
      given: 'ON',
      then: [{ value: true }, null]
    },
    {
      name: 'each value of an object',
      options: { at: 'object' },
      given: '{"temperature":21.5,"humidity":40}',
      then: [
        [
          { metric: 'temperature', value: 21.5 },
          { metric: 'humidity', value: 40 }
        ],
        null
      ]
    },
    {
      name: 'CSV with a header line',
      options: { format: 'csv' },
      given: 'device_id,ts,value\nd1,1708700000,21.5\nd2,1708700000,22\n',
      then: [
        [
          { device_id: 'd1', ts: 1708700000, value: 21.5 },
          { device_id: 'd2', ts: 1708700000, value: 22 }
        ],
        null
      ]
    },
    {
      name: 'InfluxDB line protocol',
      options: { format: 'line-protocol' },
      given: 'weather,device_id=d1 temperature=21.5,ok=t 1708700000000000000',
      then: [
        {
          measurement: 'weather',
          device_id: 'd1',
          temperature: 21.5,
          ok: true,
          ts: '1708700000000000000'
        },
        null
      ]
    }
  ]
} as const satisfies NodeSpec
