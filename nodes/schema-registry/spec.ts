import type { NodeSpec } from '../../core/node/spec.ts'
import { SERVICES } from './services.ts'

export const spec = {
  type: 'millrace-schema-registry',
  label: 'schema registry',
  summary: 'How to reach a schema registry: address, login, TLS.',
  category: 'config',
  family: 'kafka',
  inputs: 0,
  outputs: [],
  sections: { login: 'Login and certificates' },
  fields: {
    service: {
      kind: 'choice',
      label: 'Registry is',
      harmless: true,
      default: 'confluent',
      choices: {
        confluent: SERVICES.confluent.label,
        karapace: SERVICES.karapace.label,
        redpanda: SERVICES.redpanda.label,
        apicurio: SERVICES.apicurio.label
      },
      help: 'Choosing it fills in the address that it usually has, and says what it wants.'
    },
    url: {
      kind: 'text',
      label: 'URL',
      default: 'http://127.0.0.1:8081',
      placeholder: '${REGISTRY_URL}',
      required: true,
      check: 'http-url',
      help: 'http:// or https://, host and port, with the path of the API where it has one.'
    },
    username: {
      kind: 'text',
      label: 'User name',
      section: 'login',
      default: '',
      help: 'Or the key of an API key. Empty where the registry asks for none.'
    },
    password: {
      kind: 'secret',
      label: 'Password',
      section: 'login',
      default: '',
      help: 'Or the secret of an API key. Is kept with the credentials of the flows, encrypted.'
    },
    token: {
      kind: 'secret',
      label: 'Token',
      section: 'login',
      default: '',
      help: 'Is sent as a bearer token, and goes before user name and password.'
    },
    tls: {
      kind: 'ref',
      label: 'TLS',
      section: 'login',
      default: '',
      type: 'tls-config',
      optional: true,
      help: 'The authority to trust with https://, and a certificate for this client where the registry demands it. Empty for the authorities of the system.'
    },
    timeoutS: {
      kind: 'number',
      label: 'Answer within',
      harmless: true,
      default: 10,
      min: 1,
      max: 600,
      unit: 's',
      section: 'advanced',
      help: 'A question that is not answered within this time is asked again.'
    }
  }
} as const satisfies NodeSpec
