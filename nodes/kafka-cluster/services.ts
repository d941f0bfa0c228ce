import type { Compression } from '../../core/kafka/compression.ts'
import type { OfferedService } from '../../core/node/offered-service.ts'

/** What a Kafka that somebody else runs needs and refuses. */
export interface KafkaService extends OfferedService {
  readonly label: string
  /** Where its maker says so. */
  readonly document: string
  readonly requestTimeoutMs?: number
  readonly compressions?: readonly Compression[]
}

/** By name. All of them want TLS, with certificates that the system trusts. */
export const SERVICES = {
  confluent: {
    label: 'Confluent Cloud',
    document: 'https://docs.confluent.io/cloud/current/client-apps/config-client.html',
    settings: {
      brokers: '',
      sasl: 'plain'
    },
    note: 'Brokers: the bootstrap server of the cluster, port 9092. User name and password: key and secret of an API key of this cluster.'
  },
  'event-hubs': {
    label: 'Azure Event Hubs',
    document: 'https://learn.microsoft.com/azure/event-hubs/azure-event-hubs-apache-kafka-overview',
    settings: {
      brokers: '',
      sasl: 'plain',
      username: '$ConnectionString'
    },
    note: 'Brokers: NAMESPACE.servicebus.windows.net:9093, of the tier Standard or higher. Password: the whole connection string of the namespace. Topics are event hubs; gzip is the only compression.',
    // It closes what has been idle, and may take long; its document asks for more than 20 s.
    requestTimeoutMs: 60_000,
    compressions: ['none', 'gzip']
  },
  redpanda: {
    label: 'Redpanda Cloud',
    document: 'https://docs.redpanda.com/redpanda-cloud/develop/kafka-clients/',
    settings: {
      brokers: '',
      sasl: 'scram-sha-256'
    },
    note: 'Brokers: the bootstrap server of the cluster, port 9092. User name and password: those of a user made in its security settings.'
  },
  'msk-iam': {
    label: 'Amazon MSK, by IAM',
    document: 'https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html',
    settings: {
      brokers: '',
      sasl: 'aws-iam'
    },
    note: 'Brokers: the bootstrap servers for IAM, port 9098 (9198 from outside the VPC). Without keys in the dialog, those of the environment or the role of the machine count.'
  },
  'msk-scram': {
    label: 'Amazon MSK, by password',
    document: 'https://docs.aws.amazon.com/msk/latest/developerguide/msk-password.html',
    settings: {
      brokers: '',
      sasl: 'scram-sha-512'
    },
    note: 'Brokers: the bootstrap servers for SASL/SCRAM, port 9096 (9196 from outside the VPC). User name and password: those of the secret in Secrets Manager.'
  }
} as const satisfies Readonly<Record<string, KafkaService>>

export type KafkaServiceName = keyof typeof SERVICES

export const serviceOf = (name: string): KafkaService | undefined =>
  Object.hasOwn(SERVICES, name) ? SERVICES[name as KafkaServiceName] : undefined
