import { kafkaFields } from '../../core/node/connection-fields.ts'
import type { NodeSpec } from '../../core/node/spec.ts'

export const spec = {
  type: 'millrace-dead-letter-replay',
  label: 'dead letter replay',
  summary: 'Sends dead letters back to where they came from, each once, when a message arrives.',
  category: 'telemetry',
  family: 'kafka',
  inputs: 1,
  outputs: ['progress'],
  sections: { which: 'Which dead letters' },
  fields: {
    cluster: {
      ...kafkaFields.cluster,
      help: 'The Kafka cluster of the dead-letter topic.'
    },
    topic: {
      kind: 'text',
      check: 'kafka-topic',
      default: 'iot-telemetry-dead-letter',
      required: true,
      pick: 'kafka-topics',
      label: 'Dead-letter topic',
      help: 'The topic that the rejected records were written to.'
    },
    codes: {
      kind: 'text',
      as: 'codes',
      default: '',
      placeholder: 'all, or e.g. UNKNOWN_DEVICE, TS_FUTURE',
      label: 'Rejected with',
      section: 'which',
      help: 'Replays only records that were rejected with one of these codes, separated by commas. Empty replays all.'
    },
    since: {
      kind: 'text',
      check: 'instant',
      as: 'instant',
      default: '',
      placeholder: '2026-01-31T00:00:00Z',
      label: 'Since',
      section: 'which',
      help: 'Replays only what was rejected at this time (ISO 8601) or later. Empty has no bound.'
    },
    until: {
      kind: 'text',
      check: 'instant',
      as: 'instant',
      default: '',
      placeholder: '2026-02-01T00:00:00Z',
      label: 'Until',
      section: 'which',
      help: 'Replays only what was rejected before this time (ISO 8601). What is rejected after the replay began is never part of it.'
    },
    perSecond: {
      kind: 'number',
      default: 500,
      min: 1,
      max: 100_000,
      unit: 'records/s',
      label: 'Send at most',
      help: 'Sends at most this many records a second, so that a replay does not crowd out live data.'
    },
    ingestTopic: {
      kind: 'text',
      check: 'kafka-topic',
      default: 'iot-telemetry-raw',
      required: true,
      pick: 'kafka-topics',
      section: 'advanced',
      label: 'If from MQTT, to',
      help: 'Records that were rejected before they reached Kafka have no topic to go back to: they are sent to this one.'
    },
    ledgerTopic: {
      kind: 'text',
      check: 'kafka-topic',
      default: '',
      placeholder: 'dead-letter topic + -replayed',
      section: 'advanced',
      label: 'Ledger topic',
      help: 'Compacted topic that notes what was replayed, written in the same transaction as the record. It is made when it is missing.'
    }
  }
} as const satisfies NodeSpec
