import type { DynamoDB } from '@aws-sdk/client-dynamodb'
import type { Kinesis, KinesisClientConfig } from '@aws-sdk/client-kinesis'

/** How a Node-RED says who it is. */
export type Login = 'keys' | 'chain'

export interface AccessSettings {
  readonly region: string
  /** Of Kinesis, and of all services where it is none of AWS; empty for those of AWS. */
  readonly endpoint: string
  /** Of DynamoDB alone. */
  readonly tableEndpoint: string
  /** Of STS alone, which gives the keys of a role. */
  readonly stsEndpoint: string
  readonly login: Login
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** A role to take on; empty for none. */
  readonly roleArn: string
  readonly externalId: string
}

const CONNECT_MS = 3_000
/** An answer may bring 10 MB. */
const ANSWER_MS = 20_000
/** Two at a time and shard are more than Kinesis allows. */
const MAX_SOCKETS = 50

/** STS answers in a few lines. */
const STS_MS = 5_000

/** Addresses of AWS, such as VPC endpoints: each is of one service. */
const OF_AWS = /\.(amazonaws\.com(\.cn)?|api\.aws)$/

/** Where each service is asked; empty for the address that AWS has for it. */
export function endpointsOf({
  endpoint,
  tableEndpoint,
  stsEndpoint
}: Pick<AccessSettings, 'endpoint' | 'tableEndpoint' | 'stsEndpoint'>) {
  const ofAll = endpoint !== '' && OF_AWS.test(new URL(endpoint).hostname) ? '' : endpoint
  return { kinesis: endpoint, tables: tableEndpoint || ofAll, sts: stsEndpoint || ofAll }
}

/** What clients of AWS have alike. */
type ClientConfig = Pick<
  KinesisClientConfig,
  'region' | 'endpoint' | 'credentials' | 'requestHandler' | 'maxAttempts'
>

/** What the node "aws access" gives to those that use it; each has clients of its own. */
export class AwsAccess {
  /** @param stsMs so long STS has for an answer */
  constructor(
    readonly settings: AccessSettings,
    private readonly stsMs = STS_MS
  ) {}

  /** For sentences: the region, and the endpoint where it is an own one. */
  get where(): string {
    const { region, endpoint } = this.settings
    return endpoint === '' ? region : `${region}, ${new URL(endpoint).host}`
  }

  async kinesis(): Promise<Kinesis> {
    const { Kinesis: Client } = await import('@aws-sdk/client-kinesis')
    return new Client(await this.#config(endpointsOf(this.settings).kinesis))
  }

  async tables(): Promise<DynamoDB> {
    const { DynamoDB: Client } = await import('@aws-sdk/client-dynamodb')
    return new Client(await this.#config(endpointsOf(this.settings).tables))
  }

  async #config(endpoint: string): Promise<ClientConfig> {
    const { NodeHttpHandler } = await import('@smithy/node-http-handler')
    const { region } = this.settings
    const credentials = await this.#credentials()
    return {
      region,
      // Whoever asks tries again by itself, and shows it.
      maxAttempts: 2,
      requestHandler: new NodeHttpHandler({
        connectionTimeout: CONNECT_MS,
        requestTimeout: ANSWER_MS,
        throwOnRequestTimeout: true,
        httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
        httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS }
      }),
      ...(endpoint === '' ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials })
    }
  }

  /** Undefined for the chain of the machine: variables, files of the user, role of the machine. */
  async #credentials(): Promise<ClientConfig['credentials']> {
    const { login, roleArn, externalId } = this.settings
    const keys = login === 'keys' ? this.#keys() : undefined
    if (roleArn === '') return keys
    const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
    return fromTemporaryCredentials({
      ...(keys === undefined ? {} : { masterCredentials: keys }),
      params: {
        RoleArn: roleArn,
        RoleSessionName: 'millrace',
        ...(externalId === '' ? {} : { ExternalId: externalId })
      },
      clientConfig: await this.#stsConfig()
    })
  }

  /** Nobody else closes its connections. */
  async #stsConfig() {
    const { NodeHttpHandler } = await import('@smithy/node-http-handler')
    const { sts } = endpointsOf(this.settings)
    return {
      region: this.settings.region,
      maxAttempts: 2,
      requestHandler: new NodeHttpHandler({
        connectionTimeout: Math.min(CONNECT_MS, this.stsMs),
        requestTimeout: this.stsMs,
        throwOnRequestTimeout: true,
        httpAgent: { keepAlive: false },
        httpsAgent: { keepAlive: false }
      }),
      ...(sts === '' ? {} : { endpoint: sts })
    }
  }

  #keys() {
    const { accessKeyId, secretAccessKey, sessionToken } = this.settings
    return { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) }
  }
}

/** A stream as requests name it: by its name, or by its ARN where it is of another account. */
export const streamOf = (text: string): { StreamName: string } | { StreamARN: string } =>
  text.startsWith('arn:') ? { StreamARN: text } : { StreamName: text }
