import { checksOff } from '../../core/advice/field.ts'
import { formatFields } from '../../core/format/fields.ts'
import { mqttFields } from '../../core/node/connection-fields.ts'
import type { NodeSpec } from '../../core/node/spec.ts'
import { lingerFields, sourceFields } from '../../core/source/fields.ts'

export const spec = {
  type: 'millrace-sparkplug-ingest',
  label: 'sparkplug ingest',
  version: 2,
  summary:
    'Takes the metrics of Sparkplug B edge nodes and devices from an MQTT server, a record each.',
  category: 'telemetry',
  family: 'sparkplug',
  inputs: 0,
  outputs: ['taken', 'rejected'],
  sections: { records: 'Records', births: 'Births', safety: 'Acknowledgement' },
  fields: {
    broker: {
      ...mqttFields.broker,
      help: 'The MQTT server that the edge nodes publish to.'
    },
    groups: {
      kind: 'text',
      label: 'Groups',
      default: '',
      placeholder: 'all',
      pattern: '[^+#/]*',
      patternHint: 'names without +, # and /, separated by commas',
      help: 'Names of the groups whose edge nodes are taken, separated by commas. Empty for all.'
    },
    hostId: {
      kind: 'text',
      label: 'Host id',
      default: '',
      placeholder: 'none',
      pattern: '[^+#/]*',
      patternHint: 'a name without +, # and /',
      help: 'With a name the node says by STATE whether it is there. Edge nodes that have this name as their primary host keep their data while it is not.'
    },
    deviceId: {
      kind: 'choice',
      label: 'Device id',
      section: 'records',
      default: 'path',
      choices: {
        path: 'group/edge node/device',
        name: 'the name of the device alone'
      },
      help: 'What device_id holds. Names of devices need not be unique outside of their edge node. What is of an edge node itself has its name.'
    },
    birthValues: {
      kind: 'bool',
      label: 'Values of births',
      section: 'births',
      default: true,
      help: 'A birth holds the last value of every metric: a record each. Off: only births tell names and types.'
    },
    statusMetric: {
      kind: 'text',
      label: 'Status metric',
      section: 'births',
      default: 'online',
      placeholder: 'no records of it',
      help: 'Births and deaths become records of a metric with this name, true or false. Empty for none.'
    },
    askRebirth: {
      kind: 'bool',
      label: 'Ask for births',
      default: true,
      section: 'births',
      help: 'Edge nodes are told by NCMD to send their births again, where data cannot be read without or something was missed.'
    },
    acknowledge: {
      ...sourceFields.acknowledge,
      section: 'safety',
      help: 'When the server may forget a message, if it was sent with QoS 1 or 2. Most Sparkplug data is sent with QoS 0, which nobody acknowledges.'
    },
    pace: lingerFields.pace,
    rebirthPauseS: {
      kind: 'number',
      label: 'Ask again after',
      default: 10,
      min: 1,
      max: 3600,
      unit: 's',
      section: 'advanced',
      when: { askRebirth: true },
      help: 'An edge node is not asked again sooner; the pause doubles up to five minutes as long as it must be asked again.'
    },
    rebirthsPerSecond: {
      kind: 'number',
      label: 'Ask at most',
      default: 50,
      min: 1,
      max: 10_000,
      unit: 'edge nodes/s',
      section: 'advanced',
      when: { askRebirth: true },
      help: 'Over all edge nodes, so that a start of Node-RED does not make a whole fleet send its births at once.'
    },
    reorderMs: {
      kind: 'number',
      label: 'Reorder timeout',
      default: 2000,
      min: 0,
      max: 60_000,
      unit: 'ms',
      section: 'advanced',
      help: 'How long a message may be missing before births are asked for. Those behind it wait as long.'
    },
    holdS: {
      kind: 'number',
      label: 'Wait for births',
      default: 30,
      min: 1,
      max: 3600,
      unit: 's',
      section: 'advanced',
      help: 'How long a message waits for the birth that it cannot be read without. Then it leaves by the second output.'
    },
    session: {
      kind: 'choice',
      label: 'Session',
      default: 'new',
      choices: {
        new: 'new at each connect, as Sparkplug has it',
        kept: 'kept by the server'
      },
      section: 'advanced',
      help: 'A kept session brings what was published while the node was away, if that was with QoS 1 or the server queues QoS 0.'
    },
    batchSize: sourceFields.batchSize,
    lingerMs: lingerFields.lingerMs,
    maxInFlight: sourceFields.maxInFlight,
    maxMetrics: {
      kind: 'number',
      label: 'Metrics at most',
      default: 100_000,
      min: 1,
      max: 1_000_000,
      integer: true,
      unit: 'a message',
      section: 'advanced',
      help: 'A message with more metrics leaves by the second output.'
    },
    maxPayloadBytes: { ...sourceFields.maxPayloadBytes, default: 16_777_216 },
    nanAsNull: formatFields.nanAsNull,
    retries: sourceFields.retries,
    timeoutS: sourceFields.timeoutS,
    clientId: mqttFields.clientId,
    checksOff
  }
} as const satisfies NodeSpec
