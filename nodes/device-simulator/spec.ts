import { mqttFields } from '../../core/node/connection-fields.ts'
import type { NodeSpec, NumberField } from '../../core/node/spec.ts'

const percent = (label: string, help: string): NumberField => ({
  kind: 'number',
  label,
  default: 0,
  min: 0,
  max: 100,
  unit: '%',
  section: 'advanced',
  when: { target: ['mqtt', 'flow'] },
  help
})

export const spec = {
  type: 'millrace-device-simulator',
  label: 'device simulator',
  summary: 'A fleet of devices that send readings, with as many faults as you like.',
  category: 'telemetry',
  family: 'mqtt',
  inputs: 1,
  outputs: ['readings', 'progress'],
  sections: { fleet: 'The fleet', readings: 'What it sends' },
  fields: {
    target: {
      kind: 'choice',
      label: 'Send to',
      default: 'mqtt',
      choices: {
        mqtt: 'an MQTT server',
        sparkplug: 'an MQTT server, as Sparkplug B',
        flow: 'the first output'
      },
      help: 'Over MQTT as real devices do, as edge nodes of Sparkplug B, or straight into the flow, which needs no server.'
    },
    broker: {
      ...mqttFields.broker,
      when: { target: ['mqtt', 'sparkplug'] },
      help: 'The MQTT server that the devices publish to.'
    },
    qos: {
      ...mqttFields.qos,
      when: { target: 'mqtt' },
      help: 'With 1 and 2 the server acknowledges what it has taken, so that the counts tell whether something was lost.'
    },
    devices: {
      kind: 'number',
      label: 'Devices',
      section: 'fleet',
      default: 20,
      min: 1,
      max: 1_000_000,
      integer: true,
      help: 'How many there are. Each sends every metric in turn.'
    },
    ratePerSecond: {
      kind: 'number',
      label: 'Rate',
      section: 'fleet',
      default: 10,
      min: 0.01,
      max: 200_000,
      unit: '/s',
      help: 'Readings a second of the whole fleet. Where the server is slower, the fleet waits.'
    },
    count: {
      kind: 'number',
      label: 'Stop after',
      section: 'fleet',
      default: 0,
      min: 0,
      integer: true,
      unit: 'readings',
      help: '0 goes on until the node is stopped.'
    },
    startOnDeploy: {
      kind: 'bool',
      label: 'Start when deployed',
      section: 'fleet',
      default: true,
      help: 'Off: waits for a message. A message with payload false stops the fleet, any other starts it.'
    },
    topic: {
      kind: 'text',
      check: 'topic-template',
      label: 'Topic',
      section: 'readings',
      default: 'acme/{site}/{device_type}/{device_id}/reading',
      required: true,
      when: { target: ['mqtt', 'flow'] },
      help: 'Where a reading is published. {site}, {device_type}, {device_id} and {metric} are filled in.'
    },
    group: {
      kind: 'text',
      label: 'Group',
      section: 'readings',
      default: 'acme',
      required: true,
      pattern: '[^+#/]*',
      patternHint: 'a name without +, # and /',
      when: { target: 'sparkplug' },
      help: 'The Sparkplug group. Each site is an edge node of it, with a connection of its own.'
    },
    metrics: {
      kind: 'list',
      required: true,
      label: 'Metrics',
      section: 'readings',
      default: [
        { metric: 'temperature_c', deviceType: 'temperature', min: 15, max: 35, periodS: 600 },
        { metric: 'humidity_pct', deviceType: 'humidity', min: 30, max: 70, periodS: 900 }
      ],
      columns: {
        metric: {
          kind: 'text',
          label: 'Metric',
          default: 'temperature_c',
          required: true,
          help: 'What is measured.'
        },
        deviceType: {
          kind: 'text',
          label: 'Device type',
          default: 'temperature',
          required: true,
          help: 'The {device_type} of the topic.'
        },
        min: { kind: 'number', label: 'Lowest', default: 0, help: 'The lowest value.' },
        max: { kind: 'number', label: 'Highest', default: 100, help: 'The highest value.' },
        periodS: {
          kind: 'number',
          label: 'Period',
          default: 600,
          min: 1,
          unit: 's',
          help: 'Values go up and down once in this time, with some noise.'
        }
      },
      help: 'What every device measures, and between which values.'
    },
    sites: {
      kind: 'number',
      label: 'Sites',
      default: 2,
      min: 1,
      max: 10_000,
      integer: true,
      section: 'advanced',
      help: 'The devices are spread over site-01, site-02 and so on.'
    },
    sequence: {
      kind: 'bool',
      label: 'Sequence numbers',
      default: false,
      section: 'advanced',
      when: { target: ['mqtt', 'flow'] },
      help: 'Adds seq, which counts the readings of each device from 1: whoever counts at the other end sees what was lost.'
    },
    seed: {
      kind: 'number',
      label: 'Seed',
      default: 1,
      min: 0,
      max: 4_294_967_295,
      integer: true,
      section: 'advanced',
      help: 'The same seed gives the same values and faults again.'
    },
    malformedPct: percent('Not JSON', 'Readings that are not JSON: cut off, or a line of a log.'),
    invalidPct: percent(
      'Wrong fields',
      'Readings that are JSON but lack a field or have a value of the wrong type.'
    ),
    duplicatePct: percent('Sent twice', 'Readings that are sent twice, the same bytes.'),
    latePct: percent('Late readings', 'Readings that were made earlier and are sent now.'),
    lateS: {
      kind: 'number',
      label: 'Late readings by',
      default: 600,
      min: 1,
      unit: 's',
      section: 'advanced',
      when: { target: ['mqtt', 'flow'] },
      help: 'How much earlier a late reading was made.'
    },
    skewPct: percent('Clock ahead', 'Readings of a device whose clock is ahead.'),
    skewS: {
      kind: 'number',
      label: 'Clock ahead by',
      default: 172_800,
      min: 1,
      unit: 's',
      section: 'advanced',
      when: { target: ['mqtt', 'flow'] },
      help: 'How far such a clock is ahead.'
    },
    secondsPct: percent('Times in seconds', 'Readings whose ts is in seconds, not milliseconds.'),
    zonelessPct: percent(
      'Times without zone',
      'Readings whose ts is an ISO time without a zone, such as 2024-02-23T14:53:20.000.'
    )
  }
} as const satisfies NodeSpec
