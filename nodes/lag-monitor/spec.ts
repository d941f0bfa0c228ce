import { kafkaFields } from '../../core/node/connection-fields.ts'
import type { NodeSpec } from '../../core/node/spec.ts'

export const spec = {
  type: 'millrace-lag-monitor',
  label: 'lag monitor',
  summary:
    'Tells at an interval how far consumer groups are behind, and when one passes its threshold.',
  category: 'telemetry',
  family: 'observe',
  inputs: 0,
  outputs: ['lag', 'alert'],
  sections: { what: 'What is watched', alert: 'When to alert' },
  fields: {
    cluster: {
      ...kafkaFields.cluster,
      help: 'The Kafka cluster whose groups are watched.'
    },
    groups: {
      kind: 'text',
      default: 'millrace-process, millrace-persist',
      required: true,
      pick: 'kafka-groups',
      label: 'Groups',
      section: 'what',
      help: 'Consumer groups, separated by commas; also such as do not belong to this Node-RED. The default are those of npm start.'
    },
    topics: {
      kind: 'text',
      check: 'kafka-topics',
      default: '',
      pick: 'kafka-topics',
      placeholder: 'all that the group has read',
      label: 'Topics',
      section: 'what',
      help: 'Counts only these topics, separated by commas. Empty counts all that the group has committed offsets for.'
    },
    intervalS: {
      kind: 'number',
      default: 10,
      min: 1,
      max: 3600,
      unit: 's',
      label: 'Ask every',
      section: 'what',
      help: 'How often the cluster is asked.'
    },
    threshold: {
      kind: 'number',
      default: 10_000,
      min: 1,
      integer: true,
      unit: 'records',
      label: 'Records behind',
      section: 'alert',
      help: 'The alert output tells when so many records of a group stay behind, more than the time between its commits explains, and again when it is below half of it.'
    },
    behindS: {
      kind: 'number',
      default: 60,
      min: 0,
      max: 604_800,
      unit: 's',
      label: 'Time behind',
      section: 'alert',
      help: 'The same when the oldest record that was not dealt with is older, by its timestamp. 0 leaves the time out.'
    }
  }
} as const satisfies NodeSpec
