import { checksOff } from '../../core/advice/field.ts'
import type { NodeSpec } from '../../core/node/spec.ts'

/** The reading that a telemetry pipeline starts from: who measured what, how much, and when. */
const READING = `{
  "type": "object",
  "required": ["device_id", "metric", "value", "ts"],
  "properties": {
    "device_id": { "type": "string", "minLength": 1 },
    "metric": { "type": "string", "minLength": 1 },
    "value": { "type": "number" },
    "ts": { "type": ["number", "string"] }
  }
}
`

const BY_METRIC = `{
  "temperature_c": {
    "type": "object",
    "required": ["device_id", "value"],
    "properties": { "value": { "type": "number", "minimum": -90, "maximum": 200 } }
  },
  "humidity_pct": {
    "type": "object",
    "required": ["device_id", "value"],
    "properties": { "value": { "type": "number", "minimum": 0, "maximum": 100 } }
  }
}
`

const ofSubject = { choose: 'subject' } as const

export const spec = {
  type: 'millrace-validate',
  label: 'validate',
  summary:
    'Checks records against a JSON Schema; what does not match leaves by the second output with every reason.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['valid', 'rejected'],
  sections: { schema: 'What is valid' },
  fields: {
    choose: {
      kind: 'choice',
      label: 'Schema is',
      section: 'schema',
      default: 'one',
      choices: {
        one: 'one for all records',
        field: 'chosen by a field of the record',
        topic: 'chosen by the topic',
        subject: 'in a schema registry'
      },
      help: 'Whether all records are of one form, or each kind of record has a schema of its own.'
    },
    schema: {
      kind: 'code',
      label: 'JSON Schema',
      section: 'schema',
      default: READING,
      language: 'json',
      as: 'json-schema',
      required: true,
      when: { choose: 'one' },
      help: 'Draft 04, 06, 07, 2019-09 or 2020-12, with formats. References to other documents are refused: put what you refer to under $defs.'
    },
    field: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'By the field',
      section: 'schema',
      default: 'metric',
      required: true,
      when: { choose: 'field' },
      help: 'The field whose value chooses the schema; a path such as meta.kind reaches into objects.'
    },
    schemas: {
      kind: 'code',
      label: 'Schemas',
      section: 'schema',
      default: BY_METRIC,
      language: 'json',
      required: true,
      when: { choose: ['field', 'topic'] },
      help: 'An object with a JSON Schema for each value of the field, or for each topic template such as acme/+/temperature/#. Of several templates that match, the first counts.'
    },
    registry: {
      kind: 'ref',
      label: 'Schema registry',
      section: 'schema',
      default: '',
      type: 'millrace-schema-registry',
      when: ofSubject,
      help: 'The registry that has the schema.'
    },
    subject: {
      kind: 'text',
      label: 'Subject',
      section: 'schema',
      default: '',
      placeholder: 'iot-telemetry-raw-value',
      required: true,
      pick: 'millrace-schema-registry:names',
      when: ofSubject,
      help: 'A JSON Schema checks records as a pasted one does. By a schema of Avro or Protobuf a record is valid if it can be written by it, with all of its fields.'
    },
    schemaFrom: {
      kind: 'choice',
      label: 'Version is',
      section: 'schema',
      default: 'newest',
      choices: { newest: 'the newest', version: 'always the same' },
      when: ofSubject,
      help: 'The newest is followed: records are checked by a new version once it is there.'
    },
    schemaVersion: {
      kind: 'number',
      label: 'Version',
      section: 'schema',
      default: 1,
      min: 1,
      integer: true,
      when: { ...ofSubject, schemaFrom: 'version' },
      help: 'The version of the subject to check by.'
    },
    refreshS: {
      kind: 'number',
      label: 'Look for a newer one every',
      section: 'advanced',
      default: 30,
      min: 1,
      max: 86_400,
      unit: 's',
      when: { ...ofSubject, schemaFrom: 'newest' },
      help: 'How often the registry is asked for the newest version.'
    },
    messageType: {
      kind: 'text',
      label: 'Message type',
      section: 'advanced',
      default: '',
      placeholder: 'the first of the schema',
      when: ofSubject,
      help: 'Of a Protobuf schema: the message that a record is, such as acme.Reading.'
    },
    otherwise: {
      kind: 'choice',
      label: 'A kind without schema',
      section: 'schema',
      default: 'reject',
      choices: { reject: 'is rejected', pass: 'passes unchecked' },
      when: { choose: ['field', 'topic'] },
      help: 'What becomes of records for which there is no schema.'
    },
    draft: {
      kind: 'choice',
      label: 'Draft',
      default: '2020-12',
      choices: { '2020-12': '2020-12', '2019-09': '2019-09', '07': '07', '06': '06', '04': '04' },
      section: 'advanced',
      help: 'How to read a schema that does not say it itself by $schema.'
    },
    coerce: {
      kind: 'bool',
      label: 'Convert types',
      default: false,
      section: 'advanced',
      help: 'Converts a value to the type that the schema asks for where it can be done ("23.5" becomes 23.5, true becomes 1). Off, a record passes exactly as it came.'
    },
    checksOff
  },
  examples: [
    {
      name: 'a reading passes as it is',
      given: { device_id: 'sensor-001', metric: 'temperature_c', value: 23.5, ts: 1708700000000 },
      then: [
        { device_id: 'sensor-001', metric: 'temperature_c', value: 23.5, ts: 1708700000000 },
        null
      ]
    },
    {
      name: 'all reasons are told at once',
      given: { device_id: 'sensor-001', value: 'warm', ts: 1708700000000 },
      then: [
        null,
        {
          record: { device_id: 'sensor-001', value: 'warm', ts: 1708700000000 },
          reason: {
            code: 'FIELD_MISSING',
            message: 'metric is missing; value must be a number, but it is the text "warm".',
            path: 'metric'
          },
          reasons: [
            { code: 'FIELD_MISSING', message: 'metric is missing.', path: 'metric' },
            {
              code: 'FIELD_TYPE',
              message: 'value must be a number, but it is the text "warm".',
              path: 'value'
            }
          ],
          stage: 'validate',
          origin: null,
          raw: null
        }
      ]
    },
    {
      name: 'in a batch each record goes its own way',
      options: { schema: '{ "type": "object", "required": ["device_id"] }' },
      given: [{ device_id: 'a' }, { device: 'b' }, { device_id: 'c' }],
      then: [
        [{ device_id: 'a' }, { device_id: 'c' }],
        [
          {
            record: { device: 'b' },
            reason: { code: 'FIELD_MISSING', message: 'device_id is missing.', path: 'device_id' },
            stage: 'validate',
            origin: null,
            raw: null
          }
        ]
      ]
    },
    {
      name: 'a schema for each metric',
      options: { choose: 'field', field: 'metric', schemas: BY_METRIC },
      given: { device_id: 'sensor-001', metric: 'humidity_pct', value: 130 },
      then: [
        null,
        {
          record: { device_id: 'sensor-001', metric: 'humidity_pct', value: 130 },
          reason: {
            code: 'FIELD_VALUE',
            message: 'value must be at most 100, but it is 130.',
            path: 'value'
          },
          stage: 'validate',
          origin: null,
          raw: null
        }
      ]
    },
    {
      name: 'types are converted when asked for',
      options: { coerce: true },
      given: { device_id: 'sensor-001', metric: 'temperature_c', value: '23.5', ts: '1708700000' },
      then: [
        { device_id: 'sensor-001', metric: 'temperature_c', value: 23.5, ts: '1708700000' },
        null
      ]
    }
  ]
} as const satisfies NodeSpec
