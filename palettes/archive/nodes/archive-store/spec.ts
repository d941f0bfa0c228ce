import type { NodeSpec } from '@millrace/node-red-telemetry'

const s3 = { kind: 's3' } as const
const azure = { kind: 'azure' } as const
const byAddress = { kind: 'azure', login: ['key', 'sas'] } as const

export const spec = {
  type: 'millrace-archive-store',
  label: 'archive store',
  summary: 'Where an archive is: a bucket of S3 or what speaks it, a container of Azure, a folder.',
  category: 'config',
  family: 'archive',
  inputs: 0,
  outputs: [],
  sections: { access: 'Access' },
  fields: {
    kind: {
      kind: 'choice',
      label: 'Kind',
      default: 'folder',
      choices: {
        folder: 'a folder',
        s3: 'S3, or what speaks it',
        azure: 'Azure Blob Storage'
      },
      help: 'S3 is spoken by Amazon, MinIO, Cloudflare R2, Ceph and others. A folder may be a disk that is mounted.'
    },
    folder: {
      kind: 'text',
      label: 'Folder',
      default: 'archive',
      placeholder: '/srv/archive',
      required: true,
      when: { kind: 'folder' },
      help: 'Of the machine that runs Node-RED; a relative one is in its user directory.'
    },
    make: {
      kind: 'bool',
      label: 'Make it where it is missing',
      default: true,
      when: { kind: 'folder' },
      help: 'Leave it off for a disk that is mounted, and name a folder on it: while the disk is not there, the node waits. The place where it is mounted is there without it.'
    },
    bucket: {
      kind: 'text',
      label: 'Bucket',
      default: '',
      required: true,
      pattern: '[^/\\s]+',
      patternHint: 'the name of a bucket, without slashes',
      when: s3,
      help: 'It has to be there.'
    },
    container: {
      kind: 'text',
      label: 'Container',
      default: '',
      required: true,
      pattern: '[^/\\s]+',
      patternHint: 'the name of a container, without slashes',
      when: azure,
      help: 'It has to be there.'
    },
    prefix: {
      kind: 'text',
      label: 'Prefix',
      default: '',
      placeholder: 'plant/',
      pattern: '[^/\\s].{0,149}',
      patternHint: 'a path of at most 150 characters that does not begin with a slash',
      when: { kind: ['s3', 'azure'] },
      help: 'All paths of the archive are below it.'
    },
    endpoint: {
      kind: 'text',
      label: 'Endpoint',
      default: '',
      placeholder: 'that of Amazon',
      pattern: 'https?://[^/?#@\\s]+/?',
      patternHint: 'http:// or https:// and a host, without a path',
      when: s3,
      section: 'access',
      help: 'The address of another server that speaks S3. Empty for Amazon.'
    },
    region: {
      kind: 'text',
      label: 'Region',
      default: 'us-east-1',
      required: true,
      when: s3,
      section: 'access',
      help: 'Of the bucket. MinIO takes any, R2 has auto.'
    },
    pathStyle: {
      kind: 'bool',
      label: 'Bucket in the path',
      default: false,
      when: s3,
      section: 'access',
      help: 'http://host/bucket in place of http://bucket.host, as MinIO and Ceph need it mostly.'
    },
    accessKey: {
      kind: 'secret',
      label: 'Access key',
      default: '',
      when: s3,
      section: 'access',
      help: 'Empty to use what the machine has: a role, a profile, the environment.'
    },
    secretKey: {
      kind: 'secret',
      label: 'Secret key',
      default: '',
      when: s3,
      section: 'access',
      help: 'Is kept with the credentials of the flows, encrypted.'
    },
    sessionToken: {
      kind: 'secret',
      label: 'Session token',
      default: '',
      when: s3,
      section: 'advanced',
      help: 'For keys that hold for a while only.'
    },
    login: {
      kind: 'choice',
      label: 'Login',
      default: 'connection',
      choices: {
        connection: 'connection string',
        key: 'account and key',
        sas: 'shared access signature'
      },
      when: azure,
      section: 'access',
      help: 'A signature for the container needs the rights to read, write, create, list and delete.'
    },
    connectionString: {
      kind: 'secret',
      label: 'Connection string',
      default: '',
      when: { kind: 'azure', login: 'connection' },
      section: 'access',
      help: 'As the portal shows it among the access keys.'
    },
    address: {
      kind: 'text',
      label: 'Address',
      default: '',
      placeholder: 'https://account.blob.core.windows.net',
      required: true,
      pattern: 'https?://[^?#@\\s]+',
      patternHint: 'http:// or https:// and a host',
      when: byAddress,
      section: 'access',
      help: 'Of the blob service of the account.'
    },
    account: {
      kind: 'text',
      label: 'Account',
      default: '',
      required: true,
      when: { kind: 'azure', login: 'key' },
      section: 'access',
      help: 'The name of the storage account.'
    },
    azureKey: {
      kind: 'secret',
      label: 'Key or signature',
      default: '',
      when: byAddress,
      section: 'access',
      help: 'The key of the account, or the signature, which begins with sv=.'
    }
  }
} as const satisfies NodeSpec
