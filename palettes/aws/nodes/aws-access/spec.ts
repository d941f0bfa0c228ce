import type { NodeSpec } from '@millrace/node-red-telemetry'

export const spec = {
  type: 'millrace-aws-access',
  label: 'aws access',
  summary: 'How to reach AWS: region, credentials, a role, an endpoint of its own.',
  category: 'config',
  family: 'aws',
  inputs: 0,
  outputs: [],
  sections: { access: 'Credentials', role: 'Role' },
  fields: {
    region: {
      kind: 'text',
      label: 'Region',
      default: 'eu-central-1',
      placeholder: 'eu-central-1',
      required: true,
      pattern: '[a-z0-9-]+',
      patternHint: 'the name of a region, such as eu-central-1',
      help: 'Where the streams are.'
    },
    login: {
      kind: 'choice',
      label: 'Credentials',
      default: 'keys',
      choices: {
        keys: 'an access key',
        chain: 'those of this machine'
      },
      section: 'access',
      help: 'Those of the machine are looked for where all tools of AWS do: variables of the environment, files of the user, the role of the container or virtual machine.'
    },
    accessKeyId: {
      kind: 'secret',
      label: 'Access key id',
      default: '',
      section: 'access',
      when: { login: 'keys' },
      help: 'Begins with AKIA, or with ASIA where it needs a session token.'
    },
    secretAccessKey: {
      kind: 'secret',
      label: 'Secret access key',
      default: '',
      section: 'access',
      when: { login: 'keys' },
      help: 'Is kept with the credentials of the flows, encrypted.'
    },
    sessionToken: {
      kind: 'secret',
      label: 'Session token',
      default: '',
      section: 'access',
      when: { login: 'keys' },
      help: 'Only for temporary keys, which end within hours. Empty for none.'
    },
    roleArn: {
      kind: 'text',
      label: 'Role',
      default: '',
      placeholder: 'arn:aws:iam::123456789012:role/millrace',
      pattern: '(arn:[^\\s]+:role/[^\\s]+)?',
      patternHint: 'the ARN of a role, such as arn:aws:iam::123456789012:role/millrace',
      section: 'role',
      help: 'A role that is taken on with these credentials, also of another account. Its keys are renewed before they end. Empty for none.'
    },
    externalId: {
      kind: 'text',
      label: 'External id',
      default: '',
      section: 'role',
      help: 'Where the owner of the role asks for one.'
    },
    endpoint: {
      kind: 'text',
      label: 'Endpoint',
      default: '',
      placeholder: 'https://vpce-0123.kinesis.eu-central-1.vpce.amazonaws.com',
      section: 'advanced',
      help: 'An address of its own. One of AWS, such as a VPC endpoint, is of Kinesis alone; another one, such as a local server, is of all services. Empty for those of AWS.'
    },
    tableEndpoint: {
      kind: 'text',
      label: 'Endpoint of DynamoDB',
      default: '',
      placeholder: 'https://dynamodb.eu-central-1.amazonaws.com',
      section: 'advanced',
      help: 'An address of its own for DynamoDB, which holds how far a stream is read. Empty for that of AWS, or of the local server above.'
    },
    stsEndpoint: {
      kind: 'text',
      label: 'Endpoint of STS',
      default: '',
      placeholder: 'https://sts.eu-central-1.amazonaws.com',
      section: 'advanced',
      help: 'An address of its own for STS, which gives the keys of a role. Empty for that of AWS, or of the local server above.'
    }
  }
} as const satisfies NodeSpec
