import type { NodeSpec } from '../../core/node/spec.ts'

const login = { sasl: ['plain', 'scram-sha-256', 'scram-sha-512'] } as const

export const spec = {
  type: 'millrace-kafka-cluster',
  label: 'kafka cluster',
  summary: 'How to reach a Kafka cluster: brokers, TLS and login.',
  category: 'config',
  family: 'kafka',
  inputs: 0,
  outputs: [],
  sections: { login: 'Login and certificates' },
  fields: {
    brokers: {
      kind: 'text',
      check: 'brokers',
      as: 'brokers',
      label: 'Brokers',
      default: '127.0.0.1:19092',
      placeholder: 'kafka-1:9092, kafka-2:9092',
      required: true,
      help: 'host:port, several separated by commas; the others are learned from these. The default is the broker of npm start.'
    },
    clientId: {
      kind: 'text',
      label: 'Client id',
      harmless: true,
      default: 'millrace',
      required: true,
      pattern: '[a-zA-Z0-9._-]+',
      patternHint: 'of letters, digits, dot, underscore and hyphen',
      help: 'The name that the brokers show in their logs, metrics and quotas.'
    },
    tls: {
      kind: 'ref',
      label: 'TLS',
      section: 'login',
      default: '',
      type: 'tls-config',
      optional: true,
      help: 'Empty for a plain connection. Certificates: the authority to trust, and one for this client where the brokers demand it.'
    },
    sasl: {
      kind: 'choice',
      label: 'Login',
      section: 'login',
      default: 'none',
      choices: {
        none: 'none',
        plain: 'PLAIN',
        'scram-sha-256': 'SCRAM-SHA-256',
        'scram-sha-512': 'SCRAM-SHA-512'
      },
      help: 'How the brokers check user name and password (SASL). PLAIN sends the password as it is: with TLS only.'
    },
    username: {
      kind: 'text',
      label: 'User name',
      section: 'login',
      default: '',
      required: true,
      when: login,
      help: 'The user that the brokers know.'
    },
    password: {
      kind: 'secret',
      label: 'Password',
      section: 'login',
      default: '',
      when: login,
      help: 'Is kept with the credentials of the flows, encrypted.'
    }
  }
} as const satisfies NodeSpec
