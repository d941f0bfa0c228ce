/**
 * Every code that Millrace reports, with the sentence the documentation shows. A code is stable:
 * flows switch on it, dead letters carry it, and the table in the README is generated from this
 * list.
 */
export const CODES = {
  OPTIONS_INVALID:
    'A setting of the node is wrong; the message lists all of them. The node does not start.',
  NOT_READY: 'The node has not started, so it cannot take a message.',
  CLOSED:
    'The node was stopped or redeployed before the work was finished; the source delivers again.',
  QUEUE_FULL:
    'So many records wait for the database or the Kafka cluster that the node takes no more of what it cannot slow down.',
  DELIVERY_FAILED: 'A node of the flow failed with the message, and no Catch node took the error.',
  DELIVERY_TIMEOUT: 'The flow did not finish the message within the delivery timeout.',
  DELIVERY_EXHAUSTED:
    'The flow failed to deal with the message as often as the source was told to try.',
  RECORD_KILLS:
    'Node-RED was killed or froze again and again while this record alone was in the flow, so the source set it aside.',
  PAYLOAD_EMPTY: 'The payload has no bytes.',
  PAYLOAD_TOO_LARGE: 'The payload is larger than the node accepts.',
  PAYLOAD_TOO_DEEP: 'The JSON is nested deeper than the node accepts.',
  RECORD_TOO_WIDE:
    'The record has more fields, at all its levels, than the node accepts; no record holds up the others.',
  JSON_INVALID: 'The payload is not JSON.',
  NOT_A_RECORD: 'The payload is JSON, but not an object.',
  NUMBER_INEXACT: 'A number has more digits than a double holds, so reading it would change it.',
  FORMAT_INVALID: 'The payload is not of the format that the node was told to read, or is cut off.',
  COMPRESSION_INVALID: 'The payload is compressed, and cannot be undone: it is damaged or cut off.',
  COMPRESSION_LIMIT:
    'The payload becomes larger than the node accepts when its compression is undone.',
  RECORDS_MISSING: 'Where the node was told to look for the records there is no list or no object.',
  FIELD_TAKEN:
    'The key of an object is to become a field that the element has already, with another value.',
  KEY_FORBIDDEN: 'The record has a key such as __proto__ that could change other objects.',
  KEY_REPEATED:
    'An object of the payload has two members of the same name, of which only one could be kept.',
  FIELD_CONFLICT:
    'A field of the record is another than the topic, a header or the key says, and the two must agree.',
  MEASUREMENTS_TOO_MANY: 'The record has more measurements than the node allows.',
  METRIC_TWICE: 'Two measurements of the same record have the same name; only the first is taken.',
  EXPRESSION_FAILED: 'A JSONata expression fails for the record, or gives what no field can hold.',
  EXPRESSION_TOO_COSTLY:
    'Calculating the fields of the record by JSONata takes more work than one record may.',
  WORD_UNKNOWN: 'A value is none of the words that stand for a number.',
  TOPIC_MISMATCH: 'The topic does not match the topic template.',
  TOPIC_FIELD_INVALID:
    'A field that the topic is made of is missing, empty, too long, or has a character that a topic cannot have, such as a wildcard or a control character.',
  SPARKPLUG_BIRTH_MISSING:
    'Sparkplug data came of an edge node or device whose birth is not known, and no birth came in time.',
  SPARKPLUG_ALIAS_UNKNOWN:
    'A Sparkplug metric has an alias in place of a name, and no metric of the birth has it, or several have.',
  SPARKPLUG_TYPE_UNKNOWN:
    'A Sparkplug metric has no datatype, also not in its birth, or one that Sparkplug does not have.',
  SPARKPLUG_VALUE_INVALID: 'The value of a Sparkplug metric is none of its datatype.',
  FAILED_BY_FLOW: 'An acknowledge node in the flow said that the message has failed.',
  MQTT_CONNECT_FAILED: 'The MQTT server cannot be reached.',
  MQTT_REFUSED:
    'The MQTT server refuses the connection, e.g. because of the user name, password or client id.',
  MQTT_CONNECTION_LOST: 'The connection to the MQTT server broke.',
  MQTT_SUBSCRIBE_REFUSED: 'The MQTT server refuses the subscription.',
  MQTT_PUBLISH_REFUSED:
    'The MQTT server does not take a message to this topic, e.g. for want of a right.',
  MQTT_MESSAGE_TOO_LARGE: 'The message is larger than the MQTT server takes.',
  MQTT_PROPERTY_INVALID:
    'A user property of the message has a control character such as a line break, or is longer than 65,535 bytes.',
  COAP_LISTEN_FAILED: 'CoAP requests cannot be taken at an address and UDP port.',
  STORE_AWAY: 'The store of an archive does not answer, or asks for less at a time.',
  STORE_REFUSED:
    'The store of an archive does not let the client in, or does not allow what the node does.',
  STORE_MISSING: 'The bucket, the container or the folder of an archive is not there.',
  STORE_FULL: 'The disk of an archive, or the one on which a file is gathered, has no room.',
  ARCHIVE_NO_POSITION:
    'A record does not come straight from a Kafka consumer that waits for the flow, so it has no offset by which it would be archived once.',
  ARCHIVE_PATH_INVALID: 'The path of a file cannot be made of what a record holds.',
  ARCHIVE_VALUE_INVALID: 'A value does not fit the column of the archive that it belongs to.',
  ARCHIVE_LATE: 'A record is older than the archive takes.',
  ARCHIVE_TOPIC_OTHER:
    'The offsets of a topic are in the archive already, with other records: the topic was made anew.',
  ARCHIVE_FILE_INVALID: 'A file of an archive cannot be read as what its name says.',
  AMQP_CONNECT_FAILED: 'The AMQP server cannot be reached.',
  AMQP_REFUSED:
    'The AMQP server does not let the client in, because of its login or for want of one.',
  AMQP_CONNECTION_LOST: 'The connection to the AMQP server broke, or the server ended it.',
  AMQP_ADDRESS_REFUSED:
    'The AMQP server does not serve an address: it is not there, or the client may not use it.',
  AMQP_MESSAGE_REFUSED: 'The AMQP server rejects a message, or cannot deliver it at its address.',
  AMQP_MESSAGE_TOO_LARGE: 'The message is larger than the AMQP server takes.',
  AWS_UNREACHABLE: 'AWS cannot be reached.',
  AWS_REFUSED: 'AWS does not take the credentials, or they have no right to what is asked.',
  AWS_NOT_FOUND: 'A stream or table is not there, in this region and account.',
  AWS_REQUEST_FAILED: 'AWS has answered a request with an error.',
  KINESIS_APPLICATION_INVALID:
    'The table of an application is of another stream, or of one that was made anew.',
  KINESIS_KEY_INVALID: 'The partition key of a record is empty, or longer than 256 characters.',
  KINESIS_RECORD_TOO_LARGE: 'A record is larger than the stream takes.',
  KINESIS_RECORD_REFUSED: 'Kinesis does not take a record, whenever it is sent.',
  MQTT_NO_ANSWER: 'Nobody has answered the command in time.',
  FIELD_MISSING: 'The record lacks a field that the schema requires.',
  FIELD_TYPE: 'A field of the record has another type than the schema asks for.',
  FIELD_VALUE: 'A field of the record has a value that the schema does not allow.',
  FIELD_UNEXPECTED: 'The record has a field that the schema does not allow.',
  SCHEMA_MISMATCH: 'The record as a whole does not match the JSON Schema.',
  SCHEMA_TOO_COSTLY:
    'Checking the record against the schema, or writing it by that, takes more work than one record may, so that no record holds up the others.',
  SCHEMA_ID_UNKNOWN: 'The schema registry has no schema with the id that stands before the record.',
  SUBJECT_UNKNOWN:
    'The schema registry has no such subject, or not this version or schema in it, so the record cannot be written.',
  SCHEMA_UNUSABLE:
    'A schema of the registry cannot be used to write or check the record: it is wrong, too long, or of a kind that is not known.',
  SCHEMA_REFUSED:
    'The schema registry does not take the schema that is to be registered, as it is not compatible with those before it; records wait.',
  REGISTRY_UNREACHABLE:
    'The schema registry cannot be reached, or something else answers at its address; records wait.',
  REGISTRY_REFUSED: 'The schema registry does not accept the login; records wait.',
  SCHEMA_UNKNOWN: 'There is no JSON Schema for this kind of record.',
  NOT_A_NUMBER: 'A field that must be a number, or is to be converted to one, is none.',
  TS_MISSING: 'The record has no time.',
  TS_UNPARSABLE: 'The time is of no form that is known, or there is no such time in the calendar.',
  TS_AMBIGUOUS_UNIT:
    'The time is a number that is plausible in none of the units s, ms, us and ns.',
  TS_ZONE_MISSING:
    'The time has no zone, and neither the node nor the record says in which it is meant.',
  TS_ZONE_UNKNOWN: 'There is no time zone of this name.',
  TS_AMBIGUOUS_FORM:
    'Two of the own forms read the time as different ones, e.g. with day and month the other way round.',
  TS_AMBIGUOUS_LOCAL: 'The local time came twice, because the clocks were put back.',
  TS_NONEXISTENT_LOCAL: 'The local time did not exist, because the clocks were put forward.',
  TS_FUTURE: 'The time is further in the future than the node allows.',
  VALUE_UNUSABLE: 'The value that is watched is missing, or cannot be compared with the limit.',
  INPUT_UNKNOWN: 'The record is neither of the first nor of the second input of the join.',
  COMMAND_UNKNOWN:
    'There is no such command for an alarm or a device, or a part of it is not as it must be.',
  DEVICE_UNKNOWN:
    'Nobody has approved the device yet, and the registry was told to hold back those that are new.',
  DEVICE_BLOCKED: 'The device is blocked in the registry.',
  STATE_FULL:
    'The node remembers as many keys as it may (devices, metrics), and the record is of one more.',
  STATE_UNAVAILABLE:
    'What the node remembers cannot be read or written on the disk; nothing is acknowledged until it can.',
  STATE_MOVED:
    'What the node remembers of a Kafka partition is with another member of the group now, or could not be kept; the records are sent again.',
  STATE_NO_PARTITION:
    'The node keeps what it remembers with the Kafka partition, and the record comes from none.',
  EXPECTED_INVALID:
    'A message told the node which devices are expected, in a form that it cannot use.',
  STATE_FAILED:
    'The node failed at a record or at what was due, and has forgotten what it remembered of its key; see the log.',
  STATE_STUCK: 'What a node wanted to do at some time it wants to do at that time again.',
  QUEUE_UNAVAILABLE:
    'The queue of a store and forward cannot be read or written on the disk; nothing is acknowledged until it can.',
  QUEUE_THINNED:
    'The queue of a store and forward was full: of each key it kept one of several old records.',
  QUEUE_OLDEST:
    'The queue of a store and forward was full: the oldest records of the lowest priority were left out.',
  QUEUE_TOO_OLD: 'The record has waited longer in a store and forward than its settings allow.',
  QUEUE_CLEARED: 'Somebody has emptied the queue of a store and forward in its dialog.',
  TS_PAST: 'The time is further in the past than the node allows.',
  UNKNOWN_DEVICE:
    'The source of metadata does not know the device, or the record does not name one.',
  LOOKUP_REFUSED: 'The source of metadata fails for this device while it answers for others.',
  LOOKUP_FAILED:
    'The source of metadata could not be asked in the time allowed; the source of the records delivers again.',
  KAFKA_CONNECT_FAILED: 'The Kafka cluster cannot be reached or refuses the connection.',
  KAFKA_TOPIC_MISSING: 'The Kafka topic does not exist; the records wait until it does.',
  KAFKA_RECORD_REFUSED:
    'Kafka refuses the record for what it is, e.g. one without a key in a compacted topic.',
  KAFKA_OFFSET_LOST:
    'The committed offset is no longer in the topic, and the node was told to stop in that case.',
  TRANSACTION_MIXED:
    'The message was made of messages of several Kafka transactions, and no one transaction can hold it.',
  TRANSACTION_OVER:
    'The Kafka transaction that the records belong to has ended meanwhile; the source delivers them again.',
  MESSAGE_TOO_LARGE: 'The record is larger than the Kafka topic takes (max.message.bytes).',
  NOT_SERIALISABLE:
    'The record cannot be written as JSON, e.g. because it refers to itself or is no value of JSON at all.',
  KEY_MISSING: 'The record has no key, and the node was told that it must have one.',
  NOT_A_KAFKA_MESSAGE: 'The payload has no value, key and headers as a Kafka message has.',
  TOMBSTONE: 'The Kafka message has no value (a tombstone).',
  REPLAY_RUNNING: 'A replay of dead letters is running; a second one is not begun.',
  COLUMN_MISSING: 'A field that a column of the table needs is missing or null.',
  COLUMN_TYPE: 'A value is not of the type of its column.',
  COLUMN_TIME: 'A value is not a time with a zone, so it cannot be written to a time column.',
  COLUMN_RANGE: 'A value is outside what its column can hold.',
  COLUMN_NOT_FINITE: 'A number is NaN or infinite.',
  COLUMN_NUL: 'A text has a NUL character, which PostgreSQL cannot store.',
  ROW_REFUSED: 'The database refused this row; the message has its words.',
  DUPLICATE_KEY:
    'A row with the same key is already in the table, and the node is set to reject duplicates.',
  POINT_EMPTY: 'None of the fields that the point is made of has a value.',
  POINT_UNWRITABLE:
    'A name or tag of the point has what line protocol cannot write there, such as a line break.',
  POINT_REFUSED: 'The time-series server refused this point; the message has its words.',
  POINT_TOO_LARGE: 'This point alone is larger than what the time-series server takes.',
  DECOMPRESSION_LIMIT:
    'The row updates a compressed chunk, and the database would have to decompress more rows than it allows.',
  DATABASE_SETTING:
    'The database refuses to store anything until a setting is corrected (table, column, right, password); records wait.'
} as const

export type Code = keyof typeof CODES

/** An error for the person who must act: a stable code and a sentence, and what caused it. */
export class MillraceError extends Error {
  readonly code: string
  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'MillraceError'
    this.code = code
  }
}

/** The text of whatever was thrown. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map(reasonOf))].join('; ')
  return error instanceof Error ? error.message || error.name : anyText(error)
}

/** Of any value: one may have no text, or a field `toString` that is none of its functions. */
export function anyText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    return String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
