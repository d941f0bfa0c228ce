import { MqttBroker } from '../../core/mqtt/broker.ts'
import { isSecure, urlProblems } from '../../core/mqtt/settings.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { TLS_UNUSABLE, type TlsOptions } from '../../core/tls.ts'
import { spec } from './spec.ts'

export type BrokerNodeOptions = Options<typeof spec>

/**
 * The server of these options.
 * @throws OptionsError where the address or what depends on it is wrong
 */
export function brokerOf(options: BrokerNodeOptions, tls: TlsOptions | undefined): MqttBroker {
  const problems = urlProblems(options.url).map(problem => `${spec.fields.url.label}: ${problem}`)
  if (problems.length === 0) problems.push(...tlsProblems(options, tls))
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  return new MqttBroker(options, tls ?? {})
}

function tlsProblems(options: BrokerNodeOptions, tls: TlsOptions | undefined): string[] {
  if (options.tls === '') return []
  if (tls === undefined) return [`${spec.fields.tls.label}: ${TLS_UNUSABLE}`]
  const secure = isSecure(new URL(options.url))
  return secure
    ? []
    : [
        `${spec.fields.tls.label}: only counts with mqtts:// or wss://, but the address is ${options.url}`
      ]
}
