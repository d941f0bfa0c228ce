const registered = { content: 'registered' } as const
const pasted = { ...registered, schemaFrom: 'pasted' } as const
const section = 'schema'

/** What is said of records that a schema registry has the schema of. */
export const schemaFields = {
  registry: {
    kind: 'ref',
    label: 'Schema registry',
    section,
    default: '',
    type: 'millrace-schema-registry',
    when: registered,
    help: 'The registry that has the schema, or gets it.'
  },
  schemaFrom: {
    kind: 'choice',
    label: 'Schema is',
    section,
    default: 'newest',
    choices: {
      newest: 'the newest of the subject',
      version: 'a version of the subject',
      pasted: 'pasted here'
    },
    when: registered,
    help: 'The newest is followed: records are written by a new version once it is there. A schema that is pasted must be registered, here or by others.'
  },
  subjectBy: {
    kind: 'choice',
    label: 'Subject is',
    section,
    default: 'topic',
    choices: {
      topic: 'the topic, with -value',
      record: 'the type of the records',
      both: 'the topic and the type of the records'
    },
    when: registered,
    help: 'Under which name the registry has the schema: iot-telemetry-raw-value, acme.Reading, or iot-telemetry-raw-acme.Reading.'
  },
  recordType: {
    kind: 'text',
    label: 'Type of the records',
    section,
    default: '',
    placeholder: 'acme.Reading',
    required: true,
    when: { ...registered, subjectBy: ['record', 'both'] },
    help: 'The full name of the type, as the schema has it: of an Avro record or a Protobuf message, or the title of a JSON Schema.'
  },
  schemaVersion: {
    kind: 'number',
    label: 'Version',
    section,
    default: 1,
    min: 1,
    integer: true,
    when: { ...registered, schemaFrom: 'version' },
    help: 'The version of the subject to write by.'
  },
  schemaKind: {
    kind: 'choice',
    label: 'Written in',
    section,
    default: 'AVRO',
    choices: { AVRO: 'Avro', JSON: 'JSON Schema', PROTOBUF: 'Protobuf' },
    when: pasted,
    help: 'The language of the schema, which decides how records are written.'
  },
  schema: {
    kind: 'code',
    label: 'Schema',
    section,
    default: '',
    language: 'text',
    required: true,
    asks: 'millrace-schema-registry:sentence',
    when: pasted,
    help: 'The Avro schema or JSON Schema, or the text of the .proto file.'
  },
  register: {
    kind: 'bool',
    label: 'Register when missing',
    section,
    default: false,
    when: pasted,
    help: 'Register the schema in the subject when the node starts, unless it is there. Otherwise records are rejected until somebody has.'
  },
  messageType: {
    kind: 'text',
    label: 'Message type',
    section,
    default: '',
    placeholder: 'the first of the schema',
    when: registered,
    help: 'Of a Protobuf schema: the message that a record is, such as acme.Reading. Other schemas have one type.'
  },
  extraFields: {
    kind: 'choice',
    label: 'Fields not in the schema',
    section,
    default: 'reject',
    choices: { reject: 'reject the record', 'leave-out': 'are left out' },
    when: registered,
    help: 'What becomes of a field that a schema of Avro or Protobuf does not have. A JSON Schema says it itself.'
  },
  refreshS: {
    kind: 'number',
    label: 'Look for a newer one every',
    section: 'advanced',
    default: 30,
    min: 1,
    max: 86_400,
    unit: 's',
    when: { ...registered, schemaFrom: 'newest' },
    help: 'How often the registry is asked for the newest version.'
  },
  references: {
    kind: 'list',
    label: 'References',
    section: 'advanced',
    default: [],
    when: pasted,
    columns: {
      name: {
        kind: 'text',
        label: 'Name',
        default: '',
        required: true,
        help: 'By which name the schema refers to it: a type of Avro, an import, or a $ref.'
      },
      subject: {
        kind: 'text',
        label: 'Subject',
        default: '',
        required: true,
        help: 'The subject that has it.'
      },
      version: {
        kind: 'number',
        label: 'Version',
        default: 1,
        min: 1,
        integer: true,
        help: 'Its version there.'
      }
    },
    help: 'Schemas of the registry that the pasted one refers to.'
  }
} as const
