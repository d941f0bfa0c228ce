import { checksOff } from '../../core/advice/field.ts'
import { format, formatFields, formatFieldsWhen } from '../../core/format/fields.ts'
import { mqttFields } from '../../core/node/connection-fields.ts'
import type { Condition, NodeSpec } from '../../core/node/spec.ts'
import { winsOf } from '../../core/record/wins.ts'
import { lingerFields, sourceFields, WAITS } from '../../core/source/fields.ts'

const asRecords: Condition = { output: ['records', 'decoded'] }
/** `keyField` is the one of the Kafka key here. */
const { nanAsNull, exact, keyField: nameField, maxFields, ...decoding } = formatFields

const waits = { qos: ['1', '2'], acknowledge: WAITS } as const

export const spec = {
  type: 'millrace-mqtt-ingest',
  label: 'mqtt ingest',
  version: 4,
  summary:
    'Takes messages from an MQTT server and acknowledges them once the flow has stored them.',
  category: 'telemetry',
  family: 'mqtt',
  inputs: 0,
  outputs: ['taken', 'rejected'],
  sections: { records: 'Records', subscription: 'Subscription', safety: 'Acknowledgement' },
  fields: {
    broker: {
      ...mqttFields.broker,
      help: 'The MQTT server to take messages from.'
    },
    topic: {
      kind: 'text',
      pick: 'topic',
      check: 'topic-template',
      label: 'Topics',
      default: '#',
      placeholder: 'acme/{site}/{device_type}/{device_id}/reading',
      required: true,
      help: 'A level each: fixed text, {field} for a level whose text becomes a field of the record, + for any, # for all that follow. Alone, # takes every topic; Learn says which ones there are, and names their levels.'
    },
    qos: {
      ...mqttFields.qos,
      section: 'subscription',
      choices: { ...mqttFields.qos.choices, '2': '2, exactly once to this node' },
      help: 'What the server is asked for. Messages published with less arrive with less. Only 1 and 2 can be acknowledged.'
    },
    output: {
      kind: 'choice',
      label: 'Messages become',
      section: 'records',
      default: 'records',
      choices: {
        records: 'records, parsed from JSON',
        decoded: 'records of other formats, or several a message',
        messages: 'Kafka messages, bytes untouched'
      },
      help: 'Records for further nodes: of JSON, an object a message, or of any other format, lists and compressed ones too. Kafka messages to keep in a raw topic exactly what the device sent.'
    },
    keyField: {
      kind: 'text',
      label: 'Kafka key from',
      section: 'records',
      default: 'device_id',
      placeholder: 'device_id',
      help: 'The field of the topic that becomes the Kafka key. What has the same key keeps its order. Empty for no key.'
    },
    ...formatFieldsWhen({ format, ...decoding, nameField }, { output: 'decoded' }, 'records'),
    nanAsNull: { ...nanAsNull, when: asRecords },
    exact: { ...exact, when: asRecords },
    maxFields: { ...maxFields, when: asRecords },
    acknowledge: {
      ...sourceFields.acknowledge,
      section: 'safety',
      when: { qos: ['1', '2'] },
      help: 'When the server may forget a message. "Stored" is strict: what no sink confirms is sent again.'
    },
    pace: lingerFields.pace,
    group: {
      kind: 'text',
      label: 'Shared group',
      section: 'subscription',
      default: '',
      placeholder: 'ingest',
      pattern: '[^+#/]*',
      patternHint: 'a name without +, # and /',
      help: 'Clients of the same group share the messages ($share), so that several Node-REDs divide the load. Empty for all messages.'
    },
    filter: {
      kind: 'text',
      check: 'topic-filter',
      label: 'Subscribe to',
      default: '',
      placeholder: 'acme/#',
      section: 'advanced',
      help: 'An MQTT filter wider than the topics, so that what is published to a wrong topic leaves by the second output. Empty for just the topics.'
    },
    own: {
      kind: 'choice',
      label: 'Published here',
      default: 'loops',
      choices: {
        loops: 'is taken, but for what came of messages of this node',
        never: 'is not taken',
        always: 'is taken like all else'
      },
      section: 'advanced',
      help: 'What mqtt publish nodes publish (MQTT 5). A message that this node has led to would go round for ever; what is left out is counted and told. "Is not taken" means all that is published with the same server node.'
    },
    retained: {
      kind: 'choice',
      label: 'Retained messages',
      default: 'new',
      choices: {
        new: 'once, when the subscription is new',
        always: 'at every connect',
        never: 'never'
      },
      section: 'advanced',
      when: { group: '' },
      help: 'Whether the last values that the server keeps are taken. Shared groups never get any.'
    },
    batchSize: {
      ...sourceFields.batchSize,
      unit: 'messages',
      help: 'At most this many messages leave together. 1 sends every record by itself, not in an array.'
    },
    lingerMs: lingerFields.lingerMs,
    maxInFlight: {
      ...sourceFields.maxInFlight,
      max: 65_535,
      help: 'At most this many messages, and records where a message holds several, are unacknowledged at a time (Receive Maximum); then reading stops and the server keeps the rest.'
    },
    topicWins: {
      kind: 'choice',
      label: 'If topic and payload differ',
      default: 'payload',
      choices: winsOf('topic', 'payload'),
      section: 'advanced',
      when: asRecords,
      help: 'Whose field counts where both have one of the same name. "Rejected" is for devices that may not write under the name of another.'
    },
    maxPayloadBytes: sourceFields.maxPayloadBytes,
    retries: { ...sourceFields.retries, when: waits },
    timeoutS: { ...sourceFields.timeoutS, when: waits },
    clientId: {
      ...mqttFields.clientId,
      help: 'Names the session on the server, so it must be the same after every restart. Empty for one made of the client id of the server node and the id of this node.'
    },
    checksOff
  }
} as const satisfies NodeSpec
