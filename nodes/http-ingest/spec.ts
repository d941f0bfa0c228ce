import { checksOff } from '../../core/advice/field.ts'
import { format, formatFields, formatFieldsWhen } from '../../core/format/fields.ts'
import { FORMATS } from '../../core/format/names.ts'
import type { Condition, NodeSpec } from '../../core/node/spec.ts'
import { winsOf } from '../../core/record/wins.ts'
import { sourceFields, WAITS } from '../../core/source/fields.ts'

const own = { protocol: 'records', format: Object.keys(FORMATS) }
const records: Condition = { protocol: 'records' }
const {
  exact,
  nanAsNull,
  cutNuls,
  decompress: _always,
  maxBytes,
  maxFields,
  ...reading
} = formatFields

export const spec = {
  type: 'millrace-http-ingest',
  label: 'http ingest',
  summary: 'Takes records by HTTP POST and answers once the flow has stored them.',
  category: 'telemetry',
  family: 'http',
  inputs: 0,
  outputs: ['taken', 'rejected'],
  sections: { access: 'Who may write', records: 'Records', safety: 'Answer' },
  fields: {
    protocol: {
      kind: 'choice',
      label: 'Takes',
      default: 'records',
      choices: {
        records: 'records at a path',
        influx: 'writes of InfluxDB clients'
      },
      help: 'Records in any format at a path of your own, or line protocol at /api/v2/write and /write, as Telegraf and the client libraries of InfluxDB send it.'
    },
    urlPath: {
      kind: 'text',
      check: 'topic-template',
      label: 'Path',
      default: 'ingest/{site}/{device_id}',
      placeholder: 'ingest/{site}/{device_id}',
      required: true,
      when: records,
      help: "Behind the address of Node-RED, a level each: fixed text, {field} for a level whose text becomes a field of the record, + for any. Begins with fixed text that is not the editor's, where the editor has the same address."
    },
    prefix: {
      kind: 'text',
      check: 'topic-filter',
      label: 'Path prefix',
      default: '',
      placeholder: 'influx',
      when: { protocol: 'influx' },
      help: 'What stands before /api/v2/write, /write, /ping and /health. Empty for clients that cannot be told.'
    },
    access: {
      kind: 'choice',
      label: 'Access',
      default: 'token',
      choices: {
        token: 'with a token',
        basic: 'with a user name and a password',
        certificate: 'with a client certificate',
        open: 'for everybody'
      },
      section: 'access',
      help: 'A token is sent as "Authorization: Bearer …" or "Token …". Certificates are checked by Node-RED: its settings must have https with requestCert and ca.'
    },
    token: {
      kind: 'secret',
      label: 'Token',
      default: '',
      section: 'access',
      when: { access: 'token' },
      help: 'At least 16 characters. Whoever has it may write.'
    },
    user: {
      kind: 'text',
      label: 'User',
      default: '',
      required: true,
      section: 'access',
      when: { access: 'basic' },
      help: 'The name that is sent by basic authentication.'
    },
    password: {
      kind: 'secret',
      label: 'Password',
      default: '',
      section: 'access',
      when: { access: 'basic' },
      help: 'At least 8 characters.'
    },
    format: {
      ...format,
      default: 'type',
      choices: { type: 'as its Content-Type says', ...FORMATS },
      section: 'records',
      when: records,
      help: 'What a body is. By its Content-Type: JSON (one record or a list), JSON lines, CSV with a header line, MessagePack, CBOR or SenML. gzip, zlib and zstd are undone first.'
    },
    ...formatFieldsWhen(reading, own, 'records'),
    pathWins: {
      kind: 'choice',
      label: 'If path and record differ',
      default: 'payload',
      choices: winsOf('path', 'record'),
      section: 'records',
      when: records,
      help: 'Whose field counts where both have one of the same name. "Rejected" is for devices that may not write under the name of another.'
    },
    acknowledge: {
      ...sourceFields.acknowledge,
      label: 'Answers',
      section: 'safety',
      help: 'When the sender is told that its records are safe (204). At once is told as 202. "Stored" is strict: what no sink confirms is sent into the flow again.'
    },
    answerS: {
      kind: 'number',
      label: 'At the latest after',
      default: 30,
      min: 1,
      max: 600,
      unit: 's',
      section: 'safety',
      when: { acknowledge: WAITS },
      help: 'A sender that has no answer so long after its body was whole gets 503 and Retry-After. Its records stay in the flow; with an Idempotency-Key its next try waits for them.'
    },
    nanAsNull,
    exact,
    cutNuls: { ...cutNuls, when: records },
    maxBodyBytes: {
      kind: 'number',
      label: 'Largest body',
      default: 10_485_760,
      min: 1,
      max: 268_435_456,
      integer: true,
      unit: 'bytes',
      section: 'advanced',
      help: 'Larger bodies are answered with 413.'
    },
    maxBytes: { ...maxBytes, when: {} },
    maxFields,
    uploadS: {
      kind: 'number',
      label: 'Upload takes at most',
      default: 30,
      min: 1,
      max: 3600,
      unit: 's',
      section: 'advanced',
      help: 'A body that is not whole after this long is answered with 408, and the connection is closed.'
    },
    batchSize: {
      ...sourceFields.batchSize,
      help: 'At most this many records of a body leave together. 1 sends every record by itself, not in an array.'
    },
    maxInFlight: {
      ...sourceFields.maxInFlight,
      help: 'At most this many records are unacknowledged at a time, and 64 MB; then senders get 429 and Retry-After. Must exceed what a join or batch node in the flow collects.'
    },
    retries: sourceFields.retries,
    timeoutS: sourceFields.timeoutS,
    checksOff
  }
} as const satisfies NodeSpec
