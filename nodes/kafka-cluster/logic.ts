import { reasonOf } from '../../core/errors.ts'
import { type ClusterSettings, parseBrokers } from '../../core/kafka/settings.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { TLS_UNUSABLE, type TlsOptions } from '../../core/tls.ts'
import { spec } from './spec.ts'

export type ClusterOptions = Options<typeof spec>

/**
 * The settings of these options.
 * @throws OptionsError that lists all that is wrong
 */
export function settingsOf(options: ClusterOptions, tls: TlsOptions | undefined): ClusterSettings {
  const problems: string[] = []
  let brokers: string[] = []
  try {
    brokers = parseBrokers(options.brokers)
  } catch (error) {
    problems.push(reasonOf(error))
  }
  if (options.tls !== '' && tls === undefined)
    problems.push(`${spec.fields.tls.label}: ${TLS_UNUSABLE}`)
  if (options.sasl !== 'none' && options.password === '')
    problems.push(`${spec.fields.password.label}: is required`)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const { clientId, sasl, username, password } = options
  return {
    brokers,
    clientId,
    ...(tls ? { tls } : {}),
    ...(sasl === 'none' ? {} : { sasl: { mechanism: sasl, username, password } })
  }
}
