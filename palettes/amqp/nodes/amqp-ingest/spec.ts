import {
  checksOff,
  format,
  formatFields,
  formatFieldsWhen,
  type NodeSpec,
  sourceFields,
  WAITS,
  winsOf
} from '@millrace/node-red-telemetry'

const waits = { acknowledge: WAITS } as const

export const spec = {
  type: 'millrace-amqp-ingest',
  label: 'amqp ingest',
  summary:
    'Takes messages from a queue or topic of AMQP 1.0 and accepts them once the flow has stored them.',
  category: 'telemetry',
  family: 'amqp',
  inputs: 0,
  outputs: ['taken', 'rejected'],
  sections: { records: 'Records', safety: 'Acknowledgement' },
  fields: {
    server: {
      kind: 'ref',
      label: 'Server',
      default: '',
      type: 'millrace-amqp-server',
      help: 'The server to take messages from.'
    },
    kind: {
      kind: 'choice',
      label: 'Takes from',
      default: 'queue',
      choices: {
        queue: 'a queue: each message once',
        topic: 'a topic: with all who listen',
        plain: 'the address as it is written'
      },
      help: 'Takers of a queue share its messages, so that several Node-REDs divide the load. Each taker of a topic gets all.'
    },
    address: {
      kind: 'text',
      pick: 'millrace-amqp-server:names',
      label: 'Address',
      default: 'readings',
      placeholder: 'readings',
      required: true,
      help: 'The name of the queue, topic or subscription on the server.'
    },
    subscription: {
      kind: 'text',
      label: 'Subscription',
      default: '',
      placeholder: 'pipeline',
      when: { kind: 'topic' },
      help: 'Under this name the server keeps what is published while Node-RED is away, until the node is deleted. Empty: only what comes while it is connected.'
    },
    ...formatFieldsWhen({ format, ...formatFields }, {}, 'records'),
    template: {
      kind: 'text',
      check: 'topic-template',
      label: 'Fields of the address',
      default: '',
      placeholder: '{org}/{site}/{device_type}/{device_id}/reading',
      section: 'records',
      help: 'What the address of a message is made of: {field} for a level whose text becomes a field of the record. Messages of other addresses are rejected. Empty for none.'
    },
    taken: {
      kind: 'list',
      label: 'Fields of the message',
      default: [],
      section: 'records',
      columns: {
        part: {
          kind: 'choice',
          label: 'Part',
          default: 'property',
          choices: {
            property: 'application property',
            annotation: 'message annotation',
            subject: 'subject',
            'message-id': 'message id',
            'correlation-id': 'correlation id',
            'group-id': 'group id',
            'creation-time': 'creation time',
            'delivery-count': 'times it failed before'
          },
          help: 'What of the message becomes a field.'
        },
        name: {
          kind: 'text',
          label: 'Its name',
          default: '',
          placeholder: 'device',
          help: 'Of the application property or annotation; empty for the others.'
        },
        field: {
          kind: 'text',
          label: 'Field',
          default: '',
          required: true,
          placeholder: 'device_id',
          help: 'The field of the record that it becomes.'
        }
      },
      help: 'What stands beside the body and becomes a field of each record in it. A message without it has no such field.'
    },
    wins: {
      kind: 'choice',
      label: 'If message and body differ',
      default: 'payload',
      choices: winsOf('message', 'body'),
      section: 'records',
      help: 'Whose field counts where both have one of the same name. "Rejected" is for devices that may not write under the name of another.'
    },
    acknowledge: {
      ...sourceFields.acknowledge,
      section: 'safety',
      help: 'When a message is accepted, so that the server may forget it. "Stored" is strict: what no sink confirms is sent into the flow again.'
    },
    unreadable: {
      kind: 'choice',
      label: 'What cannot be read',
      default: 'accept',
      choices: {
        accept: 'is accepted once its dead letter is stored',
        reject: 'is rejected then, for the dead-letter queue of the server'
      },
      section: 'safety',
      when: waits,
      help: 'A message of which no record can be made leaves by the second output in any case. Rejected, the server moves it to its own dead-letter queue as well, or drops it where it has none.'
    },
    failed: {
      kind: 'choice',
      label: 'What the flow fails with',
      default: 'letter',
      choices: {
        letter: 'leaves as a dead letter',
        return: 'goes back to the server (modified: delivery failed)',
        reject: 'is rejected, for the dead-letter queue of the server'
      },
      section: 'safety',
      when: waits,
      help: 'After all retries. What goes back comes again, until the server has seen it fail as often as its own rules allow.'
    },
    pace: sourceFields.pace,
    batchSize: {
      ...sourceFields.batchSize,
      unit: 'messages',
      help: 'At most this many messages leave together. 1 sends every record by itself, not in an array.'
    },
    maxInFlight: {
      ...sourceFields.maxInFlight,
      max: 50_000,
      help: 'At most this many messages, and records where a message holds several, are unsettled at a time, and 64 MB: the server gets credit for no more and keeps the rest.'
    },
    maxPayloadBytes: sourceFields.maxPayloadBytes,
    retries: sourceFields.retries,
    timeoutS: sourceFields.timeoutS,
    checksOff
  }
} as const satisfies NodeSpec
