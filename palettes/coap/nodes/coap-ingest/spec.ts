import {
  checksOff,
  FORMATS,
  format,
  formatFields,
  formatFieldsWhen,
  type NodeSpec,
  sourceFields,
  WAITS,
  winsOf
} from '@millrace/node-red-telemetry'

const own = { format: Object.keys(FORMATS) }
const { exact, nanAsNull, cutNuls, maxFields, ...reading } = formatFields

export const spec = {
  type: 'millrace-coap-ingest',
  label: 'coap ingest',
  summary: 'Takes records by CoAP and answers once the flow has stored them.',
  category: 'telemetry',
  family: 'coap',
  inputs: 0,
  outputs: ['taken', 'rejected'],
  sections: { access: 'Who may send', records: 'Records', safety: 'Answer' },
  fields: {
    endpoint: {
      kind: 'ref',
      label: 'Endpoint',
      default: '',
      type: 'millrace-coap-endpoint',
      help: 'The address and port at which requests are taken.'
    },
    urlPath: {
      kind: 'text',
      check: 'topic-template',
      label: 'Path',
      default: 'ingest/{site}/{device_id}',
      placeholder: 'ingest/{site}/{device_id}',
      required: true,
      help: 'A level each: fixed text, {field} for a level whose text becomes a field of the record, + for any.'
    },
    access: {
      kind: 'choice',
      label: 'Access',
      default: 'token',
      choices: { token: 'with a token', open: 'for everybody' },
      section: 'access',
      help: 'A token is sent behind the path, as ?token=…, and can be read on its way: CoAP is not encrypted. See the help of the endpoint for what to put in front.'
    },
    token: {
      kind: 'secret',
      label: 'Token',
      default: '',
      section: 'access',
      when: { access: 'token' },
      help: 'At least 16 characters. Whoever has it may send.'
    },
    format: {
      ...format,
      default: 'type',
      choices: { type: 'as its Content-Format says', ...FORMATS },
      section: 'records',
      help: 'What a body is. By its Content-Format: JSON (50, and where none is said), CBOR (60), SenML as JSON (110) or CBOR (112), and plain text (0), which is JSON or a bare value such as 21.5.'
    },
    ...formatFieldsWhen(reading, own, 'records'),
    pathWins: {
      kind: 'choice',
      label: 'If path and body differ',
      default: 'payload',
      choices: winsOf('path', 'body'),
      section: 'records',
      help: 'Whose field counts where both have one of the same name. "Rejected" is for devices that may not send under the name of another.'
    },
    acknowledge: {
      ...sourceFields.acknowledge,
      label: 'Answers',
      section: 'safety',
      help: 'When the sender is told that its records are safe (2.04). "Stored" is strict: what no sink confirms is sent into the flow again.'
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
      help: 'A sender that has no answer so long after its body was whole gets 5.03. Its records stay in the flow, so its next try may store them twice.'
    },
    nanAsNull,
    exact,
    cutNuls,
    maxBodyBytes: {
      kind: 'number',
      label: 'Largest body',
      default: 1_048_576,
      min: 1,
      max: 16_777_216,
      integer: true,
      unit: 'bytes',
      section: 'advanced',
      help: 'Larger bodies are answered with 4.13. One that does not fit into a datagram comes in blocks.'
    },
    maxFields,
    batchSize: {
      ...sourceFields.batchSize,
      help: 'At most this many records of a body leave together. 1 sends every record by itself, not in an array.'
    },
    maxInFlight: {
      ...sourceFields.maxInFlight,
      help: 'At most this many records are unacknowledged at a time, and 64 MB; then senders get 5.03 and are to try again after a second. Must exceed what a join or batch node in the flow collects.'
    },
    retries: sourceFields.retries,
    timeoutS: sourceFields.timeoutS,
    checksOff
  }
} as const satisfies NodeSpec
