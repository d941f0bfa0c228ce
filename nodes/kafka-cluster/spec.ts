import type { NodeSpec } from '../../core/node/spec.ts'
import { type KafkaServiceName, SERVICES } from './services.ts'

const labels = Object.fromEntries(
  Object.entries(SERVICES).map(([name, { label }]) => [name, label])
) as Record<KafkaServiceName, string>

const login = { sasl: ['plain', 'scram-sha-256', 'scram-sha-512'] } as const
const token = { sasl: 'oauthbearer' } as const
const aws = { sasl: 'aws-iam' } as const

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
    service: {
      kind: 'choice',
      label: 'Kafka is',
      default: 'own',
      choices: { own: 'a cluster of our own', ...labels },
      help: 'Choosing a service fills in what it needs, keeps to what it takes, and uses TLS with the authorities that the system trusts.'
    },
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
      help: 'Empty for a plain connection, or the authorities of the system where a service is chosen. Certificates: the authority to trust, and one for this client where the brokers demand it.'
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
        'scram-sha-512': 'SCRAM-SHA-512',
        oauthbearer: 'OAUTHBEARER, a token',
        'aws-iam': 'AWS IAM (Amazon MSK)'
      },
      help: 'How the brokers know who we are (SASL). PLAIN sends the password as it is: with TLS only.'
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
    },
    tokenUrl: {
      kind: 'text',
      check: 'token-url',
      label: 'Token server',
      section: 'login',
      default: '',
      placeholder: 'https://login.example.org/oauth2/token',
      required: true,
      when: token,
      help: 'Its token endpoint, which is asked for a token with id and secret (client credentials), and again before it expires.'
    },
    tokenClient: {
      kind: 'text',
      label: 'Id',
      section: 'login',
      default: '',
      required: true,
      when: token,
      help: 'The id by which the token server knows this client.'
    },
    tokenSecret: {
      kind: 'secret',
      label: 'Secret',
      section: 'login',
      default: '',
      when: token,
      help: 'Is kept with the credentials of the flows, encrypted, and sent to the token server only.'
    },
    scope: {
      kind: 'text',
      label: 'Scope',
      section: 'login',
      default: '',
      placeholder: 'https://NAMESPACE.servicebus.windows.net/.default',
      when: token,
      help: 'What the token is for, as the token server names it. Empty where it asks for none.'
    },
    extensions: {
      kind: 'text',
      label: 'Beside the token',
      section: 'login',
      default: '',
      placeholder: 'logicalCluster=lkc-1, identityPoolId=pool-1',
      when: token,
      help: 'name=value, several separated by commas, where the brokers want to know more; Confluent Cloud does.'
    },
    region: {
      kind: 'text',
      label: 'Region',
      section: 'login',
      default: '',
      placeholder: 'eu-central-1',
      pattern: '[a-z0-9-]+',
      patternHint: 'such as eu-central-1',
      required: true,
      when: aws,
      help: 'The region that the cluster is in.'
    },
    accessKeyId: {
      kind: 'text',
      label: 'Access key id',
      section: 'login',
      default: '',
      when: aws,
      help: 'Empty for the keys of the environment, or the role of the machine (ECS, EKS, EC2).'
    },
    secretAccessKey: {
      kind: 'secret',
      label: 'Secret access key',
      section: 'login',
      default: '',
      when: aws,
      help: 'Is kept with the credentials of the flows, encrypted.'
    }
  }
} as const satisfies NodeSpec
