import { checksOff } from '../../core/advice/field.ts'
import { mqttFields } from '../../core/node/connection-fields.ts'
import { namedTextColumns, payloadFields } from '../../core/node/payload-fields.ts'
import type { NodeSpec } from '../../core/node/spec.ts'

const whereAsked = { request: true } as const

export const spec = {
  type: 'millrace-mqtt-publish',
  version: 2,
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
      default: 'millrace/alerts',
      placeholder: 'acme/{site}/{device_type}/{device_id}/command',
      required: true,
      help: 'A level each: fixed text, or {field} for the text of a field of the record; a record without the field is rejected.'
    },
    content: {
      ...payloadFields.content,
      choices: {
        ...payloadFields.content.choices,
        nothing: 'nothing: removes a retained message'
      },
      help: 'What the message holds. A rejected record is published with its original bytes, the reason in user properties.'
    },
    field: payloadFields.field,
    text: payloadFields.text,
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
      check: 'mqtt-text',
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
        name: { ...namedTextColumns.name, check: 'mqtt-text' },
        value: { ...namedTextColumns.value, check: 'mqtt-text-template' }
      },
      help: 'Told with each message (MQTT 5). One whose field is missing is left out.'
    },
    checksOff
  },
  examples: []
} as const satisfies NodeSpec
