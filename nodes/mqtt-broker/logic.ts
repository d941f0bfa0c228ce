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
  const problems = addressProblems(options)
  if (problems.length === 0) problems.push(...tlsProblems(options, tls))
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  return new MqttBroker(options, tls ?? {})
}

function addressProblems({ url, others }: BrokerNodeOptions): string[] {
  const { fields } = spec
  return [
    ...urlProblems(url).map(problem => `${fields.url.label}: ${problem}`),
    ...others.flatMap((other, row) =>
      urlProblems(other.url).map(problem => `${fields.others.label}, row ${row + 1}: ${problem}`)
    )
  ]
}

function tlsProblems(options: BrokerNodeOptions, tls: TlsOptions | undefined): string[] {
  if (options.tls === '') return []
  if (tls === undefined) return [`${spec.fields.tls.label}: ${TLS_UNUSABLE}`]
  const secure = [options, ...options.others].some(({ url }) => isSecure(new URL(url)))
  return secure
    ? []
    : [
        `${spec.fields.tls.label}: only counts with mqtts:// or wss://, but the address is ${options.url}`
      ]
}
