import {
  checksOff,
  type NodeSpec,
  namedTextColumns,
  payloadFields
} from '@millrace/node-red-telemetry'

export const spec = {
  type: 'millrace-amqp-publish',
  label: 'amqp publish',
  summary:
    'Publishes records to a queue or topic of AMQP 1.0: stored when the server accepts them.',
  category: 'telemetry',
  family: 'amqp',
  inputs: 1,
  outputs: ['published', 'rejected'],
  sections: { message: 'Message' },
  fields: {
    server: {
      kind: 'ref',
      label: 'Server',
      default: '',
      type: 'millrace-amqp-server',
      help: 'The server to publish to.'
    },
    kind: {
      kind: 'choice',
      label: 'Publishes to',
      default: 'queue',
      choices: {
        queue: 'a queue: one takes each message',
        topic: 'a topic: all who listen',
        plain: 'the address as it is written'
      },
      help: 'In RabbitMQ a topic is an exchange, with the routing key behind a slash.'
    },
    address: {
      kind: 'text',
      pick: 'millrace-amqp-server:names',
      check: 'text-template',
      label: 'Address',
      default: 'readings',
      placeholder: 'plant/{site}/readings',
      required: true,
      help: 'The name of the queue or topic on the server; {field} stands for the text of a field of the record.'
    },
    content: {
      ...payloadFields.content,
      label: 'Body',
      section: 'message',
      help: 'What the message holds. A rejected record is published with its original bytes, the reason in application properties.'
    },
    field: { ...payloadFields.field, section: 'message' },
    text: { ...payloadFields.text, section: 'message' },
    section: {
      kind: 'choice',
      label: 'Sent as',
      default: 'data',
      choices: { data: 'bytes (data section)', value: 'text (AMQP value)' },
      section: 'message',
      help: 'Most takers expect bytes; those of JMS get a BytesMessage then, and a TextMessage of a text.'
    },
    subject: {
      kind: 'text',
      check: 'text-template',
      label: 'Subject',
      default: '',
      placeholder: '{metric}',
      section: 'message',
      help: 'Told with each message; {field} stands for its value. Empty for none.'
    },
    properties: {
      kind: 'list',
      label: 'Application properties',
      default: [],
      section: 'message',
      columns: namedTextColumns,
      help: 'Told with each message. One whose field is missing is left out.'
    },
    contentType: {
      kind: 'text',
      label: 'Content type',
      default: 'application/json',
      section: 'advanced',
      help: 'Told with each message. Empty for none.'
    },
    messageId: {
      kind: 'text',
      check: 'text-template',
      label: 'Message id',
      default: '',
      placeholder: '{device_id}/{metric}/{ts_utc}',
      section: 'advanced',
      help: 'By which a server with duplicate detection, such as Azure Service Bus, leaves out what comes twice. Empty for none.'
    },
    groupId: {
      kind: 'text',
      check: 'text-template',
      label: 'Group id',
      default: '',
      placeholder: '{device_id}',
      section: 'advanced',
      help: 'Messages of a group go to one taker, in order, where the server knows groups or sessions. Empty for none.'
    },
    durable: {
      kind: 'bool',
      label: 'Durable',
      default: true,
      section: 'advanced',
      help: 'The server keeps messages over a restart of its own. Without it what it has accepted may be lost.'
    },
    ttlS: {
      kind: 'number',
      label: 'Expires after',
      default: 0,
      min: 0,
      max: 4_294_967,
      unit: 's',
      section: 'advanced',
      help: 'The server throws a message away that nobody has taken by then. 0 keeps it.'
    },
    checksOff
  },
  examples: []
} as const satisfies NodeSpec
