import type { KafkaConfig } from 'kafkajs'
import type { ClusterSettings } from '../settings.ts'

type Sasl = NonNullable<KafkaConfig['sasl']>

/**
 * A login as kafkajs asks for it. It asks for a token at each connection, and again before the
 * session that the broker has allowed is over.
 */
export function saslOf(login: NonNullable<ClusterSettings['sasl']>): Sasl {
  if (login.mechanism !== 'oauthbearer') return login as Sasl
  return {
    mechanism: 'oauthbearer',
    oauthBearerProvider: async () => ({
      value: await login.token(),
      ...(Object.keys(login.extensions).length > 0 ? { extensions: login.extensions } : {})
    })
  } as Sasl
}
