import type { OfferedService } from '../../core/node/offered-service.ts'

interface RegistryService extends OfferedService {
  readonly label: string
  /** Where its maker says so. */
  readonly document: string
}

/** By name: where registries have the API of Confluent. */
export const SERVICES = {
  confluent: {
    label: 'Confluent Schema Registry',
    document: 'https://docs.confluent.io/platform/current/schema-registry/develop/api.html',
    settings: { url: 'http://127.0.0.1:8081' },
    note: 'In Confluent Cloud: the endpoint of Stream Governance, with key and secret of an API key for it as user name and password.'
  },
  karapace: {
    label: 'Karapace',
    document: 'https://www.karapace.io/quickstart',
    settings: { url: 'http://127.0.0.1:8081' },
    note: 'The same API. User name and password where it has an auth file.'
  },
  redpanda: {
    label: 'Redpanda',
    document: 'https://docs.redpanda.com/current/manage/schema-reg/schema-reg-api/',
    settings: { url: 'http://127.0.0.1:8081' },
    note: 'Every broker answers for the registry. User name and password where its HTTP login is on.'
  },
  apicurio: {
    label: 'Apicurio Registry',
    document:
      'https://www.apicur.io/registry/docs/apicurio-registry/3.0.x/getting-started/assembly-using-the-registry-client.html',
    settings: { url: 'http://127.0.0.1:8080/apis/ccompat/v7' },
    note: 'Its API that is compatible with Confluent stands at /apis/ccompat/v7. Senders have to write the header of Confluent: a zero and four bytes of an id.'
  }
} as const satisfies Readonly<Record<string, RegistryService>>

export type RegistryServiceName = keyof typeof SERVICES

export const serviceOf = (name: string): RegistryService | undefined =>
  Object.hasOwn(SERVICES, name) ? SERVICES[name as RegistryServiceName] : undefined
