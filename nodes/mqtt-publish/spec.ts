import { mqttFields } from '../../core/node/connection-fields.ts'
import type { NodeSpec } from '../../core/node/spec.ts'

const whereAsked = { request: true } as const

export const spec = {
  type: 'millrace-mqtt-publish',
  label: 'mqtt publish',
  summary: 'Publishes records to an MQTT server: alerts, states, and commands with their answers.',
  category: 'telemetry',
  family: 'mqtt',
  inputs: 1,
  outputs: ['published', 'rejected'],
  fields: {
    broker: {
      ...mqttFields.broker,
      help: 'The MQTT server to publish to.'
    },
    topic: {
      kind: 'text',
      check: 'published-topic',
      label: 'Topic',
      default: '{org}/{site}/{device_type}/{device_id}/alert',
      placeholder: 'acme/{site}/{device_type}/{device_id}/command',
      required: true,
      help: 'A level each: fixed text, or {field} for the text of a field of the record.'
    },
    content: {
      kind: 'choice',
      label: 'Payload',
      default: 'record',
      choices: {
        record: 'the record, as JSON',
        field: 'one field of the record',
        text: 'a text with fields in it',
        nothing: 'nothing: removes a retained message'
      },
      help: 'What the message holds. A rejected record is published with its original bytes, the reason in user properties.'
    },
    field: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Field',
      default: 'value',
      placeholder: 'value',
      required: true,
      when: { content: 'field' },
      help: 'Texts and numbers as they are, anything else as JSON.'
    },
    text: {
      kind: 'text',
      check: 'text-template',
      label: 'Text',
      default: '',
      placeholder: '{device_id} is at {value} °C',
      required: true,
      when: { content: 'text' },
      help: 'A {field} stands for its value; a brace itself is written twice.'
    },
    qos: {
      ...mqttFields.qos,
      choices: {
        ...mqttFields.qos.choices,
        '0': '0, at most once: counts as published when it is sent',
        '2': '2, exactly once to the server'
      },
      help: 'With 1 and 2 a message is published when the server has acknowledged it.'
    },
    retain: {
      kind: 'bool',
      label: 'Retain',
      default: false,
      help: 'The server keeps the last message of each topic for those who subscribe later.'
    },
    request: {
      kind: 'bool',
      label: 'Wait for an answer',
      default: false,
      help: 'The message is a command: the record passes on with what the device has answered (MQTT 5).'
    },
    answerField: {
      kind: 'text',
      check: 'field-path',
      label: 'Answer into',
      default: 'answer',
      required: true,
      when: whereAsked,
      help: 'The field of the record that takes the answer: JSON where it is that, else the text.'
    },
    timeoutS: {
      kind: 'number',
      label: 'Answer within',
      default: 10,
      min: 1,
      max: 3600,
      unit: 's',
      when: whereAsked,
      help: 'A record without an answer by then is rejected.'
    },
    responseTopic: {
      kind: 'text',
      check: 'answer-topic',
      label: 'Answer topic',
      default: 'millrace/answers/{client_id}',
      required: true,
      section: 'advanced',
      when: whereAsked,
      help: 'The topic that devices answer to; {client_id} stands for the client id of this node.'
    },
    expiryS: {
      kind: 'number',
      label: 'Expires after',
      default: 0,
      min: 0,
      max: 4_294_967_295,
      integer: true,
      unit: 's',
      section: 'advanced',
      help: 'The server throws a message away that it could not deliver by then (MQTT 5). 0 keeps it.'
    },
    contentType: {
      kind: 'text',
      label: 'Content type',
      default: '',
      placeholder: 'application/json',
      section: 'advanced',
      help: 'Told with each message (MQTT 5). Empty for none.'
    },
    userProperties: {
      kind: 'list',
      label: 'User properties',
      default: [],
      section: 'advanced',
      columns: {
        name: {
          kind: 'text',
          label: 'Name',
          default: '',
          required: true,
          help: 'Name of the property.'
        },
        value: {
          kind: 'text',
          check: 'text-template',
          label: 'Value',
          default: '',
          required: true,
          placeholder: '{device_id}',
          help: 'A text; a {field} in it stands for its value.'
        }
      },
      help: 'Told with each message (MQTT 5). One whose field is missing is left out.'
    }
  },
  examples: []
} as const satisfies NodeSpec
