import type { NodeSpec } from '../../core/node/spec.ts'
import { SERVICES } from './services.ts'

export const spec = {
  type: 'millrace-influx-server',
  label: 'influx server',
  summary:
    'How to reach a server of line protocol: InfluxDB 1, 2 and 3, Timestream for InfluxDB, QuestDB, VictoriaMetrics.',
  category: 'config',
  family: 'influx',
  inputs: 0,
  outputs: [],
  sections: { login: 'Login and certificates' },
  fields: {
    service: {
      kind: 'choice',
      label: 'Server is',
      default: 'influx2',
      choices: {
        influx1: SERVICES.influx1.label,
        influx2: SERVICES.influx2.label,
        influx3: SERVICES.influx3.label,
        timestream: SERVICES.timestream.label,
        questdb: SERVICES.questdb.label,
        victoriametrics: SERVICES.victoriametrics.label
      },
      help: 'Fills in address and way to write, and decides how names are escaped and which values are taken.'
    },
    url: {
      kind: 'text',
      label: 'URL',
      default: 'http://127.0.0.1:8086',
      placeholder: '${INFLUX_URL}',
      required: true,
      check: 'http-url',
      help: 'http:// or https://, host and port, with a path where a proxy wants one. No user and no token: they have fields of their own.'
    },
    api: {
      kind: 'choice',
      label: 'Way to write',
      default: 'v2',
      choices: { v1: '/write (version 1)', v2: '/api/v2/write (version 2)' },
      section: 'advanced',
      help: 'Most servers take both. Choosing the server sets it.'
    },
    org: {
      kind: 'text',
      label: 'Organization',
      default: '',
      when: { service: ['influx2', 'timestream'] },
      help: 'Name or id of the organization that the bucket is in.'
    },
    token: {
      kind: 'secret',
      label: 'Token',
      section: 'login',
      default: '',
      help: 'Is kept with the credentials of the flows, encrypted. Goes before user and password.'
    },
    user: {
      kind: 'text',
      label: 'User name',
      section: 'login',
      default: '',
      help: 'Of InfluxDB 1, QuestDB, or a proxy that asks for one.'
    },
    password: {
      kind: 'secret',
      label: 'Password',
      section: 'login',
      default: '',
      help: 'Is kept with the credentials of the flows, encrypted.'
    },
    tls: {
      kind: 'ref',
      label: 'TLS',
      section: 'login',
      default: '',
      type: 'tls-config',
      optional: true,
      help: 'The authority to trust with https://, and a certificate for this client where the server demands it.'
    },
    timeoutS: {
      kind: 'number',
      label: 'Answer within',
      harmless: true,
      default: 30,
      min: 1,
      max: 600,
      unit: 's',
      section: 'advanced',
      help: 'A request that is not answered within this time is sent again: what it held is stored once all the same.'
    }
  }
} as const satisfies NodeSpec
